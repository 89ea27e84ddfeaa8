"""Boxes in KAIST's text, version 3 of the form bbGt: ``% bbGt version=3``, then an object a line.

A line is ``label x y w h occ vx vy vw vh ign ang``: the box, how much of it is hidden (0 nothing,
1 a part, 2 most), the box of what is seen, whether to ignore it, and an angle. KAIST-paired has
fewer fields. Toolboxes of MATLAB, which counts from 1, wrote these files.
"""

import math
from collections.abc import Sequence
from typing import Any

from twinband.core.errors import MALFORMED, BadSample
from twinband.ingest.label_forms.boxes import Boxes, described
from twinband.ingest.label_forms.text import decoded_text

HEADER = "%"
# A group, a doubtful person, or one on wheels: KAIST's protocol neither rewards nor punishes them.
IGNORED_LABELS = frozenset({"people", "person?", "person?a", "cyclist"})
BOX, OCCLUSION, IGNORE = 4, 4, 9  # numbers of a box, and places of others behind the label


def read_kaist(data: bytes, path: str, one_based: bool) -> Boxes:
    """Read the objects of one image; lines that cannot be read are told and left out.

    An object is ``difficult`` if the file says to ignore it or its label is one of those that the
    protocol ignores; ``occlusion`` is kept where it is stated.

    Args:
        data: the file's bytes; none but the header says that there is no object.
        path: for messages.
        one_based: the first pixel is 1; otherwise numbers are kept as written.

    Raises:
        BadSample: ``bad_label`` if there are lines, but not one can be read.
    """
    boxes = Boxes(path)
    for number, line in enumerate(decoded_text(data).splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith(HEADER):
            continue
        try:
            boxes.objects.append(_object(words, one_based))
        except MALFORMED as error:
            boxes.unusable.append(f"line {number}: {error}")
    if boxes.unusable and not boxes.objects:
        raise BadSample("bad_label", f"{path}: no text of KAIST: {boxes.unusable[0]}")
    return boxes


def is_ignored(label: str) -> bool:
    """Tell if KAIST's protocol ignores objects of this label."""
    return label in IGNORED_LABELS


def _object(words: Sequence[str], one_based: bool) -> dict[str, Any]:
    start = next((place for place, word in enumerate(words) if _is_number(word)), len(words))
    name, values = " ".join(words[:start]), [float(word) for word in words[start:]]
    if not name:
        raise ValueError(f"it begins with {words[0]!r}, not with a label")
    if len(values) < BOX or not all(map(math.isfinite, values)):
        raise ValueError(f"{name} is not followed by finite x, y, w, h")
    x, y, width, height = values[:BOX]
    if one_based:
        x, y = x - 1, y - 1
    ignored = is_ignored(name) or (len(values) > IGNORE and values[IGNORE] == 1)
    item = described(name, (x, y, x + width, y + height), ignored)
    return {**item, "occlusion": int(values[OCCLUSION])} if len(values) > OCCLUSION else item


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
