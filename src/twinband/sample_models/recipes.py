"""Recipes of the three small annotators: sizes, starting weights, tasks and files.

The usual random weights suit wide networks and millions of images; a narrow one that will see some
ten thousand starts closer to its trained state.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    DPTConfig,
    DPTForDepthEstimation,
    DPTImageProcessorPil,
    Mask2FormerConfig,
    Mask2FormerForUniversalSegmentation,
    Mask2FormerImageProcessorPil,
    PreTrainedModel,
    SwinConfig,
    Swinv2Config,
)

from twinband.core.normalise import IMAGENET
from twinband.sam.build import Layer, Sam, Sizes, build, resized
from twinband.sam.weights import save
from twinband.sample_models.sam_task import FirstMasks, PromptedMasks, prompted
from twinband.sample_models.scenes import Prepare
from twinband.sample_models.tasks import ClassMasks, InverseDepth, with_classes, with_inverse_depth
from twinband.shards.sums import write_sums
from twinband.training.loop import TrainingTask
from twinband.weights import SETTINGS_FILES
from twinband.world.classes import SCENE_CLASSES

PATTERNED = ("sampling_offsets", "attention_weights")  # of deformable attention
POSITION_SCALE = 0.5
FIRST_INVERSE_DEPTH = 0.3
# Shares of noise and of the identity in query-key products, and in value-projection products.
QUERY_KEY = (0.7, 0.7)
VALUE_PROJECTION = (0.4, -0.4)
SAM = Sizes(
    image_px=256,
    encoder_width=256,
    encoder_depth=6,
    encoder_heads=8,
    global_blocks=(2, 5),
    window=8,
    prompt_width=128,
    decoder_heads=4,
    decoder_mlp_width=256,
    iou_width=128,
)
SWIN: Mapping[str, Any] = {
    "image_size": 256,
    "num_heads": [1, 2, 4, 8],
    "window_size": 8,
    "drop_path_rate": 0.0,
    "out_features": ["stage1", "stage2", "stage3", "stage4"],
}


def widened(model: PreTrainedModel) -> PreTrainedModel:
    """Draw the linear layers of ``model`` anew, by Xavier.

    transformers draws all weights with a deviation of 0.02, which suits widths near a thousand;
    narrow layers then output next to nothing, and training spends its time on growing them.
    """
    for name, layer in model.named_modules():
        # deformable attention begins as a pattern
        if isinstance(layer, nn.Linear) and not name.endswith(PATTERNED):
            nn.init.xavier_uniform_(layer.weight)
    return model


@torch.no_grad()
def alive(dpt: DPTForDepthEstimation) -> DPTForDepthEstimation:
    """Start a DPT at some distance everywhere.

    Its last layer is a ReLU: where it begins at 0 it stays there, since no gradient passes.
    """
    last: Layer = dpt.head.head[-2]
    last.weight.mul_(0.1)
    nn.init.constant_(last.bias, FIRST_INVERSE_DEPTH)
    return dpt


@torch.no_grad()
def placed(sam: Sam) -> Sam:
    """Start SAM's encoder with sine and cosine positions, not zeros, and attention as in trained
    ViTs (Trockman and Kolter, "Mimetic initialization of self-attention layers", 2023)."""
    encoder: Layer = sam.image_encoder
    positions = encoder.pos_embed
    positions.copy_(POSITION_SCALE * sines(*positions.shape[1:]))
    for block in encoder.blocks:
        _mimic(block.attn)
    return sam


def sines(rows: int, columns: int, width: int) -> Tensor:
    """Compute sines and cosines of each cell's row, then of its column, ``rows,columns,width``."""
    count = width // 4
    frequencies = 10000.0 ** (-torch.arange(count) / count)

    def of_axis(cells: int) -> Tensor:
        angles = torch.arange(cells)[:, None] * frequencies
        return torch.cat([angles.sin(), angles.cos()], 1)

    down = of_axis(rows)[:, None].expand(-1, columns, -1)
    across = of_axis(columns)[None].expand(rows, -1, -1)
    return torch.cat([down, across], -1)


