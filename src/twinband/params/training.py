"""Parameters of a training run: those of every stage that trains."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from twinband.params.base import Params
from twinband.training.settings import TrainingSettings


class Training(Params):
    """What ``training.settings.TrainingSettings`` says, field by field; its ranges hold here.

    Attributes:
        ranks: processes that the stage trains with, each on its share of a batch; for ``cuda`` as
            many as there are GPUs to use.
    """

    ranks: Annotated[int, Field(ge=1)]
    steps: int
    batch_size: int
    accumulation: int
    base_lr: float
    warmup_steps: int
    optimizer: Literal["adamw", "muon"]
    betas: Annotated[tuple[float, float], Field(strict=False)]
    weight_decay: float
    layer_decay: float
    clip_norm: float
    ema_decay: float
    precision: Literal["fp32", "bf16", "fp16"]
    device: Literal["cpu", "cuda"]
    threads: int
    seed: int
    log_every: int
    checkpoint_every: int
    draw_every: int

    @model_validator(mode="after")
    def _in_range(self) -> "Training":
        self.settings()
        if self.batch_size % (self.ranks * self.accumulation):
            raise ValueError(
                f"batch_size = {self.batch_size} must be a multiple of ranks * accumulation = "
                f"{self.ranks * self.accumulation}"
            )
        return self

    def settings(self) -> TrainingSettings:
        """The same for the training loop."""
        return TrainingSettings(**self.model_dump(exclude={"ranks"}))
