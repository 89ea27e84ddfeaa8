"""MultiMAE's training steps against a plain implementation of the paper, in one run.

ViT-B/16 on RGB, depth and semantics of 224 px, 98 of 588 tokens visible, four decoders: forward
pass, backward pass and AdamW. Each variant runs in a process of its own with equal weights, images
and masks; they take turns, and ratios are medians over rounds.
"""

import torch
from torch import Tensor

from benches._record import record
from benches._steps import SETTINGS, Step, our_step, plain_step, rows_of, take_turns
from tests.made.plain_multimae import PlainMultiMae
from twinband.networks.build import build
from twinband.networks.masked import MaskedModel

MODALITIES = ("rgb", "depth", "semseg")
LENGTH, KEPT, CLASSES = 196, 98, 133
VARIANTS = ("plain fp32", "ours fp32", "ours bf16")


def inputs(batch: int) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Make images and as many visible patches in every row."""
    generator = torch.Generator().manual_seed(0)
    images = {
        "rgb": torch.randn(batch, 3, 224, 224, generator=generator),
        "depth": torch.rand(batch, 1, 224, 224, generator=generator),
        "semseg": torch.randint(0, CLASSES, (batch, 56, 56), generator=generator),
    }
    order = torch.rand(batch, len(MODALITIES) * LENGTH, generator=generator).argsort(1)
    shown = torch.zeros(order.shape, dtype=torch.bool).scatter(1, order[:, :KEPT], True)
    return images, dict(zip(MODALITIES, shown.split(LENGTH, 1), strict=True))


def steps(variant: str) -> Step:
    """Make one variant's step."""
    torch.manual_seed(0)
    images, visible = inputs(SETTINGS.batch_size)
    if variant == "plain fp32":
        plain = PlainMultiMae(MODALITIES)
        return plain_step(plain, lambda: plain.loss(images, visible))
    model = build("multimae_base", modalities=MODALITIES)
    assert isinstance(model, MaskedModel)
    return our_step(model, lambda: model.loss(images, visible), variant.removeprefix("ours "))


def main() -> None:
    """Measure and record."""
    costs = take_turns("bench_multimae", VARIANTS)
    record("multimae", *rows_of(costs, "plain fp32", "images_s"))


if __name__ == "__main__":
    main()
