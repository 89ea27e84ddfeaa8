"""Task of a SAM: points and boxes in rendered scenes (Kirillov et al., 2023, section 3 and A)."""

from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from twinband.sam.build import Sam
from twinband.sample_models.scenes import Arrays, View
from twinband.sample_models.tasks import (
    balanced_loss,
    dice_loss,
    focal_loss,
    iou_of,
    shown_segments,
    weighted_cross_entropy,
)
from twinband.training.loop import TrainingTask
from twinband.world.classes import SCENE_CLASSES

POINTS, BOXES = 6, 2  # prompts of an image
SHARE_OF_THINGS = 0.6
LOSS_SCALE = 2  # masks are compared at half the image's resolution
FOCAL_WEIGHT = 20.0
DENSE_SHARE = 0.5  # of the run: the encoder learns before there are prompts
BALANCED_SHARE = 0.6  # of the rest
CELL_PX = 4  # of the maps that the decoder's masks are made from
PROMPT_VALUES = ("loss_mask", "loss_iou", "iou")
OFFSET_PX = 32.0  # the offset that counts as 1


def prompted(view: View, rng: np.random.Generator) -> Arrays:
    """Draw prompts and their masks.

    Returns:
        ``image`` ``3,H,W`` uint8; ``points`` ``P,1,2`` and ``boxes`` ``Q,4`` float32 pixels;
        ``masks`` ``P+Q,H/2,W/2`` bool, those of the points first; ``classes`` ``H/4,W/4`` int64
        and ``offsets`` ``2,H/4,W/4`` float32 down and right to the middle of a pixel's thing, NaN
        where there is none.
    """
    things, areas = shown_segments(view)
    chosen = [_choose(things, areas, rng) for _ in range(POINTS + BOXES)]
    masks = [np.ones(view.semantics.shape, bool) if m is None else m for m in chosen]
    return {
        "image": np.ascontiguousarray(view.image.transpose(2, 0, 1)),
        "points": np.stack([_point(mask, rng) for mask in masks[:POINTS]])[:, None],
        "boxes": np.stack([_box(mask, rng) for mask in masks[POINTS:]]),
        "masks": np.stack([_halved(mask) for mask in masks]),
        "classes": view.semantics[CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX].astype(
            np.int64
        ),
        "offsets": _offsets(view.instances)[:, CELL_PX // 2 :: CELL_PX, CELL_PX // 2 :: CELL_PX],
    }


class PromptedMasks(TrainingTask):
    """Losses of a SAM's masks and predicted IoU.

    Focal and dice loss of the best of the masks that a point's ambiguity allows, of the single mask
    for a box, and the squared error of every predicted IoU.

    A few masks tell little of an image, and the gradient reaches the encoder through many layers,
    so the encoder would learn slowest. Hence its embedding must also tell every pixel's class and
    the way to the middle of its thing, by a layer that is thrown away afterwards.
    """

    def __init__(self, sam: Sam) -> None:
        super().__init__()
        self.sam = sam
        cells = sam.image_encoder.patch_embed.proj.kernel_size[0] // CELL_PX
        self.dense = nn.Sequential(
            nn.Conv2d(sam.prompt_encoder.embed_dim, (len(SCENE_CLASSES) + 2) * cells**2, 1),
            nn.PixelShuffle(cells),
        )
        self._prompts = True
        self._balance = 0.0

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        """Compute losses; the batch is stacked samples of ``prompted``. See ``TrainingTask``."""
        sam = self.sam
        embeddings = sam.image_encoder(sam.preprocess(batch["image"].float()))
        loss = self._dense_loss(embeddings, batch["classes"], batch["offsets"])
        values = {"loss_dense": loss}
        if self._prompts:
            images = [
                self._image(embeddings[i : i + 1], batch["points"][i], batch["boxes"][i], masks)
                for i, masks in enumerate(batch["masks"])
            ]
            values |= {n: torch.stack([image[n] for image in images]).mean() for n in PROMPT_VALUES}
            loss = loss + values["loss_mask"] + values["loss_iou"]
        else:
            values |= dict.fromkeys(PROMPT_VALUES, loss.new_full((), torch.nan))
        return {"loss": loss, **{name: value.detach() for name, value in values.items()}}

    def _dense_loss(self, embeddings: Tensor, classes: Tensor, offsets: Tensor) -> Tensor:
        height, width = classes.shape[1:]
        maps = self.dense(embeddings).float()[..., :height, :width]
        class_loss = weighted_cross_entropy(maps[:, :-2], classes)
        errors = (maps[:, -2:] - offsets).abs()
        return class_loss + errors.nan_to_num().sum() / offsets.isfinite().sum().clamp(min=1)

    def _image(
        self, embedding: Tensor, points: Tensor, boxes: Tensor, masks: Tensor
    ) -> dict[str, Tensor]:
        logits, predicted_iou = self._decode(embedding, points, boxes)
        height, width = masks.shape[1:]
        larger = (embedding.shape[2] * 16 // LOSS_SCALE,) * 2
        logits = F.interpolate(logits.float(), larger, mode="bilinear")[..., :height, :width]
        target = masks.float()[:, None].expand_as(logits)
        losses = dice_loss(logits, target)
        losses = losses + (1 - self._balance) * FOCAL_WEIGHT * focal_loss(logits, target)
        if self._balance:
            losses = losses + self._balance * balanced_loss(logits, target)
        point_losses = losses[:POINTS, 1:].min(1).values
        box_losses = losses[POINTS:, 0]
        iou = iou_of(logits.detach() > 0, target > 0.5)
        best = torch.cat([iou[:POINTS, 1:].max(1).values, iou[POINTS:, 0]])
        return {
            "loss_mask": torch.cat([point_losses, box_losses]).mean(),
            "loss_iou": (predicted_iou.float() - iou).square().mean(),
            "iou": best.mean(),
        }

    def _decode(self, embedding: Tensor, points: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        encoder = self.sam.prompt_encoder
        labels = torch.ones(points.shape[:2], dtype=torch.int, device=points.device)
        point_tokens, no_mask = encoder(points=(points, labels), boxes=None, masks=None)
        box_tokens, _ = encoder(points=None, boxes=boxes, masks=None)
        prompts = torch.cat([point_tokens, box_tokens])
        masks, predicted_iou = self.sam.mask_decoder.predict_masks(
            image_embeddings=embedding,
            image_pe=encoder.get_dense_pe(),
            sparse_prompt_embeddings=prompts,
            dense_prompt_embeddings=no_mask[:1].expand(len(prompts), -1, -1, -1),
        )
        return masks, predicted_iou


class FirstMasks(PromptedMasks):
    """Losses of a SAM that starts from random weights.

    Under focal and dice loss an untrained model's best answer is the empty mask, and it takes long
    to leave it. So a cross-entropy in which the mask weighs as much as all around it comes first,
    and fades into the focal loss. And for the first part of the run the encoder learns classes and
    middles alone, from twice as many images in the same time.
    """

    def before_step(self, step: int, steps: int) -> None:
        """Switch prompts on and fade the balanced loss; see ``TrainingTask``."""
        prompt_progress = (step / steps - DENSE_SHARE) / (1 - DENSE_SHARE)
        self._prompts = prompt_progress >= 0
        self._balance = max(0.0, 1 - prompt_progress / BALANCED_SHARE)


def _offsets(instances: NDArray[np.uint16]) -> NDArray[np.float32]:
    offsets = np.full((2, *instances.shape), np.nan, np.float32)
    for number in np.unique(instances[instances > 0]):
        places = np.nonzero(instances == number)
        for axis, place in zip(offsets, places, strict=True):
            axis[places] = (place.mean() - place) / OFFSET_PX
    return offsets


def _choose(
    things: list[NDArray[np.bool_]], areas: list[NDArray[np.bool_]], rng: np.random.Generator
) -> NDArray[np.bool_] | None:
    pool = things if things and (not areas or rng.random() < SHARE_OF_THINGS) else areas
    return pool[int(rng.integers(len(pool)))] if pool else None


def _point(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    places = np.flatnonzero(mask)
    y, x = divmod(int(places[int(rng.integers(len(places)))]), mask.shape[1])
    return np.array([x + rng.random(), y + rng.random()], np.float32)


def _box(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Take the corners, off by a tenth of a side (standard deviation), at most 20 px, as in SAM."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)
    sides = np.tile(box[2:] - box[:2], 2)
    noise = np.clip(rng.standard_normal(4) * sides * 0.1, -20, 20)
    return np.clip(box + noise, 0, np.tile(mask.shape[::-1], 2)).astype(np.float32)


def _halved(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    height, width = mask.shape
    size = (width // LOSS_SCALE, height // LOSS_SCALE)
    return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
