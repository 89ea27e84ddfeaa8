"""A training step on several processes: the stage starts them itself, ``training.ranks`` of them.

Each rank runs the whole step under torchrun's agent; rank 0 is the step that the harness knows,
the others help it and publish nothing. A step whose processes were started by a torchrun of the
user's own (several machines, say) starts none.
"""

import os
import sys
from collections.abc import Sequence

from twinband.core.parallel import die_with_parent
from twinband.core.params import StageParams

# An address of this machine's own for ranks to meet at; port 0 is any that is free.
MEETING_POINT = "127.0.0.1:0"


def ranks_to_start(params: StageParams) -> int:
    """Count the processes that the step asks for; 1 if it trains nothing or is a rank already."""
    # Not by its type: every other step would then depend on the code of training.
    wanted = getattr(getattr(params, "training", None), "ranks", 1)
    return wanted if this_rank() is None else 1


def this_rank() -> int | None:
    """This process's rank, None if torchrun did not start it."""
    return int(os.environ["RANK"]) if "TORCHELASTIC_RUN_ID" in os.environ else None


def start_ranks(stage: str, count: int, arguments: Sequence[str]) -> int:
    """Run ``python -m pipeline_steps.STAGE`` in ``count`` processes; the exit code of the first
    that failed, or 0."""
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        rdzv_backend="c10d",
        rdzv_endpoint=MEETING_POINT,
        local_addr="127.0.0.1",
        max_restarts=0,  # what was finished is in a checkpoint: the stage is repeated instead
        monitor_interval=0.1,
    )
    try:
        elastic_launch(config, sys.executable)("-m", f"pipeline_steps.{stage}", *arguments)
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        return failure.exitcode if failure.exitcode > 0 else 1
    return 0


def end_with_the_agent() -> None:
    """A rank must not outlive the process that started it: ranks are in sessions of their own,
    so that whoever kills the stage's process group reaches only the agent."""
    die_with_parent(os.getppid())
