"""How to train: ``TrainingSettings``, the parameters of every training run."""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twinband.core.params import Params

LR_BATCH = 256  # the batch that ``base_lr`` is given for


class TrainingSettings(Params):
    """Everything about a training run but its task and its data.

    Attributes:
        steps: optimizer steps of the whole run, at least 1.
        batch_size: pairs a step, over all ranks and accumulated parts together. The result does
            not depend on how a batch is cut, but for rounding.
        accumulation: parts that each rank cuts its share of the batch into, to save memory.
        base_lr: learning rate for a batch of 256 pairs; it grows in proportion to the batch.
        warmup_steps: steps of linear warm-up, fewer than ``steps``; a cosine to 0 follows.
        optimizer: ``adamw``, or ``muon`` for the matrices of linear layers and AdamW for the rest.
        betas: AdamW's.
        weight_decay: of weights only (see ``parameters``).
        layer_decay: factor on the learning rate for each layer further from the output, in
            ]0, 1]; 1 trains all layers alike.
        clip_norm: gradients longer than this are shortened to it; 0 leaves them.
        ema_decay: of the moving average of the weights, in [0, 1[; 0 keeps none.
        precision: of the forward pass; weights and their updates are fp32 always.
        ranks: processes that the stage trains with, each on its share of a batch; for ``cuda`` as
            many as there are GPUs to use.
        device: ``cpu`` or ``cuda`` (each rank then takes the GPU of its local rank).
        threads: of PyTorch; weights differ between one thread and two.
        seed: of the order of the pairs, their crops and all draws in the model.
        log_every: steps that one row of the loss curve is the mean of.
        checkpoint_every: steps between checkpoints, a multiple of ``log_every``.
        draw_every: steps between drawings, if the run draws any; 0 draws after the last step only.
    """

    steps: int
    batch_size: int
    base_lr: float
    warmup_steps: int
    weight_decay: float
    device: Literal["cpu", "cuda"]
    threads: int
    seed: int
    log_every: int = 10
    checkpoint_every: int = 100
    accumulation: int = 1
    optimizer: Literal["adamw", "muon"] = "adamw"
    betas: Annotated[tuple[float, float], Field(strict=False)] = (0.9, 0.95)
    layer_decay: float = 1.0
    clip_norm: float = 0.0
    ema_decay: float = 0.0
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    ranks: Annotated[int, Field(ge=1)] = 1
    draw_every: int = 0

    @model_validator(mode="after")
    def _in_range(self) -> Self:
        for name in ("steps", "batch_size", "accumulation", "threads", "log_every"):
            self._check(name, getattr(self, name) >= 1, "be at least 1")
        for name in ("base_lr", "weight_decay", "clip_norm", "draw_every"):
            value = getattr(self, name)
            self._check(name, math.isfinite(value) and value >= 0, "be finite and not negative")
        self._check("warmup_steps", 0 <= self.warmup_steps < self.steps, "be fewer than steps")
        self._check("betas", all(0 <= beta < 1 for beta in self.betas), "lie in [0, 1[")
        self._check("layer_decay", 0 < self.layer_decay <= 1, "lie in ]0, 1]")
        self._check("ema_decay", 0 <= self.ema_decay < 1, "lie in [0, 1[")
        divides = self.batch_size % self.accumulation == 0
        self._check("accumulation", divides, f"divide batch_size = {self.batch_size}")
        # A window of the loss curve that a checkpoint cut in two could not be resumed exactly.
        whole = self.checkpoint_every >= 1 and self.checkpoint_every % self.log_every == 0
        self._check("checkpoint_every", whole, f"be a multiple of log_every = {self.log_every}")
        parts = self.ranks * self.accumulation
        evenly = self.batch_size % parts == 0
        self._check("batch_size", evenly, f"be a multiple of ranks * accumulation = {parts}")
        return self

    def _check(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise ValueError(f"{name} = {getattr(self, name)} must {rule}")

    @property
    def lr(self) -> float:
        """Learning rate at its peak."""
        return self.base_lr * self.batch_size / LR_BATCH
