"""Encoders of twinband's models as folders of other projects' layouts, with a card for the hub."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors.torch import save

from twinband.core.errors import InputError
from twinband.core.normalise import IMAGENET
from twinband.methods.multimae.model import MultiMae
from twinband.models.checkpoints.loading import load
from twinband.models.key_layouts import to_hub, to_mmdet, to_mmseg, to_timm
from twinband.networks.config import VitConfig, configuration
from twinband.networks.layers import LAYER_NORM_EPS, MLP_RATIO
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import WEIGHTS, Tensors, load_encoder, read_weights
from twinband.shards.sums import write_sums
from twinband.shards.write import write_atomically

LAYOUTS: Mapping[str, Callable[[VisionTransformer], Tensors]] = {
    "timm": to_timm,
    "mmseg": to_mmseg,
    "mmdet": to_mmdet,
    "transformers": to_hub,
}
SAFETENSORS, TORCH = "model.safetensors", "model.pth"


def export(
    folder: Path, layout: str, out: Path, *, licence: str, base_model: str | None = None
) -> list[Path]:
    """Write the encoder of the model in ``folder`` under another project's names.

    ``out`` gets ``model.safetensors``, a card ``README.md`` and ``SHA256SUMS``; for ``mmseg`` and
    ``mmdet`` ``model.pth`` too, which is what these load, and for ``transformers`` the two
    configurations that ``from_pretrained`` reads. Equal models give equal bytes.

    Args:
        layout: one of ``LAYOUTS``.
        licence: of the weights, by its identifier on the hub.
        base_model: id on the hub of the model that training started from.

    Raises:
        InputError: no model there, an unknown layout, or one that has not what the encoder has.
    """
    if layout not in LAYOUTS:
        raise InputError(f"layout {layout!r} is not known; known are {', '.join(LAYOUTS)}")
    encoder = vit_of(folder / WEIGHTS)
    tensors = {key: value.contiguous() for key, value in LAYOUTS[layout](encoder).items()}
    files = {SAFETENSORS: save(tensors, {"format": "pt"})}
    if layout in {"mmseg", "mmdet"}:
        files[TORCH] = _saved({"model": tensors} if layout == "mmdet" else tensors)
    if layout == "transformers":
        files["config.json"] = _json(_transformers_config(encoder.config))
        files["preprocessor_config.json"] = _json(_image_processor(encoder.config))
    header: dict[str, Any] = {
        "license": licence,
        "library_name": layout if layout in {"timm", "transformers"} else "pytorch",
        "pipeline_tag": "image-feature-extraction",
        "tags": ["rgb-thermal", "vision-transformer", "twinband"],
        **({"base_model": base_model} if base_model else {}),
    }
    kind = read_weights(folder / WEIGHTS).kind
    own = folder / "README.md"
    card = _card(out.name, kind, encoder, layout, own.read_text() if own.is_file() else "")
    front = yaml.safe_dump(header, sort_keys=False, allow_unicode=True)
    files["README.md"] = f"---\n{front}---\n{card}".encode()
    for name, content in files.items():
        write_atomically(out / name, content)
    write_sums(*(out / name for name in files if name in {SAFETENSORS, TORCH}))
    return [out / name for name in files]


def vit_of(path: Path) -> VisionTransformer:
    """Load the encoder of any model that ``save_weights`` wrote; MultiMAE's as a ViT of RGB alone,
    without a final normalisation, as the published converter has it.

    Raises:
        InputError: no such file, damaged, not written by ``save_weights``, or a MultiMAE that takes
            no RGB.
    """
    weights = read_weights(path)
    if weights.kind != MultiMae.kind:
        return load_encoder(path)
    if "rgb" not in weights.settings["modalities"]:
        raise InputError(f"{path}: a MultiMAE that takes no RGB is no ViT of any other project")
    sizes = {field.name: weights.settings[field.name] for field in fields(VitConfig)}
    encoder = VisionTransformer(configuration(VitConfig, sizes, VisionTransformer.kind))
    load(encoder, weights.tensors, "twinband")
    return encoder


def _saved(state: Any) -> bytes:
    stream = io.BytesIO()
    torch.save(state, stream)
    return stream.getvalue()


def _json(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()


def _transformers_config(config: VitConfig) -> dict[str, Any]:
    return {
        "architectures": ["ViTModel"],
        "model_type": "vit",
        "hidden_size": config.width,
        "num_hidden_layers": config.depth,
        "num_attention_heads": config.heads,
        "intermediate_size": MLP_RATIO * config.width,
        "hidden_act": "gelu",
        "layer_norm_eps": LAYER_NORM_EPS,
        "image_size": _side_or_sides(config),
        "patch_size": config.patch_px,
        "num_channels": 3,
        "qkv_bias": True,
    }


def _side_or_sides(config: VitConfig) -> int | list[int]:
    height, width = (side * config.patch_px for side in config.grid)
    return height if height == width else [height, width]


def _image_processor(config: VitConfig) -> dict[str, Any]:
    height, width = (side * config.patch_px for side in config.grid)
    return {
        "image_processor_type": "ViTImageProcessor",
        "do_resize": True,
        "size": {"height": height, "width": width},
        "resample": 3,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": list(IMAGENET.mean),
        "image_std": list(IMAGENET.std),
    }


def _card(name: str, kind: str, encoder: VisionTransformer, layout: str, own: str) -> str:
    config = encoder.config
    height, width = (side * config.patch_px for side in config.grid)
    source = "imported, not trained by twinband" if kind == VisionTransformer.kind else f"of {kind}"
    text = f"""# {name}

