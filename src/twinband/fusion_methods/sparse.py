"""Sparse representation: of every patch the code with the greater activity.

Patches without their means are coded by a dictionary; of two codes the one with the greater sum of
magnitudes is taken, with its patch's mean, and overlapping patches are averaged (Yang and Li, 2010;
spec cross-modal-kd, 1.3). The dictionary is of cosines, or learnt by K-SVD in stage
``train_fusion``.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twinband.core.normalise import Batch
from twinband.fusion.dictionary import cosine_dictionary, improved, matching_pursuit
from twinband.fusion.network import NetworkFusion

SIDE, ATOMS_A_SIDE = 8, 16  # pixels of a patch, and atoms: 64 dimensions, 256 atoms
STEP = 2  # pixels between patches
MOST_ATOMS, ERROR = 16, 8 / 255  # of a patch: a level a pixel
PATCHES = 1000  # of an image that is learnt from
LEAST_DEVIATION = 4 / 255  # of a patch's levels, for it to show anything
AT_ONCE = 1 << 12  # patches that are coded together


class SparseFusion(nn.Module):
    """The dictionary, and fusion by it.

    Args:
        most_atoms: of a patch's code.
        step: pixels between patches; 1, 2, 4 or 8.
    """

    dictionary: Tensor

    def __init__(self, most_atoms: int = MOST_ATOMS, step: int = STEP) -> None:
        super().__init__()
        if SIDE % step:
            raise ValueError(f"step must divide the {SIDE} pixels of a patch, not be {step}")
        self.most_atoms = most_atoms
        self.step = step
        self.register_buffer("dictionary", cosine_dictionary(SIDE, ATOMS_A_SIDE))

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Fuse ``B,1,H,W`` each, of even sides of at least a patch."""
        patches = [
            F.unfold(image, SIDE, stride=self.step).transpose(1, 2) for image in (infrared, visible)
        ]
        shape = patches[0].shape
        flat = [each.reshape(-1, shape[2]) for each in patches]
        fused = torch.cat(
            [self._fused(*pair) for pair in zip(*(f.split(AT_ONCE) for f in flat), strict=True)]
        )
        columns = fused.view(shape).transpose(1, 2)
        size = visible.shape[2:]
        total = F.fold(columns, size, SIDE, stride=self.step)
        count = F.fold(torch.ones_like(columns), size, SIDE, stride=self.step)
        return total / count

    def _fused(self, first: Tensor, second: Tensor) -> Tensor:
        means = [each.mean(1, keepdim=True) for each in (first, second)]
        codes = [
            matching_pursuit(each - mean, self.dictionary, self.most_atoms, ERROR)
            for each, mean in zip((first, second), means, strict=True)
        ]
        of_first = (codes[0].abs().sum(1) >= codes[1].abs().sum(1))[:, None]
        code = torch.where(of_first, codes[0], codes[1])
        mean = torch.where(of_first, means[0], means[1])
        return code @ self.dictionary.T + mean


class Method(NetworkFusion):
    """Sparse representation; without weights by the dictionary of cosines."""

    def __init__(self, trained: nn.Module | None = None) -> None:
        super().__init__(trained or SparseFusion(), stride=SIDE, reach=SIDE)


def network(most_atoms: int = MOST_ATOMS, step: int = STEP) -> SparseFusion:
    """Make the dictionary of cosines."""
    return SparseFusion(most_atoms, step)


def opened(trained: nn.Module) -> Method:
    """Make a method of fusion of a learnt dictionary."""
    return Method(trained)


@torch.no_grad()
def fit(
    network: SparseFusion,
    batches: Iterator[Batch],
    steps: int,
    progress: Callable[[int, int], None],
) -> list[dict[str, float]]:
    """Learn the dictionary by K-SVD, a round on the patches of each batch.

    Returns:
        After each round, of patches of the first batch, which none learns from: the root of the
        mean squared error of a pixel, in levels of 8 bits, and the atoms of a patch.
    """
    held, *learnt = (_signals_of(next(batches)) for _ in range(steps))
    rows = [_coded(network, held)]
    for step, signals in enumerate(learnt):
        codes = matching_pursuit(signals, network.dictionary, network.most_atoms, ERROR)
        network.dictionary.copy_(improved(signals, network.dictionary, codes))
        rows.append(_coded(network, held))
        progress(step + 2, steps)
    return rows


def _coded(network: SparseFusion, signals: Tensor) -> dict[str, float]:
    codes = matching_pursuit(signals, network.dictionary, network.most_atoms, ERROR)
    left = signals - codes @ network.dictionary.T
    return {
        "loss": float(255 * left.square().mean().sqrt()),
        "atoms": float((codes != 0).sum(1).float().mean()),
    }


def _signals_of(batch: Batch) -> Tensor:
    random = np.random.default_rng(int(batch["seed"][0]))
    return torch.cat([_signals(batch[name], random) for name in ("visible", "infrared")])


def _signals(images: Tensor, random: np.random.Generator) -> Tensor:
    """Draw patches that show something from ``B,1,H,W``: ``N,D``, without their means."""
    patches = F.unfold(images, SIDE).transpose(1, 2).flatten(0, 1)
    patches = patches - patches.mean(1, keepdim=True)
    patches = patches[patches.square().mean(1).sqrt() > LEAST_DEVIATION]
    count = min(len(patches), PATCHES * len(images))
    return patches[torch.from_numpy(random.choice(len(patches), count, replace=False))]
