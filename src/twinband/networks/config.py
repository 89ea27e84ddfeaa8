"""Sizes of models, and models by name."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from torch import nn

from twinband.networks.layers import Grid


@dataclass(frozen=True, kw_only=True)
class VitConfig:
    """Sizes of a vision transformer; the defaults are ViT-B/16.

    Attributes:
        image_px: side, or height and width, of the training images: a multiple of ``patch_px``.
        patch_px: side of a patch.
        width: channels of a token; divisible by ``heads`` and by 4.
        depth: number of blocks.
        heads: attention heads of a block.

    Raises:
        TypeError: a size is not a whole number.
        ValueError: a size is not positive, or does not divide another as it must.
    """

    image_px: int | tuple[int, int] = 224
    patch_px: int = 16
    width: int = 768
    depth: int = 12
    heads: int = 12

    def __post_init__(self) -> None:
        for name in ("patch_px", "width", "depth", "heads"):
            _whole_number(name, getattr(self, name))
        sides = self.image_px if isinstance(self.image_px, tuple) else (self.image_px,) * 2
        if len(sides) != 2:
            raise ValueError(f"image_px must be a side, or height and width: {self.image_px}")
        for side in sides:
            _whole_number("image_px", side)
            if side % self.patch_px:
                raise ValueError(f"image_px {side} is no multiple of patch_px {self.patch_px}")
        _divisible("width", self.width, self.heads)

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
            _whole_number(name, getattr(self, name))
        _divisible("decoder_width", self.decoder_width, self.decoder_heads)


@dataclass(frozen=True, kw_only=True)
class MaeConfig(AutoencoderConfig):
    """Sizes of a masked autoencoder, and its masking.

    Attributes:
        mask_ratio: share of the patches left out, 0..1.
    """

    mask_ratio: float = 0.75

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.mask_ratio, float):
            raise TypeError(f"mask_ratio must be a number, got {self.mask_ratio!r}")
        if not 0.0 < self.mask_ratio < 1.0:
            raise ValueError(f"mask_ratio must lie between 0 and 1, got {self.mask_ratio}")


def _whole_number(name: str, value: object) -> None:
    """Check that a size is a positive whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be a whole number, got {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")


def _divisible(name: str, width: int, heads: int) -> None:
    """Check that ``width`` suits ``heads`` and sine-cosine positions."""
    if width % heads or width % 4:
        raise ValueError(f"{name} {width} must be divisible by 4 and by its heads, {heads}")


_KINDS: dict[str, tuple[type[VitConfig], str, str]] = {
    "vit": (VitConfig, "twinband.networks.vit", "VisionTransformer"),
    "mae": (MaeConfig, "twinband.methods.mae.model", "MaskedAutoencoder"),
    "mspecgene": (AutoencoderConfig, "twinband.methods.mspecgene.model", "MSpecGene"),
}
# So small that two CPU cores take hundreds of steps in a minute: with little data and little time
# steps teach more than width does.
_TINY_VIT = {"image_px": 96, "patch_px": 8, "width": 128, "depth": 4, "heads": 4}
_TINY_DECODER = {"decoder_width": 64, "decoder_depth": 1, "decoder_heads": 2}
_NAMED: dict[str, Mapping[str, Any]] = {
    "vit_base": {},
    "vit_tiny": _TINY_VIT,
    "mae_base": {},
    "mae_tiny": {**_TINY_VIT, **_TINY_DECODER},
    "mspecgene_base": {},
    "mspecgene_tiny": {**_TINY_VIT, **_TINY_DECODER},
}


def build(name: str, *, sampler: nn.Module | None = None, **overrides: Any) -> nn.Module:
    """Build a freshly initialised model.

    Args:
        name: ``vit``, ``mae`` or ``mspecgene``, then ``_base`` (ViT-B/16 on 224 px) or ``_tiny``
            (96 px in patches of 8 px, for two CPU cores).
        sampler: for ``mspecgene``, the module that chooses visible patches.
        overrides: fields of the model's configuration that differ.

    Raises:
        ValueError: an unknown name, or a value out of range.
        TypeError: an unknown field, a value of another type, or a sampler for a model without.
    """
    if name not in _NAMED:
        raise ValueError(f"unknown model {name!r}; known are {', '.join(sorted(_NAMED))}")
    return from_settings(name.partition("_")[0], {**_NAMED[name], **overrides}, sampler)


def from_settings(
    kind: str, settings: Mapping[str, Any], sampler: nn.Module | None = None
) -> nn.Module:
    """Build a freshly initialised ``vit``, ``mae`` or ``mspecgene`` from the fields of its
    configuration.

    Raises:
        ValueError: an unknown kind, or a value out of range.
        TypeError: as in ``build``.
    """
    if kind not in _KINDS:
        raise ValueError(f"unknown kind of model {kind!r}; known are {', '.join(sorted(_KINDS))}")
    config_class, module, class_name = _KINDS[kind]
    known = [field.name for field in fields(config_class)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise TypeError(f"{kind} has no {', '.join(unknown)}; it has {', '.join(known)}")
    if sampler is not None and kind != "mspecgene":
        raise TypeError(f"{kind} takes no sampler")
    values: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()
    }
    parts = () if sampler is None else (sampler,)
    model_class = getattr(importlib.import_module(module), class_name)
    model: nn.Module = model_class(config_class(**values), *parts)
    return model


def kind_of(model: nn.Module) -> str:
    """Name the kind under which ``from_settings`` builds this model.

    Raises:
        TypeError: it builds no such model.
    """
    for kind, (_, _, class_name) in _KINDS.items():
        if type(model).__name__ == class_name:
            return kind
    raise TypeError(f"{type(model).__name__} is no model that build makes")
