import pytest
import torch
from torch import Tensor

from twinband.sparsity import RunningMaximum, cmss, cmss_raw

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
    found = cmss_raw(RGB, THERMAL, variance=variance)
    torch.testing.assert_close(found, torch.tensor([raw]), atol=1e-6, rtol=0)
    found = cmss(RGB, THERMAL, variance=variance)
    torch.testing.assert_close(found, torch.tensor([normalised]), atol=1e-6, rtol=0)


def test_it_agrees_with_the_definition_in_double_precision_over_several_chunks() -> None:
    rgb, thermal = tokens(0, rows=7, length=400)
    one, other = rgb.double() + 2, thermal.double() - 3
    cosine = torch.cosine_similarity(one, other, dim=-1)
    raw = ((cosine + 1) / 2).sqrt() / (one.var(-1) * other.var(-1))
    torch.testing.assert_close(cmss_raw(rgb + 2, thermal - 3), raw.float(), rtol=1e-4, atol=0)


def test_identities() -> None:
    rgb, thermal = tokens(1)
    found = cmss(rgb, thermal)
    assert found.max() == 1 and found.min() > 0
    first = cmss(rgb, thermal, variance="first_squared")
    torch.testing.assert_close(cmss(rgb * 3, thermal, variance="first_squared"), first)
    torch.testing.assert_close(cmss(rgb * 3, thermal), found)
    torch.testing.assert_close(cmss(thermal, rgb), found)
    assert not torch.allclose(cmss(thermal, rgb, variance="first_squared"), first)


def test_it_is_detached_fp32_whatever_comes_in() -> None:
    rgb, thermal = tokens(2)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = cmss(rgb.requires_grad_(), thermal)
    assert not found.requires_grad and found.dtype == torch.float32
    torch.testing.assert_close(found, cmss(rgb, thermal), rtol=0, atol=0)
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
    found = cmss(rgb, thermal, norm=norm, state=RunningMaximum())
    assert found.isfinite().all() and found.min() >= 0 and found.max() == 1
    assert found[0, 0] == 1
    assert found[0, 2] == 0 and found[1, 3] == 0 and found[1, 4] == 0
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
    found = cmss(rgb, thermal, norm="quantile")
    assert found.median() > 0.05 and (found == 1).sum() == 3  # 0.001 of 2000, and the quantile


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
        cmss(rgb, thermal, norm="mean")
    with pytest.raises(ValueError, match="'second'"):
        cmss(rgb, thermal, variance="second")
    with pytest.raises(ValueError, match="decay"):
        RunningMaximum(0)
