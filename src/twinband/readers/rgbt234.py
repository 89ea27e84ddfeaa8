"""Reader of RGBT234 (Li et al., 2019): tracking sequences, a box of one target in each image."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from twinband.core.errors import BadSample
from twinband.ingest.files import Files, natural_order
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label, Problem, folder_stem_suffix
from twinband.ingest.layout import Layout as BaseLayout

FIELDS = {"visible": "rgb", "infrared": "thermal"}
TRACKS = {"visible.txt": "target_rgb", "infrared.txt": "target_thermal"}


class Layout(BaseLayout):
    """Frames are paired by their position in the sequence: their names differ by modality.

    A box is stored as ``[x1, y1, x2, y2]``, in pixels as written, also where a target is partly
    beyond the border; without area or with NaN it is out of sight, and the box is left out.
    """

    expects = (
        "SEQUENCE/visible/*.jpg with SEQUENCE/infrared/*.jpg, paired in order of name; "
        "optional: SEQUENCE/visible.txt and SEQUENCE/infrared.txt with x, y, w, h a line"
    )
    published: ClassVar = {"RGBT234": 234}
    published_unit = "sequences"

    def __init__(self, files: Files, options: object) -> None:
        super().__init__(files, options)
        self._lines: dict[str, list[str]] = {}

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        frames: dict[str, dict[str, list[str]]] = {}
        tracks: dict[str, dict[str, str]] = {}
        for path in paths:
            folder, _, suffix = folder_stem_suffix(path)
            sequence, _, modality = folder.rpartition("/")
            one_level = bool(sequence) and "/" not in sequence
            if modality in FIELDS and suffix in IMAGE_SUFFIXES and one_level:
                fields = frames.setdefault(sequence, {field: [] for field in FIELDS.values()})
                fields[FIELDS[modality]].append(path)
            elif (label := TRACKS.get(path.removeprefix(f"{folder}/"))) is not None:
                tracks.setdefault(folder, {})[label] = path
        for sequence, fields in frames.items():
            yield from _paired(sequence, fields, tracks.get(sequence, {}))

    def label(self, name: str, entry: Entry) -> Label | None:
        return self._box(entry.files[name], entry.frame)

    def _box(self, path: str, frame: int) -> list[float] | None:
        if path not in self._lines:
            self._lines[path] = self.files.text(path).rstrip().splitlines()
        lines = self._lines[path]
        return parse_box(lines[frame], f"{path}, line {frame + 1}") if frame < len(lines) else None


def parse_box(line: str, where: str) -> list[float] | None:
    """Parse ``x, y, w, h`` with any delimiter to ``[x1, y1, x2, y2]``.

    A delimiter may end the line too. A target out of sight, which has no area or NaN for a
    number, is None.

    Raises:
        BadSample: ``bad_label`` if these are not four numbers.
    """
    try:
        x, y, width, height = map(float, re.findall(r"[^,;\s]+", line))
    except ValueError:
        raise BadSample("bad_label", f"{where}: {line!r} is not x, y, w, h") from None
    if any(map(math.isnan, (x, y, width, height))):
        return None
    if not all(map(math.isfinite, (x, y, x + width, y + height))):
        raise BadSample("bad_label", f"{where}: {line!r} is not x, y, w, h")
    return [x, y, x + width, y + height] if width > 0 and height > 0 else None


def _paired(
    sequence: str, fields: Mapping[str, list[str]], tracks: Mapping[str, str]
) -> Iterator[Entry | Problem]:
    ordered = {field: sorted(paths, key=natural_order) for field, paths in fields.items()}
    counts = {field: len(paths) for field, paths in ordered.items()}
    for frame in range(max(counts.values())):
        name = f"{sequence}/{frame:06d}"
        files = {field: paths[frame] for field, paths in ordered.items() if frame < len(paths)}
        if len(files) == len(ordered):
            yield Entry(name, {**files, **tracks}, group=sequence, frame=frame)
        else:
            detail = (
                f"{', '.join(files.values())}: sequence {sequence} has {counts['rgb']} frames in "
                f"visible and {counts['thermal']} in infrared; those beyond the shorter are left"
            )
            yield Problem(name, files, "missing_partner", detail)
