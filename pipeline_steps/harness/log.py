"""A step's own words: log lines, a progress bar on a terminal, curves of trainings (DVCLive)."""

import json
import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from twinband.shards.write import remove

log = logging.getLogger("twinband")


def start_logging(level: str) -> None:
    """Lines on standard error, without decoration: DVC and Prefect add theirs."""
    logging.basicConfig(level=level.upper(), format="%(message)s", stream=sys.stderr)


def progress_of(name: str, unit: str) -> Callable[[int, int], None]:
    """Make a callable for ``(done, total)``: a bar on a terminal, a line a tenth otherwise."""
    bar: tqdm | None = None
    tenth = -1  # that was logged last

    def show(done: int, total: int) -> None:
        nonlocal bar, tenth
        if sys.stderr.isatty():
            bar = bar or tqdm(total=total, desc=name, unit=unit, leave=False)
            bar.total = total
            bar.update(done - bar.n)
        elif done * 10 // max(total, 1) > tenth:
            tenth = done * 10 // max(total, 1)
            log.info("%s: %d of %d %ss", name, done, total, unit)

    return show


def _is_whole(folder: Path) -> bool:
    """Tell whether DVCLive can go on with what stands there, which a full disk may have cut."""
    try:
        latest = json.loads((folder / "metrics.json").read_bytes())
        tables = [path.read_bytes() for path in folder.rglob("*.tsv")]
    except (OSError, ValueError, RecursionError):
        return False
    steps = isinstance(latest, dict) and type(latest.get("step")) is int
    return steps and all(table.endswith(b"\n") for table in tables)


@contextmanager
def live_log(work: Path) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """Yield a function that logs a step's values below ``work``, where they outlive a kill."""
    from dvclive import Live  # costs every step's start, and only trainings log

    folder = work / "live"
    if not _is_whole(folder):
        remove(folder)
    with Live(str(folder), resume=True, report=None, dvcyaml=None, save_dvc_exp=False) as live:

        def log(step: int, values: Mapping[str, float]) -> None:
            live.step = step
            for name, value in values.items():
                live.log_metric(name, value)
            live.make_summary()

        yield log
