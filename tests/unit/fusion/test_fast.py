"""The student for use computes what the student computes."""

import pytest
import torch

from tests.unit.fusion.test_networks import settled
from twinband.fusion.fast import FastStudent
from twinband.fusion.student import SageStudent


@pytest.mark.parametrize("size", [(64, 96), (37, 51)])
def test_it_is_equal_but_for_rounding(size: tuple[int, int]) -> None:
    student = settled(SageStudent(8), scale=0.2)
    visible, infrared = torch.rand(2, 1, 1, *size, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = student(visible, infrared)
        fast = FastStudent(student)  # type: ignore[arg-type]
        torch.testing.assert_close(fast(visible, infrared), expected, atol=1e-5, rtol=0)
        half = FastStudent(student, torch.bfloat16)  # type: ignore[arg-type]
        found = half(visible, infrared)  # on processors without bfloat16 too
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, expected, atol=0.05, rtol=0)


def test_the_student_stays_as_it_is() -> None:
    student = SageStudent(8).train()
    FastStudent(student)
    assert student.training and all(p.requires_grad for p in student.parameters())
    assert len(list(student.stages[0].children())) == 9
