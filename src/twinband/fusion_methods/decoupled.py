"""Common and unique maps: two encoders part shared content from what only one image shows.

A map of common content must serve to rebuild either image with that image's unique map, its own
common map or the other's, so that nothing common hides in what is unique. The fused image is
decoded from the common maps' mean and both unique maps (spec cross-modal-kd, 2).
"""

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twinband.fusion.decoupling import (
    agreement,
    correlation_ratio,
    difference,
    disagreement,
    spread,
)
from twinband.fusion.information import ConditionalGaussian, info_nce
from twinband.fusion.losses import gradient_loss, structural_similarity
from twinband.fusion.network import NetworkFusion
from twinband.training.loop import TrainingTask

REACH = 6  # three convolutions of 3x3 in the encoder, three in the decoder
STRUCTURE, EDGES = 5.0, 20.0
REBUILT, SWAPPED, COMMON, UNIQUE, SPREAD, INFORMATION = 1.0, 0.5, 0.1, 0.1, 0.1, 0.05
ORTHOGONAL = (0.05, 0.5)  # grows over the first fifth of a run
RAMP = 0.2
TEMPERATURE = 0.1
PLACES = 8  # a side, at which maps are compared: the means of equal parts


class Maps(NamedTuple):
    """Content of an image, ``B,C,H,W`` each."""

    common: Tensor
    unique: Tensor


class DecoupledFusion(nn.Module):
    """The network.

    Args:
        width: channels of each map.
    """

    def __init__(self, width: int = 12) -> None:
        super().__init__()
        self.width = width
        self.of_visible = _encoder(width)
        self.of_infrared = _encoder(width)
        self.rebuild = _decoder(2 * width, width)
        self.fuse = _decoder(3 * width, width)

    def maps(self, visible: Tensor, infrared: Tensor) -> tuple[Maps, Maps]:
        """Encode ``B,1,H,W`` each."""
        encoded = self.of_visible(visible), self.of_infrared(infrared)
        first, second = (Maps(*each.chunk(2, 1)) for each in encoded)
        return first, second

    def rebuilt(self, common: Tensor, unique: Tensor) -> Tensor:
        """Decode one image, ``B,1,H,W``."""
        image: Tensor = self.rebuild(torch.cat([common, unique], 1))
        return image

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Fuse ``B,1,H,W`` each."""
        return self.fused(visible, infrared, *self.maps(visible, infrared))

    def fused(self, visible: Tensor, infrared: Tensor, first: Maps, second: Maps) -> Tensor:
        """Decode the fused image; what is learnt is the difference from the images' mean."""
        common = (first.common + second.common) / 2
        decoded = self.fuse(torch.cat([common, first.unique, second.unique], 1))
        fused: Tensor = (visible + infrared) / 2 + decoded
        return fused


class Task(TrainingTask):
    """Training: rebuilding, swapping, the losses that part maps, and the fused image's own."""

    def __init__(self, network: DecoupledFusion) -> None:
        super().__init__()
        self.network = network
        width = network.width
        self.told = ConditionalGaussian(width, width, 2 * width)
        self.judged = nn.Conv2d(1, width, 8, stride=8)  # parts of images as vectors
        self._orthogonal = ORTHOGONAL[0]

    def before_step(self, step: int, steps: int) -> None:
        """Strengthen orthogonality over the first fifth of the run."""
        share = min(1.0, step / max(1.0, RAMP * steps))
        self._orthogonal = ORTHOGONAL[0] + share * (ORTHOGONAL[1] - ORTHOGONAL[0])

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        visible, infrared = batch["visible"], batch["infrared"]
        a, b = self.network.maps(visible, infrared)
        fused = self.network.fused(visible, infrared, a, b)
        terms = {
            "rebuilt": REBUILT * self._rebuilt(visible, infrared, a, b),
            "swapped": SWAPPED * self._swapped(visible, infrared, a, b),
            "common": COMMON * (agreement(a.common, b.common) + _ratio(a, b)),
            "unique": UNIQUE * disagreement(a.unique, b.unique),
            "orthogonal": self._orthogonal * sum(_orthogonal(maps) for maps in (a, b)),
            "spread": SPREAD * sum(spread(each) for maps in (a, b) for each in maps),
            "information": INFORMATION * self._information(fused, visible, infrared, a, b),
            "structure": _unlike(fused, visible) + _unlike(fused, infrared),
            "gradient": EDGES * gradient_loss(fused, visible, infrared),
        }
        likelihood = sum(
            self.told.log_likelihood(_vectors(m.common), _vectors(m.unique)) for m in (a, b)
        )
        loss = torch.stack([torch.as_tensor(term) for term in terms.values()]).sum() - likelihood
        recorded = {f"loss_{name}": torch.as_tensor(term).detach() for name, term in terms.items()}
        return {"loss": loss, **recorded}

    def _rebuilt(self, visible: Tensor, infrared: Tensor, a: Maps, b: Maps) -> Tensor:
        return _error(self.network.rebuilt(*a), visible) + _error(
            self.network.rebuilt(*b), infrared
        )

    def _swapped(self, visible: Tensor, infrared: Tensor, a: Maps, b: Maps) -> Tensor:
        first = self.network.rebuilt(b.common, a.unique)
        second = self.network.rebuilt(a.common, b.unique)
        return F.l1_loss(first, visible) + F.l1_loss(second, infrared)

    def _information(
        self, fused: Tensor, visible: Tensor, infrared: Tensor, a: Maps, b: Maps
    ) -> Tensor:
        """Let the fused image tell of both images, and what is common nothing of what is unique."""
        queries, first, second = (
            self.judged(image).movedim(1, -1).flatten(0, -2) for image in (fused, visible, infrared)
        )
        kept = info_nce(queries, first, TEMPERATURE) + info_nce(queries, second, TEMPERATURE)
        leaked = sum(
            F.relu(self.told.upper_bound(_vectors(m.common), _vectors(m.unique))) for m in (a, b)
        )
        return kept + leaked


def network(width: int = 12) -> DecoupledFusion:
    """Make the network."""
    return DecoupledFusion(width)


def opened(trained: nn.Module) -> NetworkFusion:
    """Make a method of fusion of the trained network."""
    return NetworkFusion(trained, stride=1, reach=REACH)


def _encoder(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(width, 2 * width, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(2 * width, 2 * width, 3, padding=1),
    )


def _decoder(inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(width, width, 3, padding=1),
        nn.LeakyReLU(0.1),
        nn.Conv2d(width, 1, 3, padding=1),
    )


def _vectors(maps: Tensor) -> Tensor:
    """Average a map over equal parts: ``N,C``."""
    return F.adaptive_avg_pool2d(maps, PLACES).movedim(1, -1).flatten(0, -2)


def _ratio(a: Maps, b: Maps) -> Tensor:
    return correlation_ratio(a.unique, b.unique, a.common, b.common)


def _orthogonal(maps: Maps) -> Tensor:
    return difference(_vectors(maps.common), _vectors(maps.unique))


def _error(rebuilt: Tensor, image: Tensor) -> Tensor:
    return F.l1_loss(rebuilt, image) + STRUCTURE * _unlike(rebuilt, image)


def _unlike(first: Tensor, second: Tensor) -> Tensor:
    return 1 - structural_similarity(first, second)
