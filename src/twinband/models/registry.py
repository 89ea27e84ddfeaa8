"""Models by name."""

import importlib
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from torch import nn

from twinband.models.config import AutoencoderConfig, MaeConfig, VitConfig

_KINDS: dict[str, tuple[type[VitConfig], str, str]] = {
    "vit": (VitConfig, "twinband.models.vit", "VisionTransformer"),
    "mae": (MaeConfig, "twinband.models.mae", "MaskedAutoencoder"),
    "mspecgene": (AutoencoderConfig, "twinband.models.mspecgene", "MSpecGene"),
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
    """A freshly initialised model.

    Args:
        name: ``vit``, ``mae`` or ``mspecgene``, then ``_base`` (ViT-B/16 on 224 px) or ``_tiny``
            (96 px in patches of 8 px, for two CPU cores).
        sampler: for ``mspecgene``, the module that chooses visible patches.
        overrides: fields of the model's configuration (``models.config``) to have other values.

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
    """A freshly initialised ``vit``, ``mae`` or ``mspecgene`` by the fields of its configuration.

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
    """The kind under which ``from_settings`` makes this model.

    Raises:
        TypeError: it makes no such model.
    """
    for kind, (_, _, class_name) in _KINDS.items():
        if type(model).__name__ == class_name:
            return kind
    raise TypeError(f"{type(model).__name__} is no model that build makes")
