"""Settings that change how fast a step runs and never what it makes; DVC does not track them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twinband.params.base import Params


class Runtime(Params):
    """The ``runtime`` section of params.yaml.

    Attributes:
        executor: where the shards of shard-parallel steps are worked on: ``processes`` of this
            machine, or a running ``dask`` cluster.
        workers: processes side by side (``processes`` only), at least 1.
        scheduler: address of the Dask scheduler (``tcp://host:port``), empty for ``processes``.
        log_level: least level that is printed.
    """

    executor: Literal["processes", "dask"]
    workers: Annotated[int, Field(ge=1)]
    scheduler: str
    log_level: Literal["debug", "info", "warning", "error"]

    @model_validator(mode="after")
    def _scheduler_for_dask(self) -> "Runtime":
        if (self.executor == "dask") != bool(self.scheduler):
            raise ValueError("scheduler is needed for dask, and for dask only")
        return self
