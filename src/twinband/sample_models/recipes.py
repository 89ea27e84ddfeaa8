"""The three small annotators: their sizes, and how each is taught and kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
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

from twinband.annotators.pixels import IMAGENET
from twinband.annotators.sam.resize import resized
from twinband.annotators.sam.sizes import Sizes, build
from twinband.annotators.sam.weights import save
from twinband.sample.annotators.batches import Prepare
from twinband.sample.annotators.depth_task import InverseDepth, with_inverse_depth
from twinband.sample.annotators.sam_task import FirstMasks, PromptedMasks, prompted
from twinband.sample.annotators.semantics_task import ClassMasks, with_classes
from twinband.sample.annotators.starts import alive, placed, widened
from twinband.sample.classes import SCENE_CLASSES
from twinband.training.task import TrainingTask

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


@dataclass(frozen=True, slots=True)
class Recipe:
    """One annotator.

    Attributes:
        build: the untrained model.
        for_images: the same model for images of another longer side, in pixels.
        first_task: teaches it from random weights.
        task: teaches it further.
        prepare: makes a view a sample for ``task``.
        save: writes the trained model into a folder, with weights in half precision.
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
    """A Swin takes images of any size."""
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
    model.half().save_pretrained(folder)
    DPTImageProcessorPil(
        size={"height": 192, "width": 192},
        keep_aspect_ratio=True,
        ensure_multiple_of=32,
        image_mean=IMAGENET.mean,
        image_std=IMAGENET.std,
    ).save_pretrained(folder)


def _save_mask2former(model: PreTrainedModel, folder: Path) -> None:
    model.half().save_pretrained(folder)
    Mask2FormerImageProcessorPil(
        size={"shortest_edge": 192, "longest_edge": 512},
        size_divisor=32,
        image_mean=IMAGENET.mean,
        image_std=IMAGENET.std,
    ).save_pretrained(folder)


RECIPES: Mapping[str, Recipe] = {
    "sam": Recipe(_sam, resized, FirstMasks, PromptedMasks, prompted, _save_sam),
    "dpt": Recipe(_dpt, _any_size, InverseDepth, InverseDepth, with_inverse_depth, _save_dpt),
    "mask2former": Recipe(
        _mask2former, _any_size, ClassMasks, ClassMasks, with_classes, _save_mask2former
    ),
}
