"""SAGE's student for use: normalisation folded into convolutions, activations fused with them.

On a processor oneDNN computes a convolution and its activation in one pass over memory, which is
what fusion of large images waits for; pixels lie channels last.
"""

import copy
from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from twinband.fusion.student import LEAST_PX, SLOPE, SageStudent, beside, check_pair


class FastStudent(nn.Module):
    """Fuses as the student in evaluation mode does, without gradients.

    Args:
        student: trained; it is left as it is.
        dtype: of the computation: float32 differs from the student by rounding alone; bfloat16 is
            faster on processors and GPUs that have it, and rarely more than a grey level off.
    """

    def __init__(self, student: SageStudent, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        self.stages = nn.ModuleList(nn.ModuleList(folded(stage)) for stage in student.stages)
        self.merges = nn.ModuleList(layer for merge in student.merges for layer in folded(merge))
        self.head = copy.deepcopy(student.head)
        self.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.requires_grad_(False)

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Fuse luma and infrared in [0, 1], ``B,1,H,W`` each; the result lies in [-1, 1]."""
        check_pair(visible, infrared, LEAST_PX)
        pair = torch.cat([visible, infrared], 1).to(self.head.weight.dtype)
        full = self._stage(0, pair.contiguous(memory_format=torch.channels_last))
        half = self._stage(1, F.max_pool2d(full, 2))
        quarter = self._stage(2, F.max_pool2d(half, 2))
        up_half = self._stage(3, _activated(self.merges[0], beside(quarter, half)))
        up_full = self._stage(4, _activated(self.merges[1], beside(up_half, full)))
        fused: Tensor = self.head(up_full).to(visible.dtype).tanh()
        return fused

    def _stage(self, number: int, x: Tensor) -> Tensor:
        layers: Iterable[nn.Module] = self.stages[number]  # type: ignore[assignment]
        for layer in layers:
            x = _activated(layer, x)
        return x


def folded(layers: nn.Module) -> list[nn.Conv2d]:
    """Fold the statistics of normalisation into the convolutions before: copies of these.

    Args:
        layers: convolution, normalisation, activation, and so on.
    """
    convolutions = [layer for layer in layers.modules() if isinstance(layer, nn.Conv2d)]
    statistics = [layer for layer in layers.modules() if isinstance(layer, nn.BatchNorm2d)]
    # frozen copies: the layers themselves may still be training
    pairs = zip(copy.deepcopy(convolutions), copy.deepcopy(statistics), strict=True)
    return [fuse_conv_bn_eval(c.eval(), normalisation.eval()) for c, normalisation in pairs]


def _fuses(x: Tensor) -> bool:
    """Tell if oneDNN is there for this tensor: older processors have it for fp32 alone."""
    if x.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return False
    supported: bool = x.dtype == torch.float32 or torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return supported


def _activated(convolution: nn.Module, x: Tensor) -> Tensor:
    """Convolve and activate; on a processor at once, but not in what is exported to others."""
    assert isinstance(convolution, nn.Conv2d)
    if not _fuses(x) or torch.compiler.is_exporting():
        return F.leaky_relu_(convolution(x), SLOPE)
    fused: Tensor = torch.ops.mkldnn._convolution_pointwise(
        x,
        convolution.weight,
        convolution.bias,
        convolution.padding,
        convolution.stride,
        convolution.dilation,
        convolution.groups,
        "leaky_relu",
        [SLOPE],
        "",
    )
    return fused
