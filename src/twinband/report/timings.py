"""Timings: how long the stages took on this machine, for `make report` only."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from twinband.core.errors import InputError
from twinband.core.params import describe


class StepRun(BaseModel):
    """Record of one run of a step; ``finished`` is ISO 8601 in UTC."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stage: str
    fingerprint: str
    finished: str
    seconds: float
    samples: int
    peak_memory_mib: int


@dataclass(frozen=True, slots=True)
class Timing:
    """The latest run of a stage and the one before, if there was one."""

    latest: StepRun
    before: StepRun | None

    @property
    def changed(self) -> str:
        """Difference from the run before, in words."""
        if self.before is None:
            return "first run"
        same = self.before.fingerprint == self.latest.fingerprint
        return "nothing, run again" if same else "inputs, parameters or code"


def read_timings(runs: Path) -> list[Timing]:
    """Read the last two records of each stage below ``runs``, in order of stage.

    Raises:
        InputError: a record cannot be read.
    """
    timings = []
    for folder in sorted(path for path in runs.iterdir() if path.is_dir()):
        latest = sorted(folder.glob("*.json"))[-2:]  # their names are times
        records = [_read(path) for path in latest]
        if records:
            timings.append(Timing(records[-1], records[0] if len(records) > 1 else None))
    return timings


def _read(path: Path) -> StepRun:
    try:
        return StepRun.model_validate_json(path.read_bytes())
    except ValidationError as error:
        problem = "; ".join(describe(error, ""))
    except OSError as error:
        problem = str(error.strerror)
    raise InputError(f"{path}: {problem}; delete this file, it records one run only")
