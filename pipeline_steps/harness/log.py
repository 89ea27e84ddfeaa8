"""What a step says: log lines, and on a terminal a progress bar with the time left."""

import logging
import sys
from collections.abc import Callable

from tqdm import tqdm

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
