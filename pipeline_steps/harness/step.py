"""The harness that every step runs in.

A step is a function ``run(params, *, <paths>, run: Run) -> StepReport`` whose paths are annotated
``In``, ``Out`` or ``Base``; ``main(run)`` makes it a command whose options are those paths. The
harness validates the step's own part of params.yaml, seeds, opens the fingerprinted work folder,
gives ``run`` staging paths for its outputs and publishes them.

Exit codes: 0 done, 1 failed, 2 wrong parameters, 3 broken input, 4 too many bad samples.
"""

import argparse
import errno
import inspect
import platform
import random
import resource
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import numpy as np

import twinband
from pipeline_steps.harness.log import log, progress_of, start_logging
from pipeline_steps.harness.ranks import end_with_the_agent, ranks_to_start, start_ranks, this_rank
from pipeline_steps.harness.templates import code_of, filled, item_of_dvc, names_of
from pipeline_steps.harness.work import (
    fingerprint,
    folder_of,
    publish,
    work_folder,
    work_root,
)
from twinband.core import dvc_lock
from twinband.core.errors import InputError, TooManyBadSamples, WorkFailed
from twinband.core.params import (
    Facts,
    ItemParams,
    ParamsError,
    Run,
    Runtime,
    StageParams,
    parse,
    rounded,
    stage_params,
    validate,
)
from twinband.shards.product import to_json
from twinband.shards.write import remove, write_atomically

In = Annotated[Path, "input"]
Out = Annotated[Path, "output"]
# A folder whose items are named by params and identified by another input; not fingerprinted.
Base = Annotated[Path, "base"]
KINDS = ("input", "output", "base")
REPEAT = "repeat the command: what was finished is kept"


# Names that DVC's table of metrics, or the library that prints it, looks for as attributes: as a
# column they break it.
TAKEN = frozenset({
    "add_column", "append", "as_dict", "clear", "column", "columns", "count", "drop",
    "drop_duplicates", "dropna", "extend", "index", "insert", "is_empty", "is_protected",
    "items", "keys", "pop", "project", "protect", "remove", "rename", "render", "reverse",
    "row_from_dict", "shape", "to_csv", "unprotect",
    "cursor", "description", "dtype", "values",
})  # fmt: skip
MOST_METRICS = 8


@dataclass(frozen=True, slots=True)
class StepReport:
    """The outcome of a step.

    Attributes:
        summary: the closing line.
        samples: worked on, for the rate.
        metrics: the headline numbers, at most eight, written to the output ``metrics``: the
            columns of ``dvc exp show``.
        facts: all other deterministic facts, written to the output ``facts``.
        timings: whatever is never the same twice and worth keeping; not tracked.
    """

    summary: str
    samples: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)
    facts: Facts | Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, Any] = field(default_factory=dict)


def main(run: Callable[..., StepReport], unit: str = "shard") -> None:
    """Run a step as a command; ``unit`` is what its progress counts."""
    if this_rank() is not None:
        end_with_the_agent()
    try:
        _run(run, unit)
    except ParamsError as error:
        sys.exit(_fail(2, error))
    except InputError as error:
        sys.exit(_fail(3, error))
    except TooManyBadSamples as error:
        sys.exit(_fail(4, error))
    except WorkFailed as error:
        sys.exit(_fail(1, error))
    except BrokenProcessPool:
        why = "a worker process was ended, most likely for want of memory; lower runtime.workers"
        sys.exit(_fail(1, f"{why} and {REPEAT}"))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.exit(_fail(1, f"the disk is full ({error}); free some space and {REPEAT}"))


def _fail(code: int, error: object) -> int:
    print(f"error: {error}", file=sys.stderr)
    return code


def _run(run: Callable[..., StepReport], unit: str) -> None:
    started = time.monotonic()
    stage = Path(inspect.getfile(run)).stem
    _check_own_code()
    if not this_rank() and work_root().parent == Path.cwd():  # no experiment in a copy of the tree
        dvc_lock.keep(Path())
    paths = paths_of(run)
    arguments = vars(_parser(stage, run, paths).parse_args())
    item = arguments.pop("item", None)
    data = _read_params()
    values, params = stage_params(_model(run), data, stage, item)
    names = names_of(stage, item, data)
    arguments = {key: text and Path(filled(text, names)) for key, text in arguments.items()}
    runtime = validate(Runtime, data.get("runtime"), "runtime")
    if (ranks := ranks_to_start(params)) > 1:
        sys.exit(start_ranks(stage, ranks, sys.argv[1:]))
    start_logging(runtime.log_level)
    name = f"{stage}@{item}" if item else stage
    inputs = [arguments[key] for key, kind in paths.items() if kind == "input" and arguments[key]]
    for path in inputs:
        if not path.exists():
            raise InputError(f"{name}: {path} does not exist; `dvc repro` makes what it can")
    mark = fingerprint({"item": item, "params": values}, inputs, code_of(stage, item, data))
    _seed()
    outputs = {key: arguments[key] for key, kind in paths.items() if kind == "output"}
    with _shared_folder(name, mark) as work:
        staged = _staging(work, outputs)
        this_run = Run(item or "", work, runtime, progress_of(name, unit))
        report = run(params, **{**arguments, **staged}, run=this_run)
        if this_rank():
            return  # what rank 0 made is published
        if "metrics" in staged:
            write_atomically(staged["metrics"], to_json(rounded(_headline(report.metrics, name))))
        if "facts" in staged:
            facts = report.facts
            facts = facts.plain() if isinstance(facts, Facts) else rounded(facts)
            write_atomically(staged["facts"], to_json(facts))
        for key, path in staged.items():
            publish(path, arguments[key])
    seconds = time.monotonic() - started
    _record(name, mark, report, seconds)
    rate = f", {report.samples / seconds:.0f} a second" if report.samples else ""
    log.info("%s: %s (%.1f s%s)", name, report.summary, seconds, rate)


