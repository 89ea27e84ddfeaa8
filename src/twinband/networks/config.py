"""Sizes of models."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from twinband.networks.layers import MLPS, Grid, MlpKind


@dataclass(frozen=True, kw_only=True)
class VitConfig:
    """Sizes of a vision transformer; the defaults are ViT-B/16.

    Attributes:
        image_px: side, or height and width, of the training images: a multiple of ``patch_px``.
        patch_px: side of a patch.
        width: channels of a token; divisible by ``heads`` and by 4.
        depth: number of blocks.
        heads: attention heads of a block.
        registers: tokens beside the class token that are no part of the output (DINOv2 with
            registers); 0 or more.
        mlp: a block's second half, ``gelu`` or ``swiglu`` (DINOv2's giant).
        final_norm: whether the last block's output is normalised; MultiMAE's is not.

    Raises:
        TypeError: a size is not a whole number, or ``final_norm`` no bool.
        ValueError: a size is not positive, or does not divide another as it must; an unknown
            ``mlp``.
    """

    image_px: int | tuple[int, int] = 224
    patch_px: int = 16
    width: int = 768
    depth: int = 12
    heads: int = 12
    registers: int = 0
    mlp: MlpKind = "gelu"
    final_norm: bool = True

    def __post_init__(self) -> None:
        for name in ("patch_px", "width", "depth", "heads"):
            whole_number(name, getattr(self, name))
        whole_number("registers", self.registers, least=0)
        if self.mlp not in MLPS:
            raise ValueError(f"mlp must be {' or '.join(MLPS)}, not {self.mlp!r}")
        if not isinstance(self.final_norm, bool):
            raise TypeError(f"final_norm must be true or false, not {self.final_norm!r}")
        sides = self.image_px if isinstance(self.image_px, tuple) else (self.image_px,) * 2
        if len(sides) != 2:
            raise ValueError(f"image_px must be a side, or height and width: {self.image_px}")
        for side in sides:
            whole_number("image_px", side)
            if side % self.patch_px:
                raise ValueError(f"image_px {side} is no multiple of patch_px {self.patch_px}")
        divisible("width", self.width, self.heads)

    @property
    def grid(self) -> Grid:
        """Rows and columns of patches of a training image."""
        sides = self.image_px if isinstance(self.image_px, tuple) else (self.image_px,) * 2
        height, width = sides
        return height // self.patch_px, width // self.patch_px


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(VitConfig):
    """Sizes of a masked autoencoder: those of its encoder, and its decoder's.

    Attributes:
        decoder_width: channels of a token in a decoder; divisible by ``decoder_heads`` and by 4.
        decoder_depth: self-attention blocks of a decoder.
        decoder_heads: attention heads of a decoder's block.
    """

    decoder_width: int = 512
    decoder_depth: int = 4
    decoder_heads: int = 16

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("decoder_width", "decoder_depth", "decoder_heads"):
            whole_number(name, getattr(self, name))
        divisible("decoder_width", self.decoder_width, self.decoder_heads)


# So small that two CPU cores take hundreds of steps in a minute: with little data and little time
# steps teach more than width does.
TINY_VIT = {"image_px": 96, "patch_px": 8, "width": 128, "depth": 4, "heads": 4}
TINY_AUTOENCODER = {**TINY_VIT, "decoder_width": 64, "decoder_depth": 1, "decoder_heads": 2}


Config = TypeVar("Config", bound=VitConfig)


def configuration(kind: type[Config], settings: Mapping[str, Any], name: str) -> Config:
    """Make a model's configuration from its fields.

    Args:
        name: of the kind of model, for the error.

    Raises:
        ValueError: a value out of range.
        TypeError: an unknown field, or a value of another type.
    """
    known = [field.name for field in fields(kind)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise TypeError(f"{name} has no {', '.join(unknown)}; it has {', '.join(known)}")
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()
    }
    return kind(**values)


def whole_number(name: str, value: object, least: int = 1) -> None:
    """Check that a size is a whole number of at least ``least``."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value}")


def divisible(name: str, width: int, heads: int) -> None:
    """Check that ``width`` suits ``heads`` and sine-cosine positions."""
    if width % heads or width % 4:
        raise ValueError(f"{name} {width} must be divisible by 4 and by its heads, {heads}")
