"""Layout of LLVIP: pairs of JPEGs, mostly by night, and boxes of people in VOC XML."""

from collections.abc import Iterable, Mapping
from xml.etree import ElementTree

from twinband.world.render import Box
from twinband.world.truth import WrittenPair, write_facts, write_truth
from twinband.world.write import ForEach, Job, whole_pixels, write_bytes, write_jpeg

PLACES = 20
TEST_EVERY = 4  # one place in four is for testing
HOURS = ("night", "dusk", "night", "dusk", "day")
LEAST_AREA_PX = 24  # of a person that somebody would annotate
CORNERS = ("xmin", "ymin", "xmax", "ymax")


def write_all(job: Job, for_each: ForEach) -> None:
    """Write ``visible/``, ``infrared/`` and ``Annotations/``."""
    write_facts(job, for_each(write_pair, range(job.count)))


def write_pair(job: Job, index: int) -> WrittenPair:
    """Write two images and the boxes of the people in them."""
    name, split = name_of(index), split_of(index)
    rendered = job.render(index, HOURS[index % len(HOURS)])
    write_jpeg(job.root / f"visible/{split}/{name}.jpg", rendered.rgb)
    write_jpeg(job.root / f"infrared/{split}/{name}.jpg", rendered.thermal)
    people = [b for b in rendered.boxes if b.name == "person" and b.area >= LEAST_AREA_PX]
    write_bytes(job.root / f"Annotations/{name}.xml", annotation(job, name, people))
    return write_truth(job, name, rendered)


def name_of(index: int) -> str:
    """Name a pair by two digits of the place and four of the picture taken there, both from 1."""
    return f"{index % PLACES + 1:02d}{index // PLACES + 1:04d}"


def split_of(index: int) -> str:
    """Choose the split by the place: a whole place is in one split."""
    return "test" if index % PLACES % TEST_EVERY == TEST_EVERY - 1 else "train"


def annotation(job: Job, name: str, people: Iterable[Box]) -> bytes:
    """Write VOC XML as labelImg does, the corners 0-based and half-open."""
    top = ElementTree.Element("annotation")
    _texts(top, {"folder": "visible", "filename": f"{name}.jpg"})
    _texts(ElementTree.SubElement(top, "source"), {"database": "Unknown"})
    size = {"width": job.width, "height": job.height, "depth": 3}
    _texts(ElementTree.SubElement(top, "size"), size)
    _texts(top, {"segmented": 0})
    for person in people:
        corners = whole_pixels(person)
        texts = {"name": "person", "pose": "Unspecified", "truncated": _cut(job, corners)}
        item = ElementTree.SubElement(top, "object")
        _texts(item, {**texts, "difficult": 0})
        _texts(ElementTree.SubElement(item, "bndbox"), dict(zip(CORNERS, corners, strict=True)))
    ElementTree.indent(top, "\t")
    return ElementTree.tostring(top) + b"\n"


def _texts(parent: ElementTree.Element, texts: Mapping[str, object]) -> None:
    for tag, text in texts.items():
        ElementTree.SubElement(parent, tag).text = str(text)


def _cut(job: Job, corners: tuple[int, int, int, int]) -> int:
    x1, y1, x2, y2 = corners
    return int(x1 <= 0 or y1 <= 0 or x2 >= job.width or y2 >= job.height)
