"""M-SpecGene's training steps against a plain implementation of the paper, in one run.

ViT-B/16 on pairs of 224 px: 19 and 19, or 10 and 28, of 196 patches of either modality visible, as
before and within the curriculum. The plain one encodes the modalities one after the other, ours
both in one pass where they show as many. Forward pass, backward pass and AdamW; each variant runs
in a process of its own with equal weights, images and masks; they take turns, and ratios are
medians over rounds.
"""

import torch
from torch import Tensor

from benches._record import Figures, record
from benches._steps import SETTINGS, Step, our_step, plain_step, rows_of, take_turns
from tests.made.plain_mspecgene import PlainMSpecGene
from twinband.networks.build import build
from twinband.networks.masked import MaskedModel

LENGTH = 196
COUNTS = {"19+19": (19, 19), "10+28": (10, 28)}
VARIANTS = ("plain fp32", "ours fp32", "ours bf16")


def inputs(batch: int, counts: tuple[int, int]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Make images and as many visible patches in every row."""
    generator = torch.Generator().manual_seed(0)
    images, visible = {}, {}
    for name, count in zip(("rgb", "thermal"), counts, strict=True):
        images[name] = torch.randn(batch, 3, 224, 224, generator=generator)
        order = torch.rand(batch, LENGTH, generator=generator).argsort(1)
        shown = torch.zeros(order.shape, dtype=torch.bool)
        visible[name] = shown.scatter(1, order[:, :count], True)
    return images, visible


def steps(variant: str) -> Step:
    """Make the step of a variant at a count of visible patches, ``VARIANT, COUNTS``."""
    name, _, counts = variant.partition(", ")
    torch.manual_seed(0)
    images, visible = inputs(SETTINGS.batch_size, COUNTS[counts])
    if name == "plain fp32":
        plain = PlainMSpecGene()
        return plain_step(plain, lambda: plain.loss(images, visible))
    model = build("mspecgene_base")
    assert isinstance(model, MaskedModel)
    return our_step(model, lambda: model.loss(images, visible), name.removeprefix("ours "))


def main() -> None:
    """Measure and record."""
    rows: list[Figures] = []
    for counts in COUNTS:
        costs = take_turns("bench_mspecgene", [f"{variant}, {counts}" for variant in VARIANTS])
        rows += rows_of(costs, f"{VARIANTS[0]}, {counts}", "pairs_s")
    record("mspecgene", *rows)


if __name__ == "__main__":
    main()
