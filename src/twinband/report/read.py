"""Reading of what other stages wrote: facts, headline metrics, pictures, and pairs left out.

Only items that the parameters name are read: the folders may hold those of other profiles.
"""

import base64
import csv
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from twinband.core.cells import original
from twinband.core.errors import InputError
from twinband.core.params import Facts, describe
from twinband.evaluation.facts import MODALITY_BIAS, ModalityBias
from twinband.ingest.facts import IngestFacts

PICTURE_TYPES = {
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
MOST_LEVELS = 32  # of JSON within JSON
MOST_DIGITS = 18  # of whole numbers: what counts anything fits into 64 bits


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by its file's name, as a ``data:`` address."""

    name: str
    address: str


Pictures = Mapping[str, Picture]  # by the names of their files, without the suffix
Item = TypeVar("Item", bound=Facts)


@dataclass(frozen=True, slots=True)
class Shown(Generic[Item]):
    """An item of a stage, or a stage without items: its facts and pictures."""

    name: str
    facts: Item
    pictures: Pictures


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One pair that was not used: the columns of data/left_out/D.csv."""

    key: str
    name: str
    status: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Dataset(Shown[IngestFacts]):
    """One ingested dataset; among its pictures is ``sheet``."""

    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One model on one benchmark.

    Attributes:
        name: ``BENCHMARK-MODEL``.
        metrics: headline numbers.
        facts: all other numbers, nested as the benchmark has them.
        bias: what is lost with a modality hidden, if the benchmark hides any.
        pictures: in order of name.
    """

    name: str
    metrics: dict[str, float]
    facts: dict[str, Any]
    bias: ModalityBias | None
    pictures: Pictures


def read_shown(
    model: type[Item], name: str, facts: Path, plots: Path, stage: str = ""
) -> Shown[Item]:
    """Read ``facts/STAGE/NAME.json`` and the pictures in ``plots/STAGE/NAME/``.

    Args:
        model: class of the facts.
        name: of the item; of a stage without items, the stage's own.
        facts: the folder ``facts``.
        plots: the folder ``plots``.
        stage: of the item; empty for a stage without items.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    made_by = f"{stage}@{name}" if stage else name
    return Shown(
        name,
        read_facts(model, facts / stage / f"{name}.json", made_by),
        read_pictures(plots / stage / name, made_by),
    )


def read_dataset(name: str, facts: Path, plots: Path, left_out: Path) -> Dataset:
    """Read an ingested dataset as ``read_shown`` does, and ``left_out/NAME.csv``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    shown = read_shown(IngestFacts, name, facts, plots, "ingest")
    made_by = f"ingest@{name}"
    present(plots / "ingest" / name / "sheet.jpg", made_by)
    pairs = _read_left_out(present(left_out / f"{name}.csv", made_by), made_by)
    return Dataset(name, shown.facts, shown.pictures, pairs)


def read_evaluation(name: str, metrics: Path, facts: Path, plots: Path) -> Evaluation:
    """Read ``evaluate/NAME.json`` of metrics and facts, and the pictures in ``evaluate/NAME/``.

    Raises:
        InputError: one is missing or not what it should be; says how to make it.
    """
    made_by = f"evaluate@{name}"
    file = Path("evaluate") / f"{name}.json"
    found = _read_json(facts / file, made_by)
    return Evaluation(
        name,
        read_metrics(metrics / file, made_by),
        found,
        _bias(found.pop(MODALITY_BIAS, None), facts / file, made_by),
        read_pictures(plots / "evaluate" / name, made_by),
    )


def _bias(found: Any, path: Path, made_by: str) -> ModalityBias | None:
    try:
        return None if found is None else ModalityBias.model_validate(found)
    except ValidationError as error:
        raise _spoilt(path, "; ".join(describe(error, MODALITY_BIAS)), made_by) from None


def read_facts(model: type[Item], path: Path, made_by: str) -> Item:
    """Read a file of facts; ``made_by`` is the stage that writes it.

    Raises:
        InputError: it is missing or not what it should be; says how to make it.
    """
    try:
        return model.model_validate(_read_json(path, made_by))
    except ValidationError as error:
        raise _spoilt(path, "; ".join(describe(error, "")), made_by) from None


def read_metrics(path: Path, made_by: str) -> dict[str, float]:
    """Read a file of headline numbers; ``made_by`` is the stage that writes it.

    Raises:
        InputError: it is missing or not what it should be; says how to make it.
    """
    metrics = _read_json(path, made_by)
    if wrong := [name for name, value in metrics.items() if type(value) not in (int, float)]:
        raise _spoilt(path, f"no numbers: {', '.join(wrong)}", made_by)
    if not metrics:
        raise _spoilt(path, "no numbers at all", made_by)
    return metrics


def read_pictures(folder: Path, made_by: str) -> dict[str, Picture]:
    """Read the pictures in a folder, in order of name; ``made_by`` is the stage that writes it.

    Raises:
        InputError: there is no such folder; says how to make it.
    """
    try:
        files = sorted(present(folder, made_by).iterdir())
        return {path.stem: _picture(path) for path in files if path.suffix.lower() in PICTURE_TYPES}
    except OSError as error:
        raise _spoilt(Path(error.filename or folder), str(error.strerror), made_by) from None


def present(path: Path, made_by: str) -> Path:
    """Return the path of something that is there.

    Raises:
        InputError: it is missing; says how to make it.
    """
    if path.exists():
        return path
    raise InputError(f"{path} does not exist: `dvc repro {made_by}` makes it")


def _picture(path: Path) -> Picture:
    kind = PICTURE_TYPES[path.suffix.lower()]
    return Picture(path.stem, f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}")


def parse_json(text: bytes) -> dict[str, Any]:
    """Parse an object of JSON as the project writes it: no NaN, nothing infinite, no numbers
    longer and no more levels than a page can show.

    Raises:
        ValueError: it is something else.
    """
    try:
        values = json.loads(text, parse_constant=_finite, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        values = None
    if not isinstance(values, dict):
        raise ValueError("not an object")
    if _levels(values) > MOST_LEVELS:
        raise ValueError(f"more than {MOST_LEVELS} levels")
    return values


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is no number to show")
    return number


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _levels(value: Any) -> int:
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(_levels, value.values() if isinstance(value, dict) else value), default=0)


def _read_json(path: Path, made_by: str) -> dict[str, Any]:
    try:
        return parse_json(present(path, made_by).read_bytes())
    except OSError as error:
        raise _spoilt(path, str(error.strerror), made_by) from None
    except (ValueError, RecursionError) as error:
        raise _spoilt(path, str(error), made_by) from None


def _read_left_out(path: Path, made_by: str) -> tuple[LeftOut, ...]:
    columns = list(LeftOut.__annotations__)
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            head, *rows = csv.reader(stream)
    except OSError as error:
        raise _spoilt(path, str(error.strerror), made_by) from None
    except (csv.Error, ValueError):
        head, rows = [], []
    if head != columns or any(len(row) != len(columns) for row in rows):
        raise _spoilt(path, f"not a table of {', '.join(columns)}", made_by)
    return tuple(LeftOut(*map(original, row)) for row in rows)


def _spoilt(path: Path, problem: str, made_by: str) -> InputError:
    return InputError(f"{path}: {problem}; `dvc repro -f -s {made_by}` makes it anew")
