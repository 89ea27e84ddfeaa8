"""The folder of an export, which appears whole or not at all, and the base of its forms."""

import json
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twinband.core.errors import InputError
from twinband.exporting.pair_files import PairFiles
from twinband.shards.product import to_json

MARK = "export.json"  # says that a folder is an export, and of which dataset


class Form(ABC):
    """One form of an export; pairs are added in order of key.

    Args:
        folder: an empty folder to write to.
        dataset: its name in the project.
        classes: of the whole dataset, in order.
        modalities: that are exported.

    Attributes:
        remarks: what the form cannot hold, with counts; known at the end.
    """

    def __init__(
        self, folder: Path, dataset: str, classes: Sequence[str], modalities: Sequence[str]
    ) -> None:
        self.folder = folder
        self.dataset = dataset
        self.classes = classes
        self.modalities = modalities
        self.remarks: list[str] = []

    @abstractmethod
    def add(self, pair: PairFiles) -> None:
        """Write what belongs to one pair."""

    @abstractmethod
    def finish(self) -> None:
        """Write what belongs to all pairs."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file by its path in the folder."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def write_masks(self, pair: PairFiles) -> None:
        """Write label images and validity as ``NAME/SPLIT/KEY.png``."""
        for name, data in pair.label_images.items():
            self.write(f"{name}/{pair.split}/{pair.key}.png", data)
        if pair.valid is not None:
            self.write(f"valid/{pair.split}/{pair.key}.png", pair.valid)


@contextmanager
def exported_folder(out: Path, about: Mapping[str, Any], overwrite: bool) -> Iterator[Path]:
    """Give an empty folder beside ``out`` that takes its place if all goes well.

    Args:
        about: what the file ``export.json`` in it says.
        overwrite: an earlier export may be replaced.

    Raises:
        InputError: ``out`` is there and holds anything else, or may not be replaced.
    """
    _check_may_be_replaced(out, overwrite)
    unfinished, replaced = (
        out.with_name(f"{out.name}.{way}") for way in ("unfinished", "replaced")
    )
    for left in (unfinished, replaced):  # by a run that was killed
        if left.exists() and not _is_export(left):
            raise InputError(f"{left} is in the way: it is no export, so move it")
        shutil.rmtree(left, ignore_errors=True)
    unfinished.mkdir(parents=True)
    (unfinished / MARK).write_bytes(to_json(about))
    try:
        yield unfinished
        if out.exists():
            out.rename(replaced)
            unfinished.rename(out)
            shutil.rmtree(replaced)
        else:
            unfinished.rename(out)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _check_may_be_replaced(out: Path, overwrite: bool) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"{out} is a file; name a folder that is not there yet")
    if not any(out.iterdir()):
        return
    if not _is_export(out):
        raise InputError(f"{out} holds other files; name a folder that is not there yet")
    if not overwrite:
        raise InputError(f"{out} is an earlier export; --overwrite replaces it")


def _is_export(folder: Path) -> bool:
    """Tell if a folder is an export, finished or not: nothing else is ever deleted."""
    try:
        return "form" in json.loads((folder / MARK).read_bytes())
    except (OSError, ValueError, TypeError):
        return False
