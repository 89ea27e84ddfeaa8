"""What the annotators are taught: losses against numbers worked out by hand, and learning."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from tests.unit.sample_models.test_scenes import settings
from twinband.sam import build
from twinband.sample_models.recipes import RECIPES
from twinband.sample_models.sam_task import BOXES, POINTS, FirstMasks, PromptedMasks, prompted
from twinband.sample_models.scenes import LabelledScene, SceneBatches, View, draw_view
from twinband.sample_models.tasks import (
    balanced_loss,
    dice_loss,
    focal_loss,
    iou_of,
    rarity,
    relative_error,
    shares_of_classes,
    shown_segments,
    weighted_cross_entropy,
)

LN2 = float(np.log(2))


def test_losses_of_an_undecided_mask() -> None:
    """Logits 0: probability 0.5 everywhere."""
    logits, target = torch.zeros(1, 2, 2), torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    assert focal_loss(logits, target).item() == pytest.approx(0.25 * LN2)
    assert balanced_loss(logits, target).item() == pytest.approx(2 * LN2)
    assert dice_loss(logits, target).item() == pytest.approx(1 - (2 * 0.5 + 1) / (2 + 1 + 1))


def test_the_balanced_loss_counts_a_pixel_as_much_as_all_around_it() -> None:
    target = torch.zeros(1, 10, 10)
    target[0, 0, 0] = 1
    empty = torch.full((1, 10, 10), -5.0)
    assert balanced_loss(empty, target).item() == pytest.approx(5.0, abs=0.02)
    assert focal_loss(empty, target).item() < 0.06


def test_iou() -> None:
    found = torch.tensor([[[True, True], [False, False]], [[False, False], [False, False]]])
    truth = torch.tensor([[[True, False], [True, False]], [[False, False], [False, False]]])
    assert iou_of(found, truth).tolist() == pytest.approx([1 / 3, 0])


def test_rarer_classes_weigh_more_and_the_mean_over_pixels_is_one() -> None:
    share = torch.zeros(1, 2, 4, 4)
    share[0, 0], share[0, 1] = 0.9, 0.1
    weight = rarity(share)
    assert (weight[1] / weight[0]).item() == pytest.approx(3.0)
    assert (weight * torch.tensor([0.9, 0.1])).sum().item() == pytest.approx(1.0)


def test_a_rare_class_counts_as_much_more_in_the_cross_entropy() -> None:
    classes = torch.zeros(1, 3, 3, dtype=torch.int64)
    classes[0, 0, 0] = 1
    logits = torch.zeros(1, 2, 3, 3)
    assert weighted_cross_entropy(logits, classes).item() == pytest.approx(LN2)
    logits[:, 0] = torch.where(classes == 0, 50.0, 0.0)
    logits[:, 1, 0, 0] = -50  # only the rare one is wrong
    share = torch.tensor([8 / 9, 1 / 9]).sqrt()
    assert weighted_cross_entropy(logits, classes).item() == pytest.approx(
        (50 * share[1] / share.sum()).item(), rel=1e-4
    )


def test_relative_error_of_distances() -> None:
    """Found distances of 10, 20, 5 and 10 e**2 m where 10 m is true."""
    found = torch.tensor([10.0, 20.0, 5.0, 10 * np.e**2])
    errors = relative_error(torch.log((1 / found) / (1 / 10)))
    assert errors.tolist() == pytest.approx([0, 1, 0.5, np.e - 1 + np.e], rel=1e-5)


def test_shares_of_classes() -> None:
    classes = torch.tensor([[[0, 1], [1, -1]]])
    assert shares_of_classes(classes, 2, (1, 1)).flatten().tolist() == [0.25, 0.5]


def test_prompts_lie_in_what_they_mean(scenes: Sequence[LabelledScene]) -> None:
    rng = np.random.Generator(np.random.PCG64(0))
    for scene in scenes:
        sample = prompted(draw_view(scene, 0.7, 128, rng), rng)
        assert sample["points"].shape == (POINTS, 1, 2) and sample["boxes"].shape == (BOXES, 4)
        assert sample["masks"].shape == (POINTS + BOXES, 48, 64)
        height, width = sample["image"].shape[1:]
        for (x, y), mask in zip(sample["points"][:, 0], sample["masks"], strict=False):
            assert 0 <= x <= width and 0 <= y <= height
            near = mask[max(int(y) // 2 - 1, 0) : int(y) // 2 + 2,
                        max(int(x) // 2 - 1, 0) : int(x) // 2 + 2]  # fmt: skip
            assert near.any() or not mask.any()
        assert (sample["boxes"][:, 2:] >= sample["boxes"][:, :2]).all()


def test_a_view_that_shows_nothing_has_no_segments(scenes: Sequence[LabelledScene]) -> None:
    scene = scenes[0]
    flat = View(np.full((96, 128, 3), 90, np.uint8), scene.depth, scene.semantics, scene.instances)
    assert shown_segments(flat) == ([], [])
    rng = np.random.Generator(np.random.PCG64(0))
    assert prompted(flat, rng)["masks"].all()  # then the whole image is what is asked for


def small_sam(image_px: int) -> FirstMasks:
    sizes = build.Sizes(image_px=image_px, encoder_width=32, encoder_depth=1, encoder_heads=2,
        global_blocks=(0,), prompt_width=32, decoder_heads=2, decoder_mlp_width=32,
        iou_width=16)  # fmt: skip
    return FirstMasks(build.build(sizes))


def test_prompts_come_after_half_of_the_run_and_then_the_balance_fades() -> None:
    task = small_sam(64)
    seen = []
    for step in (0, 49, 50, 65, 80, 99):
        task.before_step(step, 100)
        seen.append((task._prompts, task._balance))
    assert seen[0][0] is seen[1][0] is False
    assert [balance for prompts, balance in seen if prompts] == pytest.approx([1.0, 0.5, 0.0, 0.0])


def test_later_lessons_have_prompts_from_the_first_step() -> None:
    task = PromptedMasks(small_sam(64).sam)
    task.before_step(0, 100)
    assert task._prompts and task._balance == 0


def test_without_prompts_only_the_encoder_learns(scenes: Sequence[LabelledScene]) -> None:
    task = small_sam(128)
    batch = next(
        SceneBatches(lambda: scenes[:2], {}, prompted, 1.0, 128, settings()).starting_at(0)
    )
    task.before_step(0, 100)
    values = task(batch)
    values["loss"].backward()
    assert values["loss"] == values["loss_dense"] and values["iou"].isnan()
    learns = {n.split(".")[1] for n, p in task.named_parameters() if p.grad is not None}
    assert learns == {"image_encoder", "0"}  # and the layer that is thrown away


@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_a_few_steps_teach_something(recipe: str, scenes: Sequence[LabelledScene]) -> None:
    """The shipped model itself, on one batch of two small scenes."""
    chosen = RECIPES[recipe]
    torch.manual_seed(0)
    task = chosen.first_task(chosen.build())
    if recipe == "sam":  # its image must be as long as the encoder's
        task = small_sam(128)
    batch = next(
        SceneBatches(lambda: scenes[:2], {}, chosen.prepare, 1.0, 128, settings()).starting_at(0)
    )
    optimizer = torch.optim.AdamW(task.parameters(), 2e-3)
    task.before_step(6, 10)
    losses = []
    for _ in range(10):
        values = task(batch)
        values["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(values["loss"].item())
    assert losses[-1] < 0.98 * losses[0]
