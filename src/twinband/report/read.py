"""What ``cmss`` and ``cmss_mixture`` have said, read from metrics/ and plots/.

What the stages have said of their outputs, read from metrics/, plots/ and data/left_out/.

Only items that the parameters name are read: the folders may hold those of other profiles.

What ``sam_masks`` and ``pseudo_labels`` have said, read from metrics/ and plots/.

What ``mae`` and ``pretrain`` have said, read from metrics/ and plots/.
"""

import base64
import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from twinband.cmss.facts import CmssFacts, PooledFacts
from twinband.core.errors import InputError
from twinband.core.params import describe
from twinband.ingest.facts import IngestFacts
from twinband.masks.facts import MaskFacts
from twinband.pool import PoolFacts
from twinband.pseudo_labels.facts import PseudoLabelFacts
from twinband.registration.facts import RegisterFacts

PICTURE_TYPES = {
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


class Facts(BaseModel):
    """Metrics files may grow: what is not shown here is not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One pair that was not used: the columns of data/left_out/D.csv."""

    key: str
    name: str
    status: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by its file's name, as a ``data:`` address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Dataset:
    """One ingested dataset."""

    name: str
    facts: IngestFacts
    sheet: Picture
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """One registered dataset; ``pictures`` by the names of their files."""

    name: str
    facts: RegisterFacts
    pictures: dict[str, Picture]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One model on one benchmark."""

    key: str
    metrics: dict[str, Any]
    pictures: tuple[Picture, ...]


FactsModel = TypeVar("FactsModel", bound=BaseModel)


def read_dataset(name: str, metrics: Path, plots: Path, left_out: Path) -> Dataset:
    """Read ``metrics/NAME.json``, ``plots/NAME/sheet.jpg`` and ``left_out/NAME.csv``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = f"ingest@{name}"
    return Dataset(
        name,
        read_facts(IngestFacts, metrics / f"{name}.json", stage),
        read_picture(present(plots / name / "sheet.jpg", stage)),
        _read_left_out(present(left_out / f"{name}.csv", stage), stage),
    )


def read_registration(name: str, metrics: Path, plots: Path) -> Registration:
    """Read ``metrics/NAME.json`` and the pictures in ``plots/NAME/``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = f"register@{name}"
    facts = read_facts(RegisterFacts, metrics / f"{name}.json", stage)
    return Registration(name, facts, {p.name: p for p in read_pictures(plots / name, stage)})


def read_pool(path: Path) -> PoolFacts:
    """Read metrics/pool.json.

    Raises:
        InputError: it is missing or not what it should be; says how to make it.
    """
    return read_facts(PoolFacts, path, "pool")


def read_evaluation(key: str, metrics: Path, plots: Path) -> Evaluation:
    """Read ``metrics/KEY.json`` and the pictures in ``plots/KEY/``, in order of name.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = f"evaluate@{key}"
    found = _json(metrics / f"{key}.json", stage)
    return Evaluation(key, found, tuple(read_pictures(plots / key, stage)))


def read_pictures(folder: Path, stage: str) -> list[Picture]:
    """The pictures in a folder that a stage wrote, in order of name.

    Raises:
        InputError: there is no such folder; says how to make it.
    """
    files = sorted(present(folder, stage).iterdir())
    return [read_picture(file) for file in files if file.suffix.lower() in PICTURE_TYPES]


def read_picture(path: Path) -> Picture:
    """The picture as a ``data:`` address; ``path`` ends in one of ``PICTURE_TYPES``."""
    kind = PICTURE_TYPES[path.suffix.lower()]
    return Picture(path.stem, f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}")


def read_facts(model: type[FactsModel], path: Path, stage: str) -> FactsModel:
    """A metrics file that a stage wrote.

    Raises:
        InputError: it is missing or not what it should be; says how to make it.
    """
    try:
        return model.model_validate(_json(path, stage))
    except ValidationError as error:
        problems = "; ".join(describe(error, ""))
        raise InputError(f"{path}: {problems}; `dvc repro -f -s {stage}` makes it anew") from None


def _json(path: Path, stage: str) -> dict[str, Any]:
    try:
        found = json.loads(present(path, stage).read_bytes())
    except ValueError as error:
        raise InputError(f"{path}: {error}; `dvc repro -f -s {stage}` makes it anew") from None
    if not isinstance(found, dict):
        raise InputError(f"{path}: not an object; `dvc repro -f -s {stage}` makes it anew")
    return found


def _read_left_out(path: Path, stage: str) -> tuple[LeftOut, ...]:
    with path.open(encoding="utf-8", newline="") as stream:
        try:
            return tuple(LeftOut(**row) for row in csv.DictReader(stream))
        except (csv.Error, TypeError, UnicodeDecodeError):
            wanted = ", ".join(LeftOut.__annotations__)
            raise InputError(
                f"{path}: not a table of {wanted}; `dvc repro -f -s {stage}` makes it anew"
            ) from None


def present(path: Path, stage: str) -> Path:
    if path.exists():
        return path
    raise InputError(f"{path} does not exist: `dvc repro {stage}` makes it")


@dataclass(frozen=True, slots=True)
class CmssDataset:
    """One measured dataset; ``pictures`` by the names of their files."""

    name: str
    facts: CmssFacts
    pictures: dict[str, Picture]


@dataclass(frozen=True, slots=True)
class CmssPool:
    """All measured datasets together."""

    facts: PooledFacts
    pictures: dict[str, Picture]


def read_cmss(name: str, metrics: Path, plots: Path) -> CmssDataset:
    """Read ``metrics/NAME.json`` and the pictures in ``plots/NAME/``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = f"cmss@{name}"
    facts = read_facts(CmssFacts, metrics / f"{name}.json", stage)
    return CmssDataset(name, facts, {p.name: p for p in read_pictures(plots / name, stage)})


def read_cmss_mixture(metrics: Path, plots: Path) -> CmssPool:
    """Read metrics/cmss_mixture.json and the pictures in ``plots/``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = "cmss_mixture"
    return CmssPool(
        read_facts(PooledFacts, metrics, stage), {p.name: p for p in read_pictures(plots, stage)}
    )


@dataclass(frozen=True, slots=True)
class Masks:
    """One dataset with masks; ``pictures`` by the names of their files."""

    name: str
    facts: MaskFacts
    pictures: dict[str, Picture]


@dataclass(frozen=True, slots=True)
class PseudoLabels:
    """One dataset with pseudo-labels; ``pictures`` by the names of their files."""

    name: str
    facts: PseudoLabelFacts
    pictures: dict[str, Picture]


def read_masks(name: str, metrics: Path, plots: Path) -> Masks:
    """Read ``metrics/NAME.json`` and the pictures in ``plots/NAME/``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = f"sam_masks@{name}"
    facts = read_facts(MaskFacts, metrics / f"{name}.json", stage)
    return Masks(name, facts, {p.name: p for p in read_pictures(plots / name, stage)})


def read_pseudo_labels(name: str, metrics: Path, plots: Path) -> PseudoLabels:
    """Read ``metrics/NAME.json`` and the pictures in ``plots/NAME/``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    stage = f"pseudo_labels@{name}"
    facts = read_facts(PseudoLabelFacts, metrics / f"{name}.json", stage)
    return PseudoLabels(name, facts, {p.name: p for p in read_pictures(plots / name, stage)})


class Ends(Facts):
    """A column of the loss curve: its first value and its last."""

    first: float
    last: float


class PretrainingFacts(Facts):
    """metrics/mae.json and metrics/pretrain/METHOD.json."""

    pairs: int
    steps: int
    loss_rgb: Ends
    loss_thermal: Ends
    kept_rgb: Ends
    kept_thermal: Ends
    visible_objects_rgb: Ends | None = None
    visible_objects_thermal: Ends | None = None


@dataclass(frozen=True, slots=True)
class Pretrained:
    """One pretrained model; ``pictures`` by the names of their files."""

    name: str
    facts: PretrainingFacts
    pictures: dict[str, Picture]

    @property
    def drawings(self) -> list[Picture]:
        """Reconstructions, the earliest and the latest."""
        steps = [name for name in sorted(self.pictures) if name.startswith("step-")]
        return [self.pictures[name] for name in dict.fromkeys([*steps[:1], *steps[-1:]])]


def read_pretrained(name: str, metrics: Path, plots: Path, stage: str) -> Pretrained:
    """Read a stage's metrics file and the pictures in its folder of plots.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    facts = read_facts(PretrainingFacts, metrics, stage)
    return Pretrained(name, facts, {p.name: p for p in read_pictures(plots, stage)})
