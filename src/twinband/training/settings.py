"""Settings of a training run: steps, batch, optimizer, arithmetic, seed, checkpoints."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from twinband.core.params import Params

LR_BATCH = 256  # the batch that ``base_lr`` is given for

Count = Annotated[int, Field(ge=1)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Decay = Annotated[float, Field(ge=0, lt=1)]


class TrainingSettings(Params):
    """Everything about a training run but its task and its data.

    Attributes:
        steps: optimizer steps of the whole run.
        batch_size: pairs a step, over all ranks and accumulated parts together. The result does
            not depend on how a batch is cut, but for rounding.
        base_lr: peak learning rate for a batch of 256 pairs; it grows in proportion to the batch.
        warmup_steps: steps of linear warm-up, fewer than ``steps``; a cosine to 0 follows.
        weight_decay: decay of weights only (see ``optimizers.parameter_groups``).
        device: ``cpu`` or ``cuda`` (each rank then takes the GPU of its local rank).
        threads: threads of PyTorch; weights differ between one thread and two.
        seed: seed of the order of the pairs, their crops and all draws in the model.
        log_every: steps that a row of the loss curve is the mean of.
        checkpoint_every: steps between checkpoints, a multiple of ``log_every``.
        accumulation: parts that each rank cuts its share of the batch into, to save memory.
        optimizer: ``adamw``, or ``muon`` for the matrices of linear layers and AdamW for the rest.
        betas: AdamW's.
        layer_decay: factor on the learning rate for each layer further from the output, in
            ]0, 1]; 1 trains all layers alike.
        clip_norm: norm that longer gradients are shortened to; 0 leaves them.
        ema_decay: decay of the moving average of the weights, in [0, 1[; 0 keeps none.
        precision: arithmetic of the forward pass; weights and their updates are always fp32.
        compile: compile the task's blocks (``cuda`` only); the first steps then take minutes, and
            results differ in the last digits.
        ranks: processes, each on its share of a batch; for ``cuda`` one a GPU.
        draw_every: steps between drawings, if the run draws any; 0 draws after the last step only.
    """

    steps: Count
    batch_size: Count
    base_lr: Amount
    warmup_steps: Annotated[int, Field(ge=0)]
    weight_decay: Amount
    device: Literal["cpu", "cuda"]
    threads: Count
    seed: int
    log_every: Count = 10
    checkpoint_every: Count = 100
    accumulation: Count = 1
    optimizer: Literal["adamw", "muon"] = "adamw"
    betas: Annotated[tuple[Decay, Decay], Field(strict=False)] = (0.9, 0.95)
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    clip_norm: Amount = 0.0
    ema_decay: Decay = 0.0
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    compile: bool = False
    ranks: Count = 1
    draw_every: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        rule = f"fewer than steps = {self.steps}"
        self._check("warmup_steps", self.warmup_steps < self.steps, rule)
        # A window of the loss curve that a checkpoint cut in two could not be resumed exactly.
        rule = f"a multiple of log_every = {self.log_every}"
        self._check("checkpoint_every", self.checkpoint_every % self.log_every == 0, rule)
        on_gpu = self.device == "cuda"
        self._check("compile", on_gpu or not self.compile, "false without device: cuda")
        parts = self.ranks * self.accumulation
        rule = f"a multiple of ranks * accumulation = {parts}"
        self._check("batch_size", self.batch_size % parts == 0, rule)
        return self

    def _check(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise ValueError(f"{name} = {getattr(self, name)} must be {rule}")

    @property
    def lr(self) -> float:
        """Learning rate at its peak."""
        return self.base_lr * self.batch_size / LR_BATCH
