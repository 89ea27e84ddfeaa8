"""Masked models: their base class, that of models of pairs with a ViT, and the decoder of these.

Shapes: B batch, L patches of an image, K kept ones, P values of a patch (row in the patch, then
column, then channel), D width of the encoder, E width of the decoder.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from twinband.networks.config import TINY_AUTOENCODER, AutoencoderConfig, VitConfig
from twinband.networks.layers import (
    Block,
    Grid,
    Positions,
    layer_norm,
    random_token,
    random_weights,
)
from twinband.networks.patches import (
    masked_loss,
    masked_places,
    restore_tokens,
    restored_image,
    visible_places,
)
from twinband.networks.sampler import Strategy
from twinband.networks.vit import CHANNELS, Features, VisionTransformer
from twinband.networks.warm_start import start_encoder
from twinband.networks.weights import Weights, encoder_of


class Pair(NamedTuple):
    """One tensor for each image of a pair: images, tokens, places or predictions."""

    rgb: Tensor
    thermal: Tensor


class Drawn(NamedTuple):
    """Images of one modality to be drawn, in the model's own units.

    Attributes:
        truth: ``B,C,H,W``, or ``B,H,W`` int64 of classes.
        visible: ``B,L``, True where the encoder saw the patch.
        restored: like ``truth``, with the predictions where patches were masked.
    """

    truth: Tensor
    visible: Tensor
    restored: Tensor


class Sheet(NamedTuple):
    """A picture of images in rows and columns.

    Attributes:
        rows: captions of the n rows.
        columns: by caption the modality that a column shows, and its images as in ``Drawn``: n.
    """

    rows: Sequence[str]
    columns: Mapping[str, tuple[str, Tensor]]


class MaskedModel(nn.Module):
    """Base of the models of ``twinband.methods``, pretrained on masked RGB-thermal pairs.

    A batch holds ``rgb`` and ``thermal``, ``B,3,H,W`` each, normalised and of one shape, and what
    else the method learns from.

    Attributes:
        kind: name of its folder.
        predicts: modalities that ``predicted`` knows.
        Config: class of its configuration.
        sizes: fields of the configuration, by name of a size.
        sampler: strategy that chooses visible patches, for models that leave it to one. Without
            it such a model can be saved, loaded and used, but not trained.
    """

    kind: ClassVar[str]
    predicts: ClassVar[frozenset[str]] = frozenset()
    Config: ClassVar[type[VitConfig]]
    sizes: ClassVar[Mapping[str, Mapping[str, Any]]]

    config: VitConfig
    sampler: Strategy | None

    def __init__(self, config: VitConfig) -> None:
        super().__init__()
        self.config = config
        self.sampler = None

    @property
    def learns_from(self) -> frozenset[str]:
        """Name the fields of a batch that the model learns from."""
        return frozenset({"rgb", "thermal"})

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute losses of a batch of training, the visible patches chosen by the model.

        Returns:
            ``loss``; detached: its parts ``loss_rgb``, ``loss_thermal`` and of further outputs, and
            the mean number of visible patches of an image, ``kept_rgb``, ``kept_thermal``, ….

        Raises:
            ValueError: no sampler, images of different shapes, or no whole number of patches.
        """
        raise NotImplementedError

    def loss(
        self, inputs: Mapping[str, Tensor], visible: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Compute losses with given visible patches; nothing is random.

        Args:
            inputs: tensors of the model's modalities after normalisation.
            visible: for each of them ``B,L`` booleans, True for what the encoder sees; equally many
                in every row.

        Returns:
            By output name, and ``total``; all with gradients.

        Raises:
            ValueError: shapes that do not fit, or rows with different numbers of visible patches.
        """
        raise NotImplementedError

    def reconstruct(
        self, inputs: Mapping[str, Tensor], visible: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Predict all patches, by output name; arguments and errors as of ``loss``."""
        raise NotImplementedError

    def draw(self, batch: Mapping[str, Tensor]) -> dict[str, Drawn]:
        """Predict a batch for drawing, by modality; nothing is learnt from it."""
        raise NotImplementedError

    def sheets(self, batch: Mapping[str, Tensor]) -> dict[str, Sheet]:
        """Show by examples what the trained model can do, by name of a picture."""
        return {}

    def pair_features(self, images: Mapping[str, Tensor]) -> dict[str, Features]:
        """Compute the last layer's features of the images of pairs, all patches seen.

        Args:
            images: ``rgb``, ``thermal`` or both, each ``B,3,H,W``, normalised as in a batch.
        """
        raise NotImplementedError

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
        """Prepare step ``step`` (from 0) of ``steps``: tell the sampler how far training has come,
        0 at the first step, 1 at the last."""
        if self.sampler is not None:
            self.sampler.advance(step / max(steps - 1, 1))

    def start_from(self, weights: Weights) -> None:
        """Start from another model's weights, positions and patches resized.

        Raises:
            InputError: names or sizes that do not fit; nothing is changed then.
        """
        raise NotImplementedError


class PairAutoencoder(MaskedModel):
    """Base of the models whose one ViT encodes every image by itself.

    ``inputs`` of ``loss`` and ``reconstruct`` are ``rgb`` and ``thermal``, ``B,3,H,W`` each;
    predictions are standardised patches ``B,L,P``.

    Attributes:
        encoder: the part that is used after pretraining.
    """

    Config: ClassVar[type[AutoencoderConfig]] = AutoencoderConfig
    sizes: ClassVar[Mapping[str, Mapping[str, Any]]] = {"base": {}, "tiny": TINY_AUTOENCODER}

    config: AutoencoderConfig

    def __init__(self, config: AutoencoderConfig) -> None:
        super().__init__(config)
        self.encoder = VisionTransformer(config)

    def chosen(self, batch: Mapping[str, Tensor], tokens: Pair) -> Pair:
        """Choose the kept places ``B,K`` of a batch, by the images' tokens ``B,L,D``."""
        raise NotImplementedError

    def predict(self, tokens: Pair, kept: Pair, grid: Grid) -> Pair:
        """Predict the patches ``B,L,P`` of both images from the kept ones."""
        raise NotImplementedError

    def forward(self, batch: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Compute losses as any ``MaskedModel``: means over the batch's masked patches of each
        modality, and ``loss`` as ``total`` adds them up."""
        images = batch_images(batch)
        predicted, kept = self._predict_batch(batch, images)
        losses = self._losses(predicted, images, kept)
        like = losses["total"].detach()
        return {
            "loss": losses["total"],
            "loss_rgb": losses["rgb"].detach(),
            "loss_thermal": losses["thermal"].detach(),
            "kept_rgb": torch.full_like(like, kept.rgb.shape[1]),
            "kept_thermal": torch.full_like(like, kept.thermal.shape[1]),
        }

    def total(self, rgb: Tensor, thermal: Tensor) -> Tensor:
        """Add up the losses of both modalities."""
        return rgb + thermal

    def loss(
        self, inputs: Mapping[str, Tensor], visible: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        images, kept = batch_images(inputs), _kept_places(visible)
        return self._losses(self._predict_kept(images, kept), images, kept)

    def reconstruct(
        self, inputs: Mapping[str, Tensor], visible: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        images, kept = batch_images(inputs), _kept_places(visible)
        return self._predict_kept(images, kept)._asdict()

    @torch.no_grad()
    def draw(self, batch: Mapping[str, Tensor]) -> dict[str, Drawn]:
        """Predict a batch for drawing, as any ``MaskedModel``. A prediction is of a patch's
        standardised values; its mean and deviation are taken from the true patch."""
        images, patch_px = batch_images(batch), self.config.patch_px
        with evaluating(self):
            predicted, kept = self._predict_batch(batch, images)
        return {
            name: Drawn(
                image,
                ~masked_places(places, prediction.shape[1]),
                restored_image(prediction, image, places, patch_px),
            )
            for name, image, prediction, places in zip(
                Pair._fields, images, predicted, kept, strict=True
            )
        }

    def pair_features(self, images: Mapping[str, Tensor]) -> dict[str, Features]:
        return self.encoder.pair_features(images)

    def start_from(self, weights: Weights) -> None:
        start_encoder(self.encoder, encoder_of(weights))

    def _tokens(self, images: Pair) -> Pair:
        return Pair(self.encoder.tokens(images.rgb), self.encoder.tokens(images.thermal))

    def _predict_batch(self, batch: Mapping[str, Tensor], images: Pair) -> tuple[Pair, Pair]:
        tokens = self._tokens(images)
        kept = self.chosen(batch, tokens)
        return self.predict(tokens, kept, self.encoder.grid(images.rgb)), kept

    def _predict_kept(self, images: Pair, kept: Pair) -> Pair:
        return self.predict(self._tokens(images), kept, self.encoder.grid(images.rgb))

    def _losses(self, predicted: Pair, images: Pair, kept: Pair) -> dict[str, Tensor]:
        rgb, thermal = (
            masked_loss(*parts, self.config.patch_px)
            for parts in zip(predicted, images, kept, strict=True)
        )
        return {"rgb": rgb, "thermal": thermal, "total": self.total(rgb, thermal)}


def _kept_places(visible: Mapping[str, Tensor]) -> Pair:
    return Pair(visible_places(visible["rgb"]), visible_places(visible["thermal"]))


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


def batch_images(batch: Mapping[str, Tensor]) -> Pair:
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
    return Pair(rgb, thermal)


def interleave(rgb: Tensor, thermal: Tensor) -> Tensor:
    """Interleave ``B,...`` each into ``2B,...``: rgb 0, thermal 0, rgb 1, thermal 1, ..."""
    return torch.stack([rgb, thermal], 1).flatten(0, 1)


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
