"""The harness that every step runs in.

A step is a function ``run(params, *, item, <paths>, work, runtime, progress) -> StepReport``
whose paths are annotated ``In``, ``Out`` or ``Base``; ``main(run)`` makes it a command whose
options are those paths. The harness validates the step's own section of params.yaml, seeds, opens
the fingerprinted work folder, gives ``run`` staging paths for its outputs and publishes them.

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
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import numpy as np
import yaml

import twinband
from pipeline_steps.harness.log import log, progress_of, start_logging
from pipeline_steps.harness.ranks import end_with_the_agent, ranks_to_start, start_ranks, this_rank
from pipeline_steps.harness.work import (
    fingerprint,
    folder_of,
    publish,
    remove,
    work_folder,
    work_root,
)
from tests.contract.closure import file_of, import_closure
from twinband.core.errors import InputError, TooManyBadSamples, WorkFailed
from twinband.core.params import ParamsError, Runtime, StageParams, narrow, validate
from twinband.shards.product import to_json
from twinband.shards.write import write_atomically

In = Annotated[Path, "input"]
Out = Annotated[Path, "output"]
# A folder whose items are named by params and identified by another input; not fingerprinted.
Base = Annotated[Path, "base"]
KINDS = ("input", "output", "base")
REPEAT = "repeat the command: what was finished is kept"


@dataclass(frozen=True, slots=True)
class StepReport:
    """What a step did.

    Attributes:
        summary: the closing line.
        samples: worked on, for the rate.
        metrics: deterministic facts for metrics/ (Git keeps them); written to the output named
            ``metrics``, if the step has one.
        facts: anything else worth keeping of this run (not tracked).
    """

    summary: str
    samples: int = 0
    metrics: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


def main(run: Callable[..., StepReport], dynamic: Sequence[str] = (), unit: str = "shard") -> None:
    """Run a step as a command.

    Args:
        run: the step's function.
        dynamic: modules that it imports by name, with parameters in braces: the item's own, as in
            ``twinband.readers.{reader}``, or shared ones, as in ``….{common.depth.annotator}``.
        unit: what its progress counts.
    """
    if this_rank() is not None:
        end_with_the_agent()
    try:
        _run(run, dynamic, unit)
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


def _run(run: Callable[..., StepReport], dynamic: Sequence[str], unit: str) -> None:
    started = time.monotonic()
    stage = Path(inspect.getfile(run)).stem
    _check_own_code()
    paths = paths_of(run)
    arguments = vars(_parser(stage, run, paths).parse_args())
    item = arguments.pop("item", None)
    section, params, runtime = _parameters(stage, run, item)
    if (ranks := ranks_to_start(params, item)) > 1:
        sys.exit(start_ranks(stage, ranks, sys.argv[1:]))
    start_logging(runtime.log_level)
    name = f"{stage}@{item}" if item else stage
    inputs = [arguments[key] for key, kind in paths.items() if kind == "input" and arguments[key]]
    for path in inputs:
        if not path.exists():
            raise InputError(f"{name}: {path} does not exist; `dvc repro` makes what it can")
    modules = [f"pipeline_steps.{stage}", *_chosen(dynamic, params, item, name)]
    code = [Path(file) for file in import_closure(Path.cwd(), modules)]
    mark = fingerprint({"item": item, "params": section}, inputs, code)
    _seed()
    outputs = {key: arguments[key] for key, kind in paths.items() if kind == "output"}
    with _shared_folder(name, mark) as work:
        staged = _staging(work, outputs)
        context = {"work": work, "runtime": runtime, "progress": progress_of(name, unit)}
        wanted = inspect.signature(run).parameters
        extra = {key: value for key, value in context.items() if key in wanted}
        if item:
            extra["item"] = item
        report = run(params, **{**arguments, **staged, **extra})
        if this_rank():
            return  # what rank 0 made is published
        if "metrics" in staged:
            write_atomically(staged["metrics"], to_json(report.metrics))
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
    if "item" in signature:
        parser.add_argument("--item", required=True, help="name in params.yaml")
    for name, kind in paths.items():
        required = signature[name].default is inspect.Parameter.empty
        option = option_of(name)
        parser.add_argument(option, type=Path, required=required, help=f"{kind} path")
    return parser


def _parameters(
    stage: str, run: Callable[..., StepReport], item: str | None
) -> tuple[Any, StageParams, Runtime]:
    """The step's own section, as it stands and as a model, and the runtime settings."""
    path = Path("params.yaml")
    try:
        data = yaml.safe_load(path.read_text())
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParamsError([f"the file cannot be read: {error}"]) from None
    if not isinstance(data, dict) or stage not in data or "runtime" not in data:
        raise ParamsError([f"{stage}: missing section, or `runtime` is"])
    model = get_type_hints(run)["params"]
    section = narrow(data[stage], model.axis, item, stage)
    problems: list[str] = []
    checked: list[Any] = []
    for kind, part, where in ((model, section, stage), (Runtime, data["runtime"], "runtime")):
        try:
            checked.append(validate(kind, part, where))
        except ParamsError as error:
            problems += error.problems
    if problems:
        raise ParamsError(problems)
    return section, checked[0], checked[1]


def named_modules(dynamic: Sequence[str], params: StageParams, item: str | None) -> list[str]:
    """The modules that the parameters name by the patterns ``dynamic``."""
    if params.axis is None or item is None:
        return []
    shared = {name: getattr(params, name) for name in type(params).model_fields}
    values = shared.pop(params.axis)[item].model_dump()
    return [module.format(**shared, **values) for module in dynamic]


def _chosen(dynamic: Sequence[str], params: StageParams, item: str | None, name: str) -> list[str]:
    """The modules that the parameters name, all of which must be there."""
    modules = named_modules(dynamic, params, item)
    if absent := [m for m in modules if "._" in m or file_of(Path.cwd(), m) is None]:
        raise ParamsError([f"{name}: there is no {', '.join(absent)}"])
    return modules


def _seed() -> None:
    """Fixed seeds for whatever draws without a generator of its own; nothing should."""
    random.seed(0)
    np.random.seed(0)


def _shared_folder(name: str, mark: str) -> AbstractContextManager[Path]:
    """The work folder; of a step on several ranks, rank 0 holds its lock for all."""
    return nullcontext(folder_of(name, mark)) if this_rank() else work_folder(name, mark)


def _staging(work: Path, outputs: Mapping[str, Path]) -> dict[str, Path]:
    """Fresh paths below the work folder under which ``run`` writes its outputs."""
    staged = {}
    for name, target in outputs.items():
        path = work / f"out{this_rank() or ''}" / name / target.name
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(path)
        staged[name] = path
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
        **report.facts,
    }
    write_atomically(work_root() / "runs" / name / f"{now:%Y%m%dT%H%M%S%f}.json", to_json(run))
