"""How long the stages took on this machine: never the same twice, so never in the DVC stage."""

import json
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from twinband.errors import InputError
from twinband.params.base import describe
from twinband.report.render import render
from twinband.report.section import Section


class Run(BaseModel):
    """One record of a step's run; ``finished`` is ISO 8601 in UTC."""

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

    latest: Run
    before: Run | None

    @property
    def changed(self) -> str:
        """What differs from the run before."""
        if self.before is None:
            return "first run"
        same = self.before.fingerprint == self.latest.fingerprint
        return "nothing, run again" if same else "inputs, parameters or code"


def read_timings(runs: Path) -> list[Timing]:
    """The last two records of each stage below ``runs``, in order of stage.

    Raises:
        InputError: a record that cannot be read.
    """
    timings = []
    for folder in sorted(path for path in runs.iterdir() if path.is_dir()):
        latest = sorted(folder.glob("*.json"))[-2:]  # their names are times
        records = [_read(path) for path in latest]
        if records:
            timings.append(Timing(records[-1], records[0] if len(records) > 1 else None))
    return timings


def section(timings: list[Timing]) -> Section:
    """Seconds, rate and memory of each stage's latest run, beside the run before."""
    html = render("timings.html.j2", timings=timings)
    return Section("Timings on this machine", "timings", html)


def _read(path: Path) -> Run:
    try:
        return Run.model_validate(json.loads(path.read_bytes()))
    except ValidationError as error:
        problem = "; ".join(describe(error, ""))
    except ValueError as error:
        problem = str(error)
    raise InputError(f"{path}: {problem}; delete this file, it records one run only")
