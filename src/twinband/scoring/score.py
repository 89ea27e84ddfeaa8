"""A score with the protocol it was computed by, and the options that a protocol leaves open."""

import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from twinband.core.errors import InputError

SCORERS = "twinband.scorers"
MODES = ("strict", "evalai")
DEFINITIONS = ("linfeng", "zoo", "standard")
SLICES = ("hour", "class", "size", "attribute")


@dataclass(frozen=True, slots=True)
class Options:
    """Choices that protocols leave open.

    Attributes:
        mode: of KAIST's miss rate, one of ``MODES``: the reference's rules, or those of the script
            behind the leaderboard.
        definition: of the fusion metrics, one of ``DEFINITIONS``.
        by: one of ``SLICES``, or empty for no slices.
    """

    mode: str = "strict"
    definition: str = "linfeng"
    by: str = ""


@dataclass(frozen=True, slots=True)
class Score:
    """Numbers of one prediction, and what they are numbers of.

    Attributes:
        values: the numbers by name; NaN where the truth has no such case.
        protocol: whatever tells these numbers from those of another paper: task, list, counts of
            what was scored, mode or definition, thresholds, conventions in words.
        slices: the numbers of a part of the truth, by the part's name.
        remarks: what was odd in the input, and what the protocol makes of it.
    """

    values: Mapping[str, float]
    protocol: Mapping[str, str]
    slices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def bad_line(path: Path, line: int, problem: str) -> InputError:
    """Describe a problem of one line (from 1) of a file."""
    return InputError(f"{path}: line {line}: {problem}")


def check_slice(options: Options, task: str, *known: str) -> None:
    """Refuse slices that a task does not have.

    Raises:
        InputError: ``options.by`` is not among ``known``.
    """
    if options.by and options.by not in known:
        offered = f"only by {' or '.join(known)}" if known else "none"
        raise InputError(f"--by {options.by}: {task} has slices {offered}")


def tasks() -> list[str]:
    """List the tasks by their names on the command line: the files of ``twinband.scorers``."""
    package = importlib.import_module(SCORERS)
    modules = pkgutil.iter_modules(package.__path__)
    return sorted(module.name.replace("_", "-") for module in modules)


def scorer(task: str) -> ModuleType:
    """Import the plug-in of a task: a module with ``score(predictions, truth, options)``.

    Raises:
        InputError: there is no such task.
    """
    if task not in tasks():
        raise InputError(f"no task {task!r}; there are {', '.join(tasks())}")
    return importlib.import_module(f"{SCORERS}.{task.replace('-', '_')}")
