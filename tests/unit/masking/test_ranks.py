"""Two processes with different data hold equal state, that of one process with all the data."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import distributed
from torch.multiprocessing.spawn import spawn

from tests.unit.masking.test_samplers import LENGTH, batch
from twinband.masking import Sampler, build

ARMS: dict[str, dict[str, Any]] = {
    "random": {"name": "random"},
    "cmss": {"name": "cmss", "norm": "quantile"},
    "gmm_cmss": {"name": "gmm_cmss", "norm": "running_max", "initial": "quantiles"},
    "contiguous": {"name": "gmm_cmss", "mixture_scope": "image_contiguous"},
}
STEPS, ROWS = 30, 8


def run(sampler: Sampler, rank: int, size: int) -> dict[str, torch.Tensor]:
    """Train on every ``size``-th image; the last choice and the state."""
    for step in range(STEPS):
        sampler.advance(step / STEPS)
        visible = sampler(*(tokens[rank::size] for tokens in batch(step, rows=ROWS)))
        # The losses that all images have together are the mean of what ranks have.
        losses = torch.tensor([1.3, 1.1]) + 0.05 * step * torch.tensor([0.1, 0.0])
        offset = 0.0 if size == 1 else 0.4 * (rank - 0.5)
        sampler.observe(losses[0] + offset, losses[1] - offset)
    state = sampler.state_dict()
    if rank == 0:  # to evaluate on one rank alone waits for nobody
        sampler.eval()(*batch(0, rows=2))
    return {"rgb": visible.rgb, "thermal": visible.thermal, **state}


def worker(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo",
        init_method=f"file://{folder}/meet",
        rank=rank,
        world_size=2,
        timeout=timedelta(seconds=60),
    )
    found = {arm: run(build(patches=LENGTH, **ARMS[arm]), rank, 2) for arm in ARMS}
    torch.save(found, Path(folder) / f"rank{rank}.pt")
    distributed.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, dict[str, torch.Tensor]]]:
    folder = tmp_path_factory.mktemp("ranks")
    spawn(worker, (str(folder),), nprocs=2)
    return [torch.load(folder / f"rank{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("arm", ARMS)
def test_state_is_equal_on_both_ranks_and_that_of_one_rank_with_all_data(
    ranks: list[dict[str, dict[str, torch.Tensor]]], arm: str
) -> None:
    one, other = (rank[arm] for rank in ranks)
    alone = run(build(patches=LENGTH, **ARMS[arm]), 0, 1)
    for key in alone.keys() - {"rgb", "thermal"}:
        assert torch.equal(one[key], other[key]), key
        torch.testing.assert_close(one[key], alone[key], rtol=1e-4, atol=1e-5)
    for key in ("rgb", "thermal"):
        assert not torch.equal(one[key], other[key])
        together = torch.stack([one[key], other[key]], 1).flatten(0, 1)
        # Sums over two ranks round otherwise, which may tip a target at a midpoint.
        assert (together == alone[key]).float().mean() > 0.97
