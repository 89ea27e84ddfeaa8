"""Parts that masked models share: base class, decoder, patches, the loss on masked ones, pairs.

Shapes: B batch, L patches of an image, K kept ones, P values of a patch (row in the patch, then
column, then channel), D width of the encoder, E width of the decoder.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from twinband.networks.config import TINY_AUTOENCODER, AutoencoderConfig
from twinband.networks.layers import (
    Block,
    Grid,
    Positions,
    layer_norm,
    random_token,
    random_weights,
)
from twinband.networks.sampler import Sampler
from twinband.networks.vit import CHANNELS, Features, VisionTransformer
from twinband.networks.warm_start import start_encoder
from twinband.networks.weights import Weights, encoder_of

VARIANCE_EPS = 1e-6


class MaskedModel(nn.Module):
    """Base of the models of ``twinband.methods``, pretrained on masked RGB-thermal pairs.

    A batch holds ``rgb`` and ``thermal``, ``B,3,H,W`` each, normalised and of one shape.

    Attributes:
        kind: name of its folder.
        Config: class of its configuration.
        sizes: fields of the configuration, by name of a size.
        encoder: the part that is used after pretraining.
        sampler: strategy that chooses visible patches, for models that leave it to one. Without
            it such a model can be saved, loaded and asked for its encoder, but not trained.
    """

    kind: ClassVar[str]
    predicts: ClassVar[frozenset[str]] = frozenset()  # modalities that ``predicted`` knows
    Config: ClassVar[type[AutoencoderConfig]] = AutoencoderConfig
    sizes: ClassVar[Mapping[str, Mapping[str, Any]]] = {"base": {}, "tiny": TINY_AUTOENCODER}

    sampler: Sampler | None

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = VisionTransformer(config)
        self.sampler = None

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute losses.

        Returns:
            ``loss``; detached: its parts ``loss_rgb`` and ``loss_thermal``, and the number of
            visible patches of an image, ``kept_rgb`` and ``kept_thermal``.

        Raises:
            ValueError: no sampler, images of different shapes, or no whole number of patches.
        """
        raise NotImplementedError

    def reconstruct(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Predict a batch for drawing; nothing is learnt from it.

        Returns:
            For each modality ``kept_*`` (``B,K`` places) and two ``B,3,H,W`` images, normalised
            as the batch is: ``visible_*``, with 0 at masked patches, and ``restored_*``, with the
            predictions there. A prediction is of a patch's standardised values; its mean and
            deviation are taken from the true patch.
        """
        raise NotImplementedError

    def pair_features(self, images: Mapping[str, Tensor]) -> dict[str, Features]:
        """Compute the last layer's features of the images of pairs, all patches seen.

        Args:
            images: ``rgb``, ``thermal`` or both, each ``B,3,H,W``, normalised as in a batch.
        """
        return self.encoder.pair_features(images)

    def predicted(self, images: Mapping[str, Tensor], modality: str) -> Tensor:
        """Predict the images of a modality that is not there from those that are.

        Args:
            images: as in ``pair_features``.
            modality: one of ``predicts``.

        Returns:
            ``B,3,H,W``, normalised as in a batch.
        """
        raise NotImplementedError(f"{self.kind} predicts no {modality} images")

    def before_step(self, step: int, steps: int) -> None:
        """Prepare step ``step`` (from 0) of ``steps``, as a curriculum does."""

    def start_from(self, weights: Weights) -> None:
        """Start from another model: from its encoder, positions and patches resized.

        Raises:
            InputError: names or sizes that do not fit; nothing is changed then.
        """
        start_encoder(self.encoder, encoder_of(weights))


def patchify(images: Tensor, patch_px: int) -> Tensor:
    """Cut ``B,C,H,W`` images, of whole patches, into ``B,L,P``."""
    rows, columns = images.shape[2] // patch_px, images.shape[3] // patch_px
    cells = images.unflatten(3, (columns, patch_px)).unflatten(2, (rows, patch_px))
    return cells.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def unpatchify(patches: Tensor, grid: Grid, patch_px: int) -> Tensor:
    """Put patches back together: ``B,C,H,W`` images with ``grid`` patches."""
    cells = patches.unflatten(1, grid).unflatten(3, (patch_px, patch_px, -1))
    return cells.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)


def standardise(patches: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Subtract each patch's mean and divide by its deviation; returns also both, ``B,L,1``.

    The variance is the unbiased one, plus 1e-6 so that a flat patch becomes all 0.
    """
    mean = patches.mean(-1, keepdim=True)
    deviation = (patches.var(-1, keepdim=True) + VARIANCE_EPS).sqrt()
    return (patches - mean) / deviation, mean, deviation


def keep_tokens(tokens_BLD: Tensor, kept_BK: Tensor) -> Tensor:
    """Gather the tokens at ``kept_BK``, in that order: ``B,K,D``."""
    return tokens_BLD.gather(1, _each_channel(kept_BK, tokens_BLD.shape[2]))


def restore_tokens(visible_BKD: Tensor, mask_token: Tensor, kept_BK: Tensor, count: int) -> Tensor:
    """Put visible tokens back at their places among ``count``, and ``mask_token`` at all others."""
    batch, _, width = visible_BKD.shape
    everywhere = mask_token.to(visible_BKD.dtype).expand(batch, count, width)
    return everywhere.scatter(1, _each_channel(kept_BK, width), visible_BKD)


def masked_places(kept_BK: Tensor, count: int) -> Tensor:
    """Mark the patches that are not kept, ``B,count`` booleans."""
    everywhere = torch.ones(len(kept_BK), count, dtype=torch.bool, device=kept_BK.device)
    return everywhere.scatter(1, kept_BK, False)


def masked_loss(prediction_BLP: Tensor, images: Tensor, kept_BK: Tensor, patch_px: int) -> Tensor:
    """Compute the mean squared error on the standardised patches that were not kept, in float32.

    All masked patches of the batch weigh the same.

    Raises:
        ValueError: every patch is kept, so there is nothing to predict.
    """
    count = prediction_BLP.shape[1]
    if kept_BK.shape[1] >= count:
        raise ValueError(f"all {count} patches are kept: there is nothing left to predict")
    target, _, _ = standardise(patchify(images.float(), patch_px))
    error = (prediction_BLP.float() - target).square().mean(-1)
    masked = masked_places(kept_BK, count)
    return (error * masked).sum() / masked.sum()


def restored_image(
    prediction_BLP: Tensor, images: Tensor, kept_BK: Tensor, patch_px: int
) -> Tensor:
    """Fill the image's masked patches as predicted, in the true mean and contrast of each."""
    patches = patchify(images.float(), patch_px)
    _, mean, deviation = standardise(patches)
    masked = masked_places(kept_BK, patches.shape[1])[..., None]
    filled = torch.where(masked, prediction_BLP.float() * deviation + mean, patches)
    return unpatchify(filled, _grid(images, patch_px), patch_px)


def visible_image(images: Tensor, kept_BK: Tensor, patch_px: int) -> Tensor:
    """Fill the image's masked patches with 0, the mean colour of normalised images."""
    patches = patchify(images.float(), patch_px)
    masked = masked_places(kept_BK, patches.shape[1])[..., None]
    return unpatchify(patches.masked_fill(masked, 0.0), _grid(images, patch_px), patch_px)


def _grid(images: Tensor, patch_px: int) -> Grid:
    return images.shape[2] // patch_px, images.shape[3] // patch_px


def _each_channel(kept_BK: Tensor, width: int) -> Tensor:
    return kept_BK[:, :, None].expand(-1, -1, width)


class Decoder(nn.Module):
    """The decoder of a masked autoencoder, in two halves: a model may change the sequence
    between them."""

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__()
        width = config.decoder_width
        self.embed = nn.Linear(config.width, width)
        self.mask_token = nn.Parameter(torch.empty(1, 1, width))
        self.positions = Positions(width, config.grid)
        self.blocks = nn.ModuleList(
            Block(width, config.decoder_heads) for _ in range(config.decoder_depth)
        )
        self.norm = layer_norm(width)
        self.head = nn.Linear(width, CHANNELS * config.patch_px**2)
        random_token(self.mask_token)
        random_weights(self)

    def sequence(self, encoded: Tensor, kept_BK: Tensor, grid: Grid) -> Tensor:
        """Assemble the class token, then every patch of ``grid`` with its position: ``B,L+1,E``.

        Args:
            encoded: ``B,K+1,D``, the class token in front.
            kept_BK: the places of the others.
        """
        class_token, visible = self.embed(encoded).tensor_split([1], dim=1)
        places = restore_tokens(visible, self.mask_token, kept_BK, grid[0] * grid[1])
        places = places + self.positions(grid)
        return torch.cat([class_token.to(places.dtype), places], 1)

    def predict(self, sequence: Tensor) -> Tensor:
        """Predict the values of every patch, ``B,L,P``."""
        for block in self.blocks:
            sequence = block(sequence)
        return self.head(self.norm(sequence[:, 1:]))


def batch_images(batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Take ``rgb`` and ``thermal`` out of a batch.

    Raises:
        ValueError: their shapes differ.
    """
    rgb, thermal = batch["rgb"], batch["thermal"]
    if rgb.shape != thermal.shape:
        raise ValueError(
            f"rgb {tuple(rgb.shape)} and thermal {tuple(thermal.shape)} must have one shape:"
            " register the pairs first"
        )
    return rgb, thermal


def interleave(rgb: Tensor, thermal: Tensor) -> Tensor:
    """Interleave ``B,...`` each into ``2B,...``: rgb 0, thermal 0, rgb 1, thermal 1, ..."""
    return torch.stack([rgb, thermal], 1).flatten(0, 1)


def refold(features: Tensor) -> Tensor:
    """Refold ``2B,C,H,W`` features of interleaved pairs into ``B,2C,H,W``: RGB channels, then
    thermal.

    Raises:
        ValueError: an odd number of images.
    """
    if len(features) % 2:
        raise ValueError(f"interleaved pairs come in even numbers, got {len(features)} images")
    return features.unflatten(0, (-1, 2)).flatten(1, 2)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put ``model`` into evaluation mode for a while, so that nothing in it learns from its
    input."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
