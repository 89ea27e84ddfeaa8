"""The images that a command is given: files, folders, or a registered dataset."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import typer
from numpy.typing import NDArray

from twinband.cli import UsageError
from twinband.commands._thermal_levels import grey_thermal
from twinband.commands._turned import orientation_remark
from twinband.core import images
from twinband.core.errors import BadSample, InputError
from twinband.core.outside import LIMITS, read_file
from twinband.core.thermal import ThermalLevels
from twinband.ingest.files import natural_order
from twinband.ingest.layout import IMAGE_SUFFIXES
from twinband.shards.product import read_manifest
from twinband.shards.read import Dataset, open_products
from twinband.shards.registered import registered_pair

DATA = Path("data")
MODALITIES = ("rgb", "thermal")
SHOWN = 5  # names in a message
Pixels = Mapping[str, NDArray[np.uint8]]  # H,W,3 RGB and H,W thermal, by modality


@dataclass(frozen=True, slots=True)
class Sample:
    """An image, or a pair, that is read when it is its turn.

    Attributes:
        name: what it is called in the table.
        read: reads the images; raises InputError.
        files: that it is read from, if they are not the project's own.
    """

    name: str
    read: Callable[[], Pixels]
    files: tuple[Path, ...] = ()


def samples_of_files(
    rgb: Sequence[Path], thermal: Sequence[Path], levels: ThermalLevels
) -> list[Sample]:
    """List images in files and folders; if there are both kinds, a pair for each name.

    Args:
        rgb: RGB files, and folders of such.
        thermal: as ``rgb``; a pair's images have one name: that of the file without suffix, of one
            in a folder its way there too.
        levels: counts of thermal images that become black and white.

    Raises:
        InputError: a file or folder is not there, or a folder has no images.
        UsageError: two images of one name, or an image of a pair is missing.
    """
    found = {
        modality: _named(paths)
        for modality, paths in zip(MODALITIES, (rgb, thermal), strict=True)
        if paths
    }
    if len(found) == 2:
        for modality, other in (MODALITIES, MODALITIES[::-1]):
            if alone := [name for name in found[modality] if name not in found[other]]:
                raise UsageError(
                    f"{len(alone)} {modality} images have no {other} image of their name "
                    f"({', '.join(alone[:SHOWN])}); give them apart"
                )
    names = next(iter(found.values()), {})
    return [
        _of_files(name, {modality: files[name] for modality, files in found.items()}, levels)
        for name in sorted(names, key=natural_order)
    ]


def pair_of_files(rgb: Path, thermal: Path, levels: ThermalLevels) -> Sample:
    """Take two files as a pair, called as the first, whatever the other's name."""
    return _of_files(rgb.stem, {"rgb": rgb, "thermal": thermal}, levels)


def samples_of_dataset(dataset: str, modality: str) -> list[Sample]:
    """List the registered pairs of a dataset, without those that registration dropped.

    Args:
        modality: ``rgb``, ``thermal`` or ``both``; a thermal image that counts as absent is left
            out, and with ``thermal`` its pair.

    Raises:
        InputError: the products are not there, or do not fit together.
    """
    folders = {product: DATA / product / dataset for product in ("pairs", "registered")}
    rows = read_manifest(folders["registered"], ["key", "status", "thermal_present"]).to_pylist()
    kept = {row["key"]: row["thermal_present"] for row in rows if row["status"] == "ok"}
    pairs = open_products(folders, kept)
    names = pairs.column("pairs", "name").to_pylist()
    wanted = MODALITIES if modality == "both" else (modality,)
    samples = []
    for row, (key, name) in enumerate(zip(pairs.keys, names, strict=True)):
        there = [each for each in wanted if each == "rgb" or kept[key]]
        if there:
            samples.append(Sample(name, partial(_of_pair, pairs, row, there)))
    return samples


def _of_files(name: str, files: Mapping[str, Path], levels: ThermalLevels) -> Sample:
    return Sample(name, partial(_read, files, levels), tuple(files.values()))


def _named(paths: Sequence[Path]) -> dict[str, Path]:
    """List image files by name."""
    files: dict[str, Path] = {}
    for name, file in (found for path in paths for found in _files(path)):
        if name in files:
            raise UsageError(f"{files[name]} and {file} are both called {name}: give them apart")
        files[name] = file
    return files


def _files(path: Path) -> Iterator[tuple[str, Path]]:
    if not path.is_dir():
        yield path.stem, path
        return
    inside = [f for f in path.rglob("*") if f.suffix.lower().lstrip(".") in IMAGE_SUFFIXES]
    if not inside:
        raise InputError(f"{path}: a folder without images ({', '.join(sorted(IMAGE_SUFFIXES))})")
    for file in inside:
        yield file.relative_to(path).with_suffix("").as_posix(), file


def _read(files: Mapping[str, Path], levels: ThermalLevels) -> Pixels:
    try:
        return {modality: _pixels(file, modality, levels) for modality, file in files.items()}
    except BadSample as error:
        raise InputError(error.detail) from None


def _pixels(file: Path, modality: str, levels: ThermalLevels) -> NDArray[np.uint8]:
    decoded = images.decode(read_file(file, str(file)), str(file), LIMITS)
    kind = "RGB" if modality == "rgb" else modality
    if remark := orientation_remark(decoded, file, kind):
        typer.echo(f"remark: {remark}", err=True)
    if modality == "thermal":
        return grey_thermal(decoded, file, levels)
    if decoded.bits > 8 and decoded.channels == 1:
        raise InputError(f"{file}: one channel of 16 bits: name thermal images by --thermal")
    return images.as_rgb(decoded, str(file))


def _of_pair(dataset: Dataset, row: int, modalities: Sequence[str]) -> Pixels:
    pair = registered_pair(dataset[row])
    return {modality: getattr(pair, modality) for modality in modalities}
