"""Frozen features of pairs, as they are and with one modality hidden.

A model encodes each image by itself (a ViT and the models that pretrain one), or both images of a
pair together (MultiMAE), so that the features of one depend on the other. In either case there are
four ways to go on without one of them:

- ``zeros``: in its place stands the mean colour, which is zero once normalised;
- ``copy``: in its place stands the other image;
- ``skipped``: only the other image is encoded, and its features stand in both places;
- ``predicted``: in its place stands what the model predicts of it from the other image.

Source: the first three, spec m-specgene, section 9; the last, TerraMind's thinking in modalities.
Shapes: B pairs, H,W pixels.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from typing import Annotated, Any, Literal, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from threadpoolctl import threadpool_limits
from torch import Tensor

from twinband.core.errors import InputError
from twinband.core.normalise import normalise
from twinband.core.thermal import to_eight_bits
from twinband.evaluation.facts import Way
from twinband.networks.build import Model
from twinband.networks.masked import MaskedModel, PairAutoencoder, interleave
from twinband.networks.vit import Features, VisionTransformer
from twinband.shards.registered import RegisteredPair

Size = tuple[int, int]  # height and width in pixels
Pool = Literal["class_token", "mean_patch"]
Images = Mapping[str, Tensor]  # normalised B,3,H,W by modality

Ways = Annotated[tuple[Way, ...], Field(strict=False)]  # YAML has lists only
FULL = "full"
OTHER = {"rgb": "thermal", "thermal": "rgb"}


class PairFeatures(NamedTuple):
    """Features in the places of RGB and of thermal, equal in shape."""

    rgb: Features
    thermal: Features

    @property
    def map(self) -> Tensor:
        """The patch tokens of both as ``B,2C,rows,columns``: RGB's channels, then thermal's."""
        return torch.cat([self.rgb.map, self.thermal.map], 1)


def pooled(features: Features, pool: Pool) -> Tensor:
    """Take one vector for each image, ``B,D``: its class token, or the mean of its patches."""
    return features.class_token if pool == "class_token" else features.tokens.mean(1)


def hidden_name(modality: str, way: str) -> str:
    """Name a modality that is hidden in some way, as in ``no_thermal_zeros``."""
    return f"no_{modality}_{way}"


class FrozenEncoder:
    """A frozen model that encodes pairs at one size.

    Args:
        size: that images are scaled to, of whole patches.

    Raises:
        InputError: it is of no whole patches.
    """

    def __init__(self, model: Model, size: Size) -> None:
        patch = model.config.patch_px
        if size[0] % patch or size[1] % patch:
            raise InputError(
                f"images of {size[0]}x{size[1]} px are no whole number of the model's patches of "
                f"{patch} px; change the options that set their size"
            )
        self.size = size
        self._model = model
        own = model.encoder if isinstance(model, PairAutoencoder) else model
        # None: the model encodes the images of a pair together.
        self._of_one_image = own if isinstance(own, VisionTransformer) else None

    @property
    def by_itself(self) -> bool:
        """Tell if the features of an image do not depend on the other one."""
        return self._of_one_image is not None

    @property
    def predicts(self) -> frozenset[str]:
        """The modalities that the model can predict as images."""
        return self._model.predicts if isinstance(self._model, MaskedModel) else frozenset()

    def batches(self, pairs: Iterable[RegisteredPair], batch: int) -> Iterator["EncodedPairs"]:
        """Yield ``batch`` pairs after the other, and at last what is left."""
        remaining = iter(pairs)
        while some := list(islice(remaining, batch)):
            yield EncodedPairs(self, some)

    @torch.no_grad()
    def pair(self, images: Images) -> PairFeatures:
        """Encode both images of pairs.

        Raises:
            InputError: the features are not finite, so the weights are useless.
        """
        if self._of_one_image is None:
            return PairFeatures(**_finite(self._model.pair_features(images)))
        both = self._of_one_image(interleave(images["rgb"], images["thermal"]))
        return PairFeatures(
            **_finite({"rgb": _every_second(both, 0), "thermal": _every_second(both, 1)})
        )

    @torch.no_grad()
    def single(self, images: Tensor, modality: str) -> Features:
        """Encode images ``B,3,H,W`` of one modality, the other not being there; raises as
        ``pair`` does."""
        return _finite(self._model.pair_features({modality: images}))[modality]

    @torch.no_grad()
    def predicted(self, images: Tensor, modality: str) -> Tensor:
        """Predict images ``B,3,H,W`` of a modality from those of the other one."""
        if not isinstance(self._model, MaskedModel):
            raise ValueError("a mere encoder predicts no images")
        return self._model.predicted({OTHER[modality]: images}, modality)

    @cached_property
    def blank(self) -> Features:
        """Features of one image of the mean colour, of a model that encodes each by itself."""
        return self.single(torch.zeros(1, 3, *self.size), "rgb")


class EncodedPairs:
    """Some pairs and their features, computed when they are asked for.

    Attributes:
        pairs: the B pairs.
        images: what the model is shown, normalised ``B,3,H,W`` by modality; absent thermal is 0.
    """

    def __init__(self, encoder: FrozenEncoder, pairs: Sequence[RegisteredPair]) -> None:
        self.pairs = pairs
        self.images = images_of(pairs, encoder.size)
        self._encoder = encoder
        self._alone: dict[str, Features] = {}
        self._predicted: dict[str, Tensor] = {}

    @cached_property
    def full(self) -> PairFeatures:
        """Features with both images shown."""
        return self._encoder.pair(self.images)

    def alone(self, modality: str) -> Features:
        """Features of one image, the other not being there."""
        if self._encoder.by_itself:
            return self.full._asdict()[modality]
        if modality not in self._alone:
            self._alone[modality] = self._encoder.single(self.images[modality], modality)
        return self._alone[modality]

    def predicted(self, modality: str) -> Tensor:
        """Images of a modality as the model predicts them from the other, ``B,3,H,W``."""
        if modality not in self._predicted:
            shown = self.images[OTHER[modality]]
            self._predicted[modality] = self._encoder.predicted(shown, modality)
        return self._predicted[modality]

    def hidden(self, modality: str, way: Way) -> PairFeatures:
        """Features with one modality hidden."""
        other = OTHER[modality]
        if way == "skipped" or (way == "copy" and self._encoder.by_itself):
            return PairFeatures(self.alone(other), self.alone(other))
        if way == "zeros" and self._encoder.by_itself:
            blank = _repeated(self._encoder.blank, len(self.pairs))
            return PairFeatures(**{other: self.alone(other), modality: blank})
        return self._encoder.pair(
            {other: self.images[other], modality: self._stand_in(modality, way)}
        )

    def variants(self, ways: Sequence[Way]) -> dict[str, PairFeatures]:
        """Features as they are (``full``) and with either modality hidden in each of some ways, by
        name; without predictions of what the model cannot predict."""
        known = [
            (modality, way)
            for modality in ("thermal", "rgb")
            for way in ways
            if way != "predicted" or modality in self._encoder.predicts
        ]
        hidden = {hidden_name(*case): self.hidden(*case) for case in known}
        return {FULL: self.full, **hidden}

    def _stand_in(self, modality: str, way: Way) -> Tensor:
        if way == "predicted":
            return self.predicted(modality)
        other = self.images[OTHER[modality]]
        return other if way == "copy" else torch.zeros_like(other)


def _every_second(stacked: Features, first: int) -> Features:
    """Take every second image, beginning with the one of number ``first``."""
    return Features(stacked.tokens[first::2], stacked.class_token[first::2], stacked.grid)


def _repeated(one: Features, count: int) -> Features:
    return Features(one.tokens.expand(count, -1, -1), one.class_token.expand(count, -1), one.grid)


def _finite(features: dict[str, Features]) -> dict[str, Features]:
    if not all(torch.isfinite(one.tokens).all() for one in features.values()):
        raise InputError("the encoder's features are not finite: its training must have failed")
    return features


def images_of(pairs: Sequence[RegisteredPair], size: Size) -> dict[str, Tensor]:
    """Scale the images of pairs and normalise them as in training: ``B,3,H,W`` by modality; absent
    thermal is 0."""
    present = torch.tensor([pair.thermal_present for pair in pairs]).view(-1, 1, 1, 1)
    return {
        "rgb": normal_images([pair.rgb for pair in pairs], size),
        "thermal": normal_images([pair.thermal for pair in pairs], size) * present,
    }


def normal_images(images: Sequence[NDArray[Any]], size: Size) -> Tensor:
    """Scale images to one size and normalise them as in training, ``B,3,H,W``.

    Args:
        images: RGB ``H,W,3`` uint8, or all thermal ``H,W`` of 8 or 16 bits.
    """
    stacked = torch.from_numpy(np.stack([scaled(to_eight_bits(image), size) for image in images]))
    channels = stacked[:, None] if stacked.ndim == 3 else stacked.permute(0, 3, 1, 2)
    normal: Tensor = normalise({"images": channels}, torch.device("cpu"))["images"]
    return normal


def scaled(image: NDArray[np.uint8], size: Size) -> NDArray[np.uint8]:
    """Scale ``H,W`` or ``H,W,C`` pixels to a size, by areas where it is smaller."""
    height, width = size
    if image.shape[:2] == size:
        return image
    smaller = image.shape[0] * image.shape[1] > height * width
    interpolation = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    result: NDArray[Any] = cv2.resize(image, (width, height), interpolation=interpolation)
    return result


@contextmanager
def fixed_threads(threads: int) -> Iterator[None]:
    """Use ``threads`` threads within, since sums depend on their number."""
    before, mode = torch.get_num_threads(), torch.get_deterministic_debug_mode()
    torch.set_num_threads(threads)
    torch.use_deterministic_algorithms(True)
    try:
        with threadpool_limits(threads):
            yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        torch.set_num_threads(before)
