"""SAGE's training: turns, gradients, statistics, and that carried weights carry."""

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from twinband.core.params import ParamsError
from twinband.fusion.carriers import carry_through
from twinband.fusion.distillation import Learner, SageTraining, Schedule
from twinband.fusion.losses import STUDENT, TEACHER, Weights
from twinband.fusion.segmentation import UNKNOWN, segmentation_loss, table_of
from twinband.fusion.statistics import settle
from twinband.fusion.student import SageStudent
from twinband.fusion.teacher import SageTeacher


class Encoder:
    """Two layers of features, frozen."""

    def __init__(self) -> None:
        self.layer = torch.nn.Conv2d(1, 4, 4, stride=4).requires_grad_(False)

    def __call__(self, images: Tensor) -> Sequence[Tensor]:
        first = self.layer(images)
        return [first, first.square()]


class Segmenter:
    """Two classes, dark and bright."""

    names = ("dark", "bright")

    def probabilities(self, images: Tensor) -> Tensor:
        bright = images.mean(1, keepdim=True)
        return torch.cat([1 - bright, bright], 1)


def batch() -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    images = {
        name: torch.rand(2, 1, 32, 32, generator=generator) for name in ("visible", "infrared")
    }
    masks = torch.rand(2, 3, 32, 32, generator=generator) > 0.5
    return {
        **images,
        "chroma": torch.full((2, 2, 32, 32), 128 / 255),
        "visible_masks": masks.float(),
        "infrared_masks": masks.float(),
        "semantics": torch.ones(2, 32, 32, dtype=torch.long),
        "key": ["a", "b"],
    }


def training(**options: Any) -> SageTraining:
    torch.manual_seed(0)
    student, teacher = SageStudent(8), SageTeacher(3, 8, 8)
    weights: dict[Learner, Weights] = {"student": STUDENT, "teacher": TEACHER}
    schedule = options.pop("schedule", Schedule())
    options = {"encoder": Encoder(), "segmenter": Segmenter(), **options}
    return SageTraining(teacher, student, weights, schedule, **options)


def test_the_networks_take_turns_and_make_equally_many_steps() -> None:
    schedule = Schedule(teacher_steps=3)
    turns = [schedule.learner(step) for step in range(9)]
    assert turns[:3] == ["teacher"] * 3
    assert turns[3:] == ["student", "teacher"] * 3
    offline = Schedule(teacher_steps=3, offline=True)
    assert [offline.learner(step) for step in range(3, 7)] == ["student"] * 4


@pytest.mark.parametrize("learner", ["student", "teacher"])
def test_a_step_changes_one_network_and_no_other(learner: str) -> None:
    task = training()
    task.before_step(0 if learner == "student" else 1, 4)
    task.train()
    statistics = {n: b.clone() for n, b in task.student.named_buffers()}
    values = task(batch())
    values["loss"].backward()
    learns = {"student": task.student, "teacher": task.teacher}
    other = learns.pop("teacher" if learner == "student" else "student")
    assert all(p.grad is None for p in other.parameters())
    assert any(p.grad is not None for p in learns[learner].parameters())
    moved = any(not torch.equal(b, statistics[n]) for n, b in task.student.named_buffers())
    assert moved == (learner == "student")
    assert math.isfinite(values[f"loss_{learner}"])
    idle = "teacher" if learner == "student" else "student"
    assert math.isnan(values[f"loss_{idle}"]) and math.isnan(values[f"{idle}_gradient"])


def test_the_same_names_are_recorded_in_every_step() -> None:
    task = training(schedule=Schedule(teacher_steps=1))
    names = []
    for step in range(3):
        task.before_step(step, 4)
        names.append(list(task(batch())))
    assert names[0] == names[1] == names[2]
    assert "teacher_segmentation" in names[0] and "student_contrast" in names[0]


def test_terms_can_be_left_out() -> None:
    task = training(encoder=None, segmenter=None)
    names = task(batch())
    assert not [name for name in names if "segmentation" in name or "contrast" in name]


def test_carried_weights_begin_with_the_mean_of_both_images() -> None:
    torch.manual_seed(0)
    teacher, student = SageTeacher(2, 16), SageStudent(16)
    carry_through(teacher)
    carry_through(student)
    visible, infrared = torch.rand(2, 1, 1, 64, 64)
    with torch.no_grad():
        guided = teacher(visible, infrared, *(x.expand(1, 2, 64, 64) for x in (visible, infrared)))
        fused = student(visible, infrared)
    torch.testing.assert_close(guided.image, (visible + infrared) / 2)
    scaled = [(x - x.mean()) / x.std() for x in (visible, infrared)]
    pair = torch.stack([fused.flatten(), (scaled[0] + scaled[1]).flatten()])
    assert torch.corrcoef(pair)[0, 1] > 0.99


def test_settled_statistics_are_those_of_all_batches() -> None:
    student = SageStudent(4)
    batches = [batch() for _ in range(3)]
    settle(student, batches)
    convolution, norm = list(student.stages[0].children())[:2]
    pair = torch.cat([batches[0]["visible"], batches[0]["infrared"]], 1)
    seen = convolution(pair).mean((0, 2, 3))
    torch.testing.assert_close(norm.running_mean, seen)
    assert norm.momentum == 0.1 and not student.training


def test_uniform_probabilities_lose_log_of_the_classes() -> None:
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    uniform = torch.full((1, 5, 4, 4), 1 / 5)
    assert segmentation_loss(uniform, labels).item() == pytest.approx(math.log(5), abs=1e-5)
    assert segmentation_loss(uniform, labels + UNKNOWN).item() == 0


def test_labels_are_matched_by_name() -> None:
    table = table_of(["", "car", "curb"], ["road", "car"])
    assert table[:3].tolist() == [UNKNOWN, 1, UNKNOWN]
    with pytest.raises(ParamsError, match="none of tree is among"):
        table_of(["tree"], ["road", "car"])
