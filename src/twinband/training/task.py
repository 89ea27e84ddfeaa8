"""What is trained: ``TrainingTask``, a model together with its loss."""

from typing import Any

from torch import Tensor, nn


class TrainingTask(nn.Module):
    """Base of everything that ``train`` trains.

    All state that a resumed run needs is in parameters and buffers. What is drawn at random in
    ``forward`` comes from PyTorch's default generator, which is seeded by step and rank before
    each step, or from the batch's ``seed``. Buffers that depend on data are kept equal over ranks
    by the task.
    """

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """The scalar ``loss`` of a batch, and detached scalars to follow, such as ``loss_rgb``;
        the same names each time."""
        raise NotImplementedError

    def before_step(self, step: int, steps: int) -> None:
        """Called before step ``step`` (from 0) of ``steps``: the place for a curriculum."""

    def layer_distance(self, name: str) -> int:
        """Layers between a parameter, by its name, and the output, for layer decay (see
        ``parameters.vit_distance``)."""
        return 0
