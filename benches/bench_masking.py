"""The greedy choice of patches against a loop that sorts all distances, and complete samplers.

Times are the least of several repetitions, taken in turns; the choices are checked to be equal.
"""

import torch
from torch import Tensor

from benches._record import record
from benches.bench_sparsity import least_ms
from twinband.masking.draws import nearest_without_replacement
from twinband.masking.measure import cmss
from twinband.pretraining.start import open_arm

BATCH, LENGTH, FEATURES, KEPT = 128, 196, 768, 19


def sorting_loop(similarity: Tensor, targets: Tensor) -> Tensor:
    """Choose patches by a full sort for every target."""
    free = similarity.clone()
    rows = torch.arange(len(free))
    kept = []
    for column in range(targets.shape[1]):
        order = (free - targets[:, column : column + 1]).abs().argsort(dim=1, stable=True)
        kept.append(order[:, 0])
        free[rows, order[:, 0]] = torch.inf
    return torch.stack(kept, 1)


def main() -> None:
    """Measure and record."""
    generator = torch.Generator().manual_seed(0)
    similarity = torch.rand(BATCH, LENGTH, generator=generator)
    targets = torch.randn(BATCH, KEPT, generator=generator) * 0.15 + 0.4
    ours = nearest_without_replacement(similarity, targets)
    if not torch.equal(ours, sorting_loop(similarity, targets)):
        raise SystemExit("the choice differs from the loop that sorts")
    sorting, greedy = least_ms(
        lambda: sorting_loop(similarity, targets),
        lambda: nearest_without_replacement(similarity, targets),
    )
    figures: dict[str, float | int | str] = {
        "threads": torch.get_num_threads(),
        "sorting_loop_ms": round(sorting, 2),
        "nearest_ms": round(greedy, 3),
        "times_as_fast": round(sorting / greedy, 1),
    }
    rgb, thermal = torch.randn(2, BATCH, LENGTH, FEATURES, generator=generator).unbind()
    samplers = {
        name: open_arm(name, patches=LENGTH) for name in ("random", "entropy", "cmss", "gmm_cmss")
    }
    measure, *sampler_ms = least_ms(
        lambda: cmss(rgb, thermal),
        *(lambda sampler=s: sampler(rgb, thermal) for s in samplers.values()),
    )
    figures["cmss_ms"] = round(measure, 2)
    for name, taken in zip(samplers, sampler_ms, strict=True):
        figures[f"sampler_{name}_ms"] = round(taken, 2)
    record("masking", figures)


if __name__ == "__main__":
    main()
