"""First weights by which both images pass through a network unchanged, beside random features.

A network of fusion that starts at random spends its first hundreds of steps on learning to repeat
its input. Here some channels of every layer carry the two images from the start, so that it begins
with their mean and learns what is better than that; all other weights stay random.

The student normalises every layer, so that half of a carried image would be negative and lost in
its activations: it carries the negatives too (looks-linear weights: Balduzzi et al., The Shattered
Gradients Problem, 2017).
"""

import torch
from torch import Tensor, nn

from twinband.fusion.student import SageStudent
from twinband.fusion.teacher import SageTeacher

SOURCES = 2
CONTRAST = 0.1  # of the student's first image: deviations of a carried image, either one
LEVEL = 0.4  # its mean


@torch.no_grad()
def carry_through(network: SageStudent | SageTeacher) -> None:
    """Set the carriers' weights."""
    if isinstance(network, SageTeacher):
        _through_teacher(network)
    else:
        _through_student(network)


def _through_teacher(teacher: SageTeacher) -> None:
    identity = torch.eye(SOURCES)
    for convolution in _convolutions(teacher.stem):
        _set(convolution, identity)
    first, *middle, last = _convolutions(teacher.head)
    _set(first, identity, offset=first.in_channels - first.in_channels // 3)
    for convolution in middle:
        _set(convolution, identity)
    last.weight.zero_()
    _set(last, torch.full((1, SOURCES), 1 / SOURCES))


def _through_student(student: SageStudent) -> None:
    signs = torch.tensor([[1.0, 0], [-1, 0], [0, 1], [0, -1]])  # visible, its negative, infrared, …
    again = signs @ signs.T  # of a pair p, n: p - n
    for number, stage in enumerate(student.stages):
        for place, convolution in enumerate(_convolutions(stage)):
            _set(convolution, signs if (number, place) == (0, 0) else again)
    for merge in student.merges:
        (convolution,) = _convolutions(merge)
        _set(convolution, again, offset=convolution.in_channels // 2)
    student.head.weight.zero_()
    _set(student.head, CONTRAST * signs.sum(1)[None])
    assert student.head.bias is not None
    student.head.bias.fill_(LEVEL)


def _convolutions(layers: nn.Module) -> list[nn.Conv2d]:
    return [layer for layer in layers.modules() if isinstance(layer, nn.Conv2d)]


def _set(convolution: nn.Conv2d, mixed: Tensor, offset: int = 0) -> None:
    """Make the first outputs a mixture of some inputs, those from ``offset`` on, alone.

    Args:
        mixed: ``outputs,inputs``.
    """
    outputs, inputs = mixed.shape
    centre = convolution.kernel_size[0] // 2
    convolution.weight[:outputs] = 0
    convolution.weight[:outputs, offset : offset + inputs, centre, centre] = mixed
    if convolution.bias is not None:
        convolution.bias[:outputs] = 0
