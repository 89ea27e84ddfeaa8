"""Small random models of transformers, saved as their makers save them, with their checksums."""

from pathlib import Path

import torch
from transformers import (
    BitConfig,
    Dinov2Config,
    DPTConfig,
    DPTForDepthEstimation,
    DPTImageProcessorPil,
    Mask2FormerConfig,
    Mask2FormerForUniversalSegmentation,
    Mask2FormerImageProcessorPil,
    PreTrainedModel,
    SwinConfig,
)

from twinband.shards.sums import write_sums
from twinband.weights import Weights

NAMES = ("road", "sky", "person")


def weights(folder: Path) -> Weights:
    """Of a folder."""
    return Weights(folder, folder.name, str(folder))


def dpt_config(kind: str) -> DPTConfig:
    """Of a tiny DPT: ``plain``, ``hybrid`` as Intel/dpt-hybrid-midas, or on a ``backbone``."""
    sizes = {
        "hidden_size": 16,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "image_size": 64,
        "patch_size": 16,
        "backbone_out_indices": [0, 1, 2, 3],
        "neck_hidden_sizes": [8, 8, 12, 12],
        "fusion_hidden_size": 8,
    }
    if kind == "hybrid":
        bit = BitConfig(
            embedding_size=8,
            hidden_sizes=[8, 16, 24, 24],
            depths=[1, 1, 1],
            layer_type="bottleneck",
            num_groups=4,
            global_padding="same",
            embedding_dynamic_padding=True,
            out_features=["stage1", "stage2", "stage3"],
        )
        more = {"is_hybrid": True, "backbone_config": bit, "neck_hidden_sizes": [8, 16, 12, 12]}
        return DPTConfig(**{**sizes, **more, "backbone_featmap_shape": [1, 24, 4, 4]})
    if kind == "backbone":
        dino = Dinov2Config(
            hidden_size=16,
            num_hidden_layers=4,
            num_attention_heads=2,
            mlp_ratio=1,
            image_size=56,
            patch_size=14,
            out_features=["stage1", "stage2", "stage3", "stage4"],
            reshape_hidden_states=False,
        )
        return DPTConfig(
            backbone_config=dino, neck_hidden_sizes=[8, 8, 12, 12], fusion_hidden_size=8
        )
    return DPTConfig(**sizes)


def build_dpt(kind: str = "plain", seed: int = 0) -> DPTForDepthEstimation:
    """A random DPT whose answers are all above 0, and none of them equal."""
    torch.manual_seed(seed)
    model = DPTForDepthEstimation(dpt_config(kind)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(3)
        model.head.head[-2].weight.abs_()
        model.head.head[-2].bias.fill_(0.5)
    return model


def save_dpt(folder: Path, kind: str = "plain", multiple: int = 32, seed: int = 0) -> Path:
    """A tiny DPT shown images whose shorter side has 64 px."""
    _save(build_dpt(kind, seed), folder)
    DPTImageProcessorPil(
        size={"height": 64, "width": 64},
        keep_aspect_ratio=True,
        ensure_multiple_of=multiple,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
    ).save_pretrained(folder)
    return folder


def save_mask2former(folder: Path, names: tuple[str, ...] = NAMES, seed: int = 0) -> Path:
    """A tiny Mask2Former shown images whose shorter side has 64 px."""
    torch.manual_seed(seed)
    swin = SwinConfig(
        image_size=64,
        patch_size=4,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    table = dict(enumerate(names))
    config = Mask2FormerConfig(
        backbone_config=swin,
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=16,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        dim_feedforward=16,
        num_queries=5,
        id2label=table,
        label2id={name: number for number, name in table.items()},
    )
    model = Mask2FormerForUniversalSegmentation(config).eval()
    with torch.no_grad():
        model.class_predictor.weight.mul_(40)
    _save(model, folder)
    Mask2FormerImageProcessorPil(
        size={"shortest_edge": 64, "longest_edge": 200}, size_divisor=32
    ).save_pretrained(folder)
    return folder


def _save(model: PreTrainedModel, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    write_sums(folder / "model.safetensors")
