"""CMSS by hand-made cases; two ranks hold equal state, that of one process with all the data."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, distributed
from torch.multiprocessing.spawn import spawn

from tests.unit.arms.test_arms import LENGTH, batch
from twinband.masking.measure import RunningMaximum, cmss, cmss_raw
from twinband.networks.sampler import Sampler
from twinband.pretraining.start import open_arm

ARMS: dict[str, dict[str, Any]] = {
    "random": {"name": "random"},
    "cmss": {"name": "cmss", "norm": "quantile"},
    "gmm_cmss": {"name": "gmm_cmss", "norm": "running_max", "initial": "quantiles"},
    "contiguous": {"name": "gmm_cmss", "mixture_scope": "image_contiguous"},
    "parity": {"name": "gmm_cmss", "parity": "reference"},
    "entropy": {"name": "entropy"},
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
    states = {arm: run(open_arm(patches=LENGTH, **ARMS[arm]), rank, 2) for arm in ARMS}
    torch.save(states, Path(folder) / f"rank{rank}.pt")
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
    alone = run(open_arm(patches=LENGTH, **ARMS[arm]), 0, 1)
    for key in alone.keys() - {"rgb", "thermal"}:
        assert torch.equal(one[key], other[key]), key
        torch.testing.assert_close(one[key], alone[key], rtol=1e-4, atol=1e-5)
    for key in ("rgb", "thermal"):
        assert not torch.equal(one[key], other[key])
        together = torch.stack([one[key], other[key]], 1).flatten(0, 1)
        # Sums over two ranks round otherwise, which may tip a target at a midpoint.
        assert (together == alone[key]).float().mean() > 0.97


THERMAL = torch.tensor([[[1.0, 2, 3, 4], [2, -1, 0, 3]]])
RGB = torch.tensor([[[2.0, 2, 3, 5], [-1, 2, 1, 0]]])


def tokens(seed: int, rows: int = 3, length: int = 20, features: int = 16) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    one, other = torch.randn(2, rows, length, features, generator=generator)
    return one, other


@pytest.mark.parametrize(
    ("variance", "raw", "normalised"),
    [
        ("product", [0.298949, 0.0955497], [1.0, 0.319618]),
        ("first_squared", [0.358739, 0.0477748], [1.0, 0.133174]),
    ],
)
def test_the_worked_example(variance: str, raw: list[float], normalised: list[float]) -> None:
    values = cmss_raw(RGB, THERMAL, variance=variance)  # type: ignore[arg-type]
    torch.testing.assert_close(values, torch.tensor([raw]), atol=1e-6, rtol=0)
    values = cmss(RGB, THERMAL, variance=variance)  # type: ignore[arg-type]
    torch.testing.assert_close(values, torch.tensor([normalised]), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    "offsets", [(0, 0), (1.9, -1.9), (3, -3), (100, 100), (100, -100), (0, 100)]
)
@pytest.mark.parametrize("features", [16, 768])
def test_it_agrees_with_the_definition_in_double_precision_over_several_chunks(
    offsets: tuple[float, float], features: int
) -> None:
    """Means a hundred standard deviations from 0, of either sign, cost no digits."""
    pair = tokens(0, rows=7, length=40, features=features)
    rgb, thermal = (part + offset for part, offset in zip(pair, offsets, strict=True))
    one, other = rgb.double(), thermal.double()
    similarity = ((torch.cosine_similarity(one, other, dim=-1) + 1) / 2).sqrt()
    for divisor, settings in (
        (one.var(-1) * other.var(-1), {}),
        (other.var(-1).square(), {"variance": "first_squared"}),
        (one.var(-1).square(), {"variance": "first_squared", "first": "rgb"}),
    ):
        values = cmss_raw(rgb, thermal, **settings).double()  # type: ignore[arg-type]
        torch.testing.assert_close(values, similarity / divisor, rtol=1e-5, atol=0)


def test_identities() -> None:
    rgb, thermal = tokens(1)
    values = cmss(rgb, thermal)
    assert values.max() == 1 and values.min() > 0
    first = cmss(rgb, thermal, variance="first_squared")
    torch.testing.assert_close(cmss(rgb * 3, thermal, variance="first_squared"), first)
    torch.testing.assert_close(cmss(rgb * 3, thermal), values)
    torch.testing.assert_close(cmss(thermal, rgb), values)
    assert not torch.allclose(cmss(thermal, rgb, variance="first_squared"), first)


def test_it_is_detached_fp32_whatever_comes_in() -> None:
    rgb, thermal = tokens(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        values = cmss(rgb.requires_grad_(), thermal)
    assert not values.requires_grad and values.dtype == torch.float32
    torch.testing.assert_close(values, cmss(rgb, thermal), rtol=0, atol=0)
    assert cmss(rgb.bfloat16(), thermal.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("norm", ["batch_max", "quantile", "running_max"])
def test_degenerate_patches_are_defined(norm: str) -> None:
    rgb, thermal = tokens(3)
    rgb[0, 0] = 3.3  # flat
    thermal[0, 0] = 3.3
    rgb[0, 1] = 0.0
    rgb[0, 2, 5] = torch.nan
    thermal[1, 3, 0] = torch.inf
    rgb[1, 4] = 1e30
    values = cmss(rgb, thermal, norm=norm, state=RunningMaximum())  # type: ignore[arg-type]
    assert values.isfinite().all() and values.min() >= 0 and values.max() == 1
    assert values[0, 0] == 1
    assert values[0, 2] == 0 and values[1, 3] == 0 and values[1, 4] == 0
    # A zero token has cosine 0 and the least variance.
    expected = 0.5**0.5 / (1e-6 * thermal[0, 1].var())
    torch.testing.assert_close(cmss_raw(rgb, thermal)[0, 1], expected, rtol=1e-5, atol=0)


def test_a_batch_without_any_good_patch_is_zero() -> None:
    broken = torch.full((2, 3, 4), torch.nan)
    assert (cmss(broken, broken) == 0).all()
    assert cmss(torch.zeros(0, 3, 4), torch.zeros(0, 3, 4)).shape == (0, 3)


def test_constant_images_all_are_one() -> None:
    constant = torch.full((2, 5, 8), 0.7)
    assert (cmss(constant, constant) == 1).all()


def test_quantile_norm_is_not_ruled_by_one_flat_patch() -> None:
    rgb, thermal = tokens(4, rows=10, length=200)
    rgb[0, 0] = thermal[0, 0] = 1.0
    assert cmss(rgb, thermal).median() < 1e-3
    values = cmss(rgb, thermal, norm="quantile")
    assert values.median() > 0.05 and (values == 1).sum() == 3  # 0.001 of 2000, and the quantile


def test_a_running_maximum_remembers_and_slowly_forgets() -> None:
    rgb, thermal = tokens(5)
    state = RunningMaximum(decay=0.5)
    high = cmss(rgb / 2, thermal, norm="running_max", state=state)
    low = cmss(rgb, thermal, norm="running_max", state=state)
    assert high.max() == 1
    torch.testing.assert_close(low, cmss(rgb, thermal) * 0.5, rtol=1e-5, atol=0)
    before = state.maximum.clone()
    state.eval()
    cmss(rgb / 10, thermal, norm="running_max", state=state)
    assert state.maximum == before


def test_wrong_arguments_are_named() -> None:
    rgb, thermal = tokens(6)
    with pytest.raises(ValueError, match=r"\[3, 19, 16\]"):
        cmss(rgb[:, :19], thermal)
    with pytest.raises(ValueError, match="at least 2 features"):
        cmss(rgb[..., :1], thermal[..., :1])
    with pytest.raises(ValueError, match="RunningMaximum"):
        cmss(rgb, thermal, norm="running_max")
    with pytest.raises(ValueError, match="'mean'"):
        cmss(rgb, thermal, norm="mean")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'second'"):
        cmss(rgb, thermal, variance="second")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="decay"):
        RunningMaximum(0)
