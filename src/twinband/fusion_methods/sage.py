"""SAGE's student, which stage ``distill_fusion`` trains.

Source: Wu et al., Every SAM Drop Counts, CVPR 2025 (spec sage, 4).
"""

from twinband.fusion.fast import FastStudent
from twinband.fusion.network import NetworkFusion
from twinband.fusion.student import SageStudent

STRIDE, REACH = 4, 40  # pixels; it looks 37 to either side


class SageFusion(NetworkFusion):
    """SAGE's student; chroma of 127.5 counts as grey, as in its published images."""

    neutral = 0.5

    def __init__(self, student: SageStudent) -> None:
        super().__init__(FastStudent(student), STRIDE, REACH)


def network(width: int = 32) -> SageStudent:
    """Make a student of ``width`` channels."""
    return SageStudent(width)


def opened(student: SageStudent) -> SageFusion:
    """Make a method of fusion of a trained student."""
    return SageFusion(student)
