"""Fusion by a network, of images of any size, in tiles where they are large.

A tile sees as much of the image around it as the network can look, so that the tiled result is the
untiled one.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from twinband.fusion.interface import Fusion, Grey

MOST_PIXELS = 1 << 21  # at once: about 1 GB for SAGE's student
Span = tuple[int, int]


class NetworkFusion(Fusion):
    """A network of luma and infrared, ``B,1,H,W`` in [0, 1] each.

    Args:
        network: in evaluation mode.
        stride: sides are padded to multiples of it, by repeating the edge, and cut again.
        reach: pixels that an output looks to either side, a multiple of ``stride``.
        most_pixels: of a tile with what it sees around it; larger images are fused in tiles.
    """

    def __init__(
        self, network: nn.Module, stride: int, reach: int, most_pixels: int = MOST_PIXELS
    ) -> None:
        self.network = network.eval()
        self.stride = stride
        self.reach = reach
        side = int(most_pixels**0.5) // stride * stride - 2 * reach
        self._tile_px = max(side, 4 * stride)
        self._most_pixels = most_pixels

    @torch.inference_mode()
    def fuse_luma(self, visible: Grey, infrared: Grey) -> Grey:
        height, width = visible.shape
        padding = [(0, -side % self.stride) for side in (height, width)]
        pair = torch.from_numpy(np.stack([np.pad(i, padding, "edge") for i in (visible, infrared)]))
        whole = pair.shape[1] * pair.shape[2] <= self._most_pixels
        fused = self._run(pair) if whole else self._tiled(pair)
        return fused.numpy()[:height, :width]

    def _tiled(self, pair: Tensor) -> Tensor:
        fused = torch.empty(pair.shape[1:])
        for rows, seen_rows in self._spans(pair.shape[1]):
            for columns, seen_columns in self._spans(pair.shape[2]):
                tile = self._run(pair[:, slice(*seen_rows), slice(*seen_columns)])
                top, left = rows[0] - seen_rows[0], columns[0] - seen_columns[0]
                fused[slice(*rows), slice(*columns)] = tile[
                    top : top + rows[1] - rows[0], left : left + columns[1] - columns[0]
                ]
        return fused

    def _spans(self, length: int) -> Iterator[tuple[Span, Span]]:
        """Cut a side into tiles; with each what it sees."""
        for begin in range(0, length, self._tile_px):
            end = min(begin + self._tile_px, length)
            yield (begin, end), (max(begin - self.reach, 0), min(end + self.reach, length))

    def _run(self, pair: Tensor) -> Tensor:
        image: Tensor = self.network(pair[None, :1], pair[None, 1:])
        return image[0, 0]