A vision transformer ({source}): {height} x {width} px, patches of {config.patch_px} px, width \
{config.width}, {config.depth} blocks, {config.heads} heads, {config.registers} registers, \
{config.mlp}, {"a" if config.final_norm else "no"} final normalisation.

Images are RGB in 0..1, normalised by mean {IMAGENET.mean} and deviation {IMAGENET.std}; a thermal \
image goes in as three equal channels.

```python
{_SNIPPETS[layout](encoder)}
```
"""
    return f"{text}\n## The card it came with\n\n{own.strip()}\n" if own else text


def _timm_snippet(encoder: VisionTransformer) -> str:
    config = encoder.config
    height, width = (side * config.patch_px for side in config.grid)
    options = [
        f"img_size=({height}, {width})",
        f"patch_size={config.patch_px}",
        f"embed_dim={config.width}",
        f"depth={config.depth}",
        f"num_heads={config.heads}",
        "num_classes=0",
        'global_pool=""',
    ]
    imports = [
        "from safetensors.torch import load_file",
        "from timm.models import VisionTransformer",
    ]
    if config.registers:
        options += [f"reg_tokens={config.registers}", "no_embed_class=True"]
    if config.mlp == "swiglu":
        imports.append("from timm.layers import SwiGLUPacked")
        gates = len(encoder.state_dict()["blocks.0.mlp.w12.bias"])
        options += ["mlp_layer=SwiGLUPacked", f"mlp_ratio={gates / config.width}"]
    if not config.final_norm:
        options.append("final_norm=False")
    return "\n".join(
        [
            *imports,
            "",
            f"model = VisionTransformer({', '.join(options)})",
            f'model.load_state_dict(load_file("{SAFETENSORS}"))',
        ]
    )


def _transformers_snippet(_: VisionTransformer) -> str:
    return (
        "from transformers import ViTModel\n\n"
        'model = ViTModel.from_pretrained(".", add_pooling_layer=False)'
    )


def _mm_snippet(_: VisionTransformer) -> str:
    return (
        "# in the configuration of the detector or segmenter\n"
        f'backbone = dict(init_cfg=dict(type="Pretrained", checkpoint="{TORCH}"))'
    )


_SNIPPETS: Mapping[str, Callable[[VisionTransformer], str]] = {
    "timm": _timm_snippet,
    "mmseg": _mm_snippet,
    "mmdet": _mm_snippet,
    "transformers": _transformers_snippet,
}
