"""SeAFusion's network: two streams of gradient residual blocks, and a decoder.

Source: Tang et al., Image fusion in the loop of high-level vision tasks, Information Fusion 2022
(spec sage, 14). Names of parameters are the published ones. The decoder's layers own a batch
normalisation that the published forward pass never applies; it is kept, unused, so that published
weights load strictly.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twinband.fusion.student import check_pair

LEAKY, LEAKY_SUM = 0.2, 0.1
SOBEL = ((1.0, 0.0, -1.0), (2.0, 0.0, -2.0), (1.0, 0.0, -1.0))
WIDTHS = (16, 32, 48)


class SeaFusion(nn.Module):
    """Fuses luma and infrared, ``B,1,H,W`` in [0, 1] each, into [0, 1]."""

    def __init__(self) -> None:
        super().__init__()
        for stream in ("vis", "inf"):
            self.add_module(f"{stream}_conv", _Layer(1, WIDTHS[0]))
            self.add_module(f"{stream}_rgbd1", _GradientBlock(WIDTHS[0], WIDTHS[1]))
            self.add_module(f"{stream}_rgbd2", _GradientBlock(WIDTHS[1], WIDTHS[2]))
        self.decode4 = _Layer(2 * WIDTHS[2], 64, normalised=True)
        self.decode3 = _Layer(64, 32, normalised=True)
        self.decode2 = _Layer(32, 16, normalised=True)
        self.decode1 = _Layer(16, 1, normalised=True)

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Fuse.

        Raises:
            ValueError: images of different sizes.
        """
        check_pair(visible, infrared, 1)
        streams = []
        for name, image in (("vis", visible), ("inf", infrared)):
            x = F.leaky_relu(self.get_submodule(f"{name}_conv")(image), LEAKY)
            x = self.get_submodule(f"{name}_rgbd1")(x)
            streams.append(self.get_submodule(f"{name}_rgbd2")(x))
        x = torch.cat(streams, 1)
        for layer in (self.decode4, self.decode3, self.decode2):
            x = F.leaky_relu(layer(x), LEAKY)
        return self.decode1(x).tanh() / 2 + 0.5


class _Layer(nn.Module):
    """A convolution of 3 x 3, or of ``size``."""

    def __init__(
        self, inputs: int, outputs: int, size: int = 3, *, normalised: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, size, padding=size // 2)
        if normalised:
            self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class _Sobel(nn.Module):
    """Strength of the gradient of each channel, by learnt kernels that start as Sobel's."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convx = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.convy = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        kernel = torch.tensor(SOBEL)
        with torch.no_grad():
            self.convx.weight.copy_(kernel.expand_as(self.convx.weight))
            self.convy.weight.copy_(kernel.T.expand_as(self.convy.weight))

    def forward(self, x: Tensor) -> Tensor:
        return self.convx(x).abs() + self.convy(x).abs()


class _Dense(nn.Module):
    """``c`` to ``3c`` channels, each layer beside all before it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = _Layer(channels, channels)
        self.conv2 = _Layer(2 * channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([x, F.leaky_relu(self.conv1(x), LEAKY)], 1)
        return torch.cat([x, F.leaky_relu(self.conv2(x), LEAKY)], 1)


class _GradientBlock(nn.Module):
    """A dense part and a gradient part, added up."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = _Dense(inputs)
        self.convdown = _Layer(3 * inputs, outputs, 1)
        self.sobelconv = _Sobel(inputs)
        self.convup = _Layer(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        dense, gradient = self.convdown(self.dense(x)), self.convup(self.sobelconv(x))
        return F.leaky_relu(dense + gradient, LEAKY_SUM)
