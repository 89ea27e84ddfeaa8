"""Boxes in YOLO's text files: an object a line, in shares of the image's width and height.

``class x y w h`` is a box by its centre, ``class x1 y1 … x4 y4`` a turned one, and more corners
(or three) are a polygon.
"""

from collections.abc import Sequence

from twinband.core.errors import MALFORMED
from twinband.ingest.label_forms.boxes import Boxes, described, enclosed
from twinband.ingest.label_forms.text import decoded_text

HORIZONTAL = (4, 5)  # numbers after the class; a fifth is the score of a prediction
LEAST_OUTLINE = 6


def read_yolo(data: bytes, path: str, classes: Sequence[str]) -> Boxes:
    """Read the objects of one image; lines that cannot be read are told and left out.

    Args:
        data: the file's bytes; an empty file says that there is no object.
        path: for messages.
        classes: names by id; an id beyond them is kept as text.
    """
    boxes = Boxes(path, relative=True)
    for number, line in enumerate(decoded_text(data).splitlines(), 1):
        words = line.replace(",", " ").split()
        if not words:
            continue
        try:
            boxes.objects.append(_object(words, classes))
        except MALFORMED as error:
            boxes.unusable.append(f"line {number}: {error}")
    return boxes


def _object(words: Sequence[str], classes: Sequence[str]) -> dict[str, object]:
    identity, values = float(words[0]), [float(word) for word in words[1:]]
    if identity < 0 or not identity.is_integer():
        raise ValueError(f"{words[0]!r} is no id of a class")
    number = int(identity)
    name = classes[number] if number < len(classes) else str(number)
    if len(values) in HORIZONTAL:
        x, y, width, height = values[:4]
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        return described(name, box, False)
    if len(values) < LEAST_OUTLINE or len(values) % 2:
        raise ValueError(f"{len(values)} numbers after the class; 4, or pairs of x and y")
    points = [[x, y] for x, y in zip(values[::2], values[1::2], strict=True)]
    return enclosed(name, points, False)
