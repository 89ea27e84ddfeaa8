"""DVCLive for stages that train: curves of this run, beside what DVC keeps of it.

What a step says: log lines, and on a terminal a progress bar with the time left.
"""

import logging
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm


@contextmanager
def live_log(work: Path) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """A function that logs the values of a step below ``work``, where they outlive a kill."""
    from dvclive import Live  # costs every step's start, and only trainings log

    with Live(
        str(work / "live"), resume=True, report=None, dvcyaml=None, save_dvc_exp=False
    ) as live:

        def log(step: int, values: Mapping[str, float]) -> None:
            live.step = step
            for name, value in values.items():
                live.log_metric(name, value)
            live.make_summary()

        yield log


log = logging.getLogger("twinband")


def start_logging(level: str) -> None:
    """Lines on standard error, without decoration: DVC and Prefect add theirs."""
    logging.basicConfig(level=level.upper(), format="%(message)s", stream=sys.stderr)


def progress_of(name: str, unit: str) -> Callable[[int, int], None]:
    """A callable for ``(done, total)``: a bar on a terminal, a line a tenth otherwise."""
    bar: tqdm | None = None
    said = -1

    def show(done: int, total: int) -> None:
        nonlocal bar, said
        if sys.stderr.isatty():
            bar = bar or tqdm(total=total, desc=name, unit=unit, leave=False)
            bar.total = total
            bar.update(done - bar.n)
        elif done * 10 // max(total, 1) > said:
            said = done * 10 // max(total, 1)
            log.info("%s: %d of %d %ss", name, done, total, unit)

    return show