def _check_own_code() -> None:
    """Experiments in copies of the tree must run the copy's code."""
    found, wanted = Path(twinband.__file__).resolve(), Path.cwd().resolve() / "src"
    if wanted not in found.parents:
        raise InputError(
            f"twinband comes from {found.parent}, not from {wanted}: run this from the "
            "project's root, with no other twinband on PYTHONPATH"
        )


def paths_of(run: Callable[..., StepReport]) -> dict[str, str]:
    """The step's path arguments: name to ``input``, ``output`` or ``base``."""
    hints = get_type_hints(run, include_extras=True)
    return {
        name: kind
        for name, hint in hints.items()
        for kind in KINDS
        if kind in getattr(hint, "__metadata__", ()) or _optional_of(hint, kind)
    }


def option_of(name: str) -> str:
    """The command line option of a path argument."""
    return f"--{name.replace('_', '-')}"


def _optional_of(hint: Any, kind: str) -> bool:
    return any(kind in getattr(part, "__metadata__", ()) for part in get_args(hint))


def _parser(
    stage: str, run: Callable[..., StepReport], paths: Mapping[str, str]
) -> argparse.ArgumentParser:
    first_line = (inspect.getdoc(run) or "").partition("\n")[0]
    parser = argparse.ArgumentParser(f"python -m pipeline_steps.{stage}", description=first_line)
    signature = inspect.signature(run).parameters
    if issubclass(_model(run), ItemParams):
        known = item_of_dvc(stage)
        help_ = "name in params.yaml; by default the one that DVC runs the stage for"
        parser.add_argument("--item", required=known is None, default=known, help=help_)
    for name, kind in paths.items():
        required = signature[name].default is inspect.Parameter.empty
        option = option_of(name)
        parser.add_argument(option, required=required, help=f"{kind} path")
    return parser


def _model(run: Callable[..., StepReport]) -> type[StageParams]:
    model: type[StageParams] = get_type_hints(run)["params"]
    return model


def _read_params() -> dict[str, Any]:
    try:
        text = Path("params.yaml").read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ParamsError([f"the file cannot be read: {error}"]) from None
    return parse(text)


def _headline(metrics: Mapping[str, float], name: str) -> Mapping[str, float]:
    """The metrics, if DVC can show them as a table that people can read."""
    if taken := sorted(TAKEN & metrics.keys()):
        raise ValueError(f"{name}: DVC cannot show metrics called {', '.join(taken)}")
    if len(metrics) > MOST_METRICS:
        raise ValueError(f"{name}: {len(metrics)} metrics, and {MOST_METRICS} at most are shown")
    if nested := [key for key, value in metrics.items() if not isinstance(value, int | float)]:
        raise ValueError(f"{name}: metrics are numbers, and {', '.join(nested)} is none")
    return metrics


def _seed() -> None:
    """Fixed seeds for whatever draws without a generator of its own; nothing should."""
    random.seed(0)
    np.random.seed(0)


def _shared_folder(name: str, mark: str) -> AbstractContextManager[Path]:
    """The work folder; of a step on several ranks, rank 0 holds its lock for all."""
    return nullcontext(folder_of(name, mark)) if this_rank() else work_folder(name, mark)


def _staging(work: Path, outputs: Mapping[str, Path]) -> dict[str, Path]:
    """Fresh paths below the work folder under which ``run`` writes its outputs."""
    folder = work / f"out{this_rank() or ''}"
    remove(folder)  # with whatever a killed run was writing there
    staged = {name: folder / name / target.name for name, target in outputs.items()}
    for path in staged.values():
        path.parent.mkdir(parents=True)
    return staged


def _record(name: str, mark: str, report: StepReport, seconds: float) -> None:
    """Timings and memory: useful, but never the same twice, so they stay out of metrics/."""
    peak = max(resource.getrusage(who).ru_maxrss for who in (0, resource.RUSAGE_CHILDREN))
    now = datetime.now(UTC)
    run = {
        "stage": name,
        "fingerprint": mark,
        "finished": now.isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        "samples": report.samples,
        "peak_memory_mib": peak // 1024,
        "python": platform.python_version(),
        "machine": platform.machine(),
        **report.timings,
    }
    write_atomically(work_root() / "runs" / name / f"{now:%Y%m%dT%H%M%S%f}.json", to_json(run))
