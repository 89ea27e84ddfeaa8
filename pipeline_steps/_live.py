"""DVCLive for stages that train: curves of this run, beside what DVC keeps of it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dvclive import Live


@contextmanager
def live_log(work: Path) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """A function that logs the values of a step below ``work``, where they outlive a kill."""
    with Live(
        str(work / "live"), resume=True, report=None, dvcyaml=None, save_dvc_exp=False
    ) as live:

        def log(step: int, values: Mapping[str, float]) -> None:
            live.step = step
            for name, value in values.items():
                live.log_metric(name, value)
            live.make_summary()

        yield log