def _mimic(attention: Layer) -> None:
    """Draw mimetic attention weights.

    Products of queries and keys, head by head, are near the identity: a patch attends to similar
    ones. The product of values and projection is near the negative identity.
    """
    weight = attention.qkv.weight
    width = weight.shape[1]
    rank = width // attention.num_heads
    for head in range(attention.num_heads):
        left, scale, right = torch.linalg.svd(_near_identity(width, *QUERY_KEY))
        scale = scale[:rank].sqrt()
        weight[head * rank :][:rank] = (left[:, :rank] * scale).T
        weight[width + head * rank :][:rank] = scale[:, None] * right[:rank]
    left, scale, right = torch.linalg.svd(_near_identity(width, *VALUE_PROJECTION))
    weight[2 * width :] = scale.sqrt()[:, None] * right
    attention.proj.weight.copy_(left * scale.sqrt())


def _near_identity(width: int, noise: float, identity: float) -> Tensor:
    return noise * torch.randn(width, width) / width**0.5 + identity * torch.eye(width)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One annotator.

    Attributes:
        build: makes the untrained model.
        for_images: adapts the model to images of another longer side, in pixels.
        first_task: teaches it from random weights.
        task: teaches it further.
        prepare: makes a view a sample for ``task``.
        save: writes the trained model into a folder, with weights in half precision, and the
            SHA-256 of its files.
    """

    build: Callable[[], nn.Module]
    for_images: Callable[[Any, int], nn.Module]
    first_task: Callable[[Any], TrainingTask]
    task: Callable[[Any], TrainingTask]
    prepare: Prepare
    save: Callable[[Any, Path], None]


def _sam() -> nn.Module:
    return placed(build(SAM))


def _any_size(model: nn.Module, image_px: int) -> nn.Module:
    """Keep the model: a Swin takes images of any size."""
    return model


def _dpt() -> PreTrainedModel:
    backbone = Swinv2Config(patch_size=4, embed_dim=32, depths=[1, 1, 3, 1], **SWIN)
    model = DPTForDepthEstimation(
        DPTConfig(
            backbone_config=backbone,
            neck_hidden_sizes=[32, 64, 128, 256],
            fusion_hidden_size=48,
            is_hybrid=False,
            use_auxiliary_head=False,
        )
    )
    return alive(widened(model))


def _mask2former() -> PreTrainedModel:
    names = dict(enumerate(SCENE_CLASSES[1:]))
    # Poles and markings are two pixels wide.
    backbone = SwinConfig(patch_size=2, embed_dim=24, depths=[1, 2, 3, 1], **SWIN)
    model = Mask2FormerForUniversalSegmentation(
        Mask2FormerConfig(
            backbone_config=backbone,
            feature_size=32,
            mask_feature_size=32,
            hidden_dim=64,
            encoder_feedforward_dim=128,
            encoder_layers=1,
            decoder_layers=2,
            num_attention_heads=4,
            dim_feedforward=128,
            num_queries=len(names),
            id2label=names,
            label2id={name: number for number, name in names.items()},
        )
    )
    return widened(model)


def _save_sam(model: Any, folder: Path) -> None:
    save(model, folder, torch.float16)


def _save_dpt(model: PreTrainedModel, folder: Path) -> None:
    processor = DPTImageProcessorPil(
        size={"height": 192, "width": 192},
        keep_aspect_ratio=True,
        ensure_multiple_of=32,
        image_mean=IMAGENET.mean,
        image_std=IMAGENET.std,
    )
    _save_transformers(folder, model, processor)


def _save_mask2former(model: PreTrainedModel, folder: Path) -> None:
    processor = Mask2FormerImageProcessorPil(
        size={"shortest_edge": 192, "longest_edge": 512},
        size_divisor=32,
        image_mean=IMAGENET.mean,
        image_std=IMAGENET.std,
    )
    _save_transformers(folder, model, processor)


def _save_transformers(folder: Path, model: PreTrainedModel, processor: Any) -> None:
    model.half().save_pretrained(folder)
    processor.save_pretrained(folder)
    write_sums(*(folder / name for name in ("model.safetensors", *SETTINGS_FILES)))


RECIPES: Mapping[str, Recipe] = {
    "sam": Recipe(_sam, resized, FirstMasks, PromptedMasks, prompted, _save_sam),
    "dpt": Recipe(_dpt, _any_size, InverseDepth, InverseDepth, with_inverse_depth, _save_dpt),
    "mask2former": Recipe(
        _mask2former, _any_size, ClassMasks, ClassMasks, with_classes, _save_mask2former
    ),
}
