"""The corpus: datasets with one hostile thing each, in a layout that reads it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.made.hostile.archives import archives, write_archive
from tests.made.hostile.folders import folders
from tests.made.hostile.images import hostile_images
from tests.made.hostile.texts import annotations, attributes, lists, tracks
from tests.made.raw_pairs import encoded, scene, write, write_pair

PATTERNS = {"rgb": "rgb/*.png", "thermal": "thermal/*.png"}


@dataclass(frozen=True, slots=True)
class Case:
    """A dataset that ``build`` makes below a folder, returning its root."""

    name: str
    reader: str
    options: Mapping[str, str]
    build: Callable[[Path], Path]


def cases() -> Iterator[Case]:
    """Make the whole corpus, in a fixed order."""
    for name, data in hostile_images().items():
        yield Case(f"image/{name}", "roadscene", {}, partial(_image, name, data))
    for name, data in annotations().items():
        yield Case(f"annotation/{name}", "llvip", {}, partial(_annotation, data))
    for name, data in lists().items():
        options = {**PATTERNS, "split_files": "{split}.txt"}
        yield Case(f"list/{name}", "paired_folders", options, partial(_beside, "test.txt", data))
    for name, data in attributes().items():
        build = partial(_beside, "attributes.csv", data)
        yield Case(f"attributes/{name}", "paired_folders", PATTERNS, build)
    for name, data in tracks().items():
        yield Case(f"track/{name}", "rgbt234", {}, partial(_track, data))
    for name, data in archives().items():
        yield Case(f"tar/{name}", "roadscene", {}, partial(_archive, data))
    for name, make in folders().items():
        yield Case(f"folder/{name}", "roadscene", {}, partial(_folder, make))


def _image(name: str, data: bytes, folder: Path) -> Path:
    write_pair(folder, "good", 1)
    stem, _, suffix = name.rpartition(".")
    write_hostile_pairs(folder, stem, suffix, data)
    return folder


def write_hostile_pairs(root: Path, stem: str, suffix: str, data: bytes) -> None:
    """Write a hostile RGB image beside a good thermal one, and the other way round."""
    for name, hostile, good, pixels in (
        (f"{stem}-rgb", "crop_LR_visible", "cropinfrared", scene(2)[1]),
        (f"{stem}-thermal", "cropinfrared", "crop_LR_visible", scene(3)[0]),
    ):
        write(root / hostile / f"{name}.{suffix}", data)
        write(root / good / f"{name}.jpg", encoded(pixels))


def _annotation(data: bytes, folder: Path) -> Path:
    for number, name in enumerate(("good", "bad")):
        rgb, thermal = scene(number)
        write(folder / "visible/train" / f"{name}.jpg", encoded(rgb))
        write(folder / "infrared/train" / f"{name}.jpg", encoded(thermal))
    write(folder / "Annotations/bad.xml", data)
    return folder


def _beside(name: str, data: bytes, folder: Path) -> Path:
    rgb, thermal = scene(1)
    write(folder / "rgb/good.png", encoded(rgb, ".png"))
    write(folder / "thermal/good.png", encoded(thermal, ".png"))
    write(folder / name, data)
    return folder


def _track(data: bytes, folder: Path) -> Path:
    rgb, thermal = scene(1)
    write(folder / "walk/visible/1.jpg", encoded(rgb))
    write(folder / "walk/infrared/1.jpg", encoded(thermal))
    write(folder / "walk/visible.txt", data)
    return folder


def _archive(data: bytes, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return write_archive(folder, data)


def _folder(make: Callable[[Path], object], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    make(folder)
    return folder
