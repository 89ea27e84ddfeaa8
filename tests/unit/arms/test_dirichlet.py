"""MultiMAE's masking (spec multimae, 2.3 and the tests 1 and 2 of its section 10)."""

import numpy as np
import pytest
import torch
from torch import Tensor

from twinband.arms.dirichlet import Arm

PATCHES, KEPT = 196, 98
THREE = ("rgb", "depth", "semseg")


def present(rows: int, names: tuple[str, ...] = THREE) -> dict[str, Tensor]:
    return {name: torch.ones(rows, dtype=torch.bool) for name in names}


def counts(arm: Arm, given: dict[str, Tensor]) -> Tensor:
    """Visible patches ``B,M`` of each modality."""
    visible = arm(given)
    assert list(visible) == list(given)
    assert all(v.dtype == torch.bool and v.shape[1] == PATCHES for v in visible.values())
    return torch.stack([v.sum(1) for v in visible.values()], 1)


def test_exactly_a_sixth_is_visible_shared_evenly_in_the_mean_and_differently_by_row() -> None:
    found = counts(Arm(PATCHES), present(4096))
    assert (found.sum(1) == KEPT).all()
    mean = found.double().mean(0)
    assert ((mean - 32.67).abs() < 1.1).all()  # four standard errors, 0.36 each
    assert len(found.unique(dim=0)) > 1000
    none = (found == 0).double().mean(0)
    assert ((none > 0.004) & (none < 0.02)).all()  # about 1 %
    assert 0.02 < float((found.max(1).values > 0.9 * KEPT).double().mean()) < 0.04


def test_counts_are_the_rounded_shares_but_for_one() -> None:
    arm, given = Arm(PATCHES, seed=3), present(500)
    drawn, _ = Arm(PATCHES, seed=3)._shares(np.ones((500, 3), np.bool_), list(THREE))
    shares = torch.from_numpy(drawn)
    assert torch.allclose(shares.sum(1), torch.ones(500, dtype=torch.float64))
    off = counts(arm, given) - (KEPT * shares).round()
    assert off.abs().max() <= 1
    changed = (off != 0).any(1).double().mean()
    assert 0.18 < float(changed) < 0.32  # a quarter of the sums are 97 or 99


def test_small_alpha_gives_all_to_one_modality_and_a_large_one_equal_shares() -> None:
    small = counts(Arm(PATCHES, alpha=1e-2), present(4096))
    assert 0.88 < float((small.max(1).values == KEPT).double().mean()) < 0.92
    tiny = counts(Arm(PATCHES, alpha=1e-4), present(1000))  # no underflow
    assert float((tiny.max(1).values == KEPT).double().mean()) > 0.98
    large = counts(Arm(PATCHES, alpha=1e4), present(4000))
    assert large.min() >= 31 and large.max() <= 35


def test_visible_patches_of_a_modality_are_random() -> None:
    visible = Arm(PATCHES, alpha=1e4)(present(3000))["rgb"]
    share = visible.double().mean(0)
    assert ((share - 1 / 6).abs() < 5 * (5 / 36 / 3000) ** 0.5).all()


def test_a_modality_that_a_sample_lacks_gets_none() -> None:
    given = present(200)
    given["depth"][::2] = False
    found = counts(Arm(PATCHES), given)
    assert (found.sum(1) == KEPT).all()
    assert (found[::2, 1] == 0).all() and found[1::2, 1].double().mean() > 20


def test_subsets() -> None:
    uniform = counts(Arm(PATCHES, subsets="uniform"), present(3500)) > 0
    alone = (uniform.sum(1) == 1).double().mean()
    assert 3 / 7 - 0.03 < float(alone) < 3 / 7 + 0.05  # some shares round to 0
    names = ("rgb", "thermal", "depth", "semseg")
    extra = counts(Arm(PATCHES, subsets="one_extra"), present(600, names)) > 0
    assert not (extra[:, 2] & extra[:, 3]).any()
    assert (extra[:, :2].double().mean(0) > 0.95).all()
    assert (extra[:, 2:].double().mean(0) > 0.4).all()
    given = present(50, names)
    given["depth"][:] = False
    given["semseg"][:] = False
    assert (counts(Arm(PATCHES, subsets="one_extra"), given).sum(1) == 130).all()


def test_k_by_parameter_and_by_ratio() -> None:
    assert (counts(Arm(PATCHES, visible=50), present(9)).sum(1) == 50).all()
    assert (counts(Arm(PATCHES, mask_ratio=0.75), present(9)).sum(1) == 147).all()
    assert (counts(Arm(PATCHES), present(9, ("rgb", "thermal"))).sum(1) == 65).all()
    full = counts(Arm(PATCHES, visible=3 * PATCHES), present(2))
    assert (full == PATCHES).all()


def test_draws_depend_on_seed_and_step_alone() -> None:
    def steps(arm: Arm) -> list[Tensor]:
        found = []
        for step in range(3):
            arm.advance(step / 2)
            found.append(torch.stack(list(arm(present(4)).values())))
        return found

    first, again, other = steps(Arm(PATCHES)), steps(Arm(PATCHES)), steps(Arm(PATCHES, seed=1))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], first[1]) and not torch.equal(first[0], other[0])
    resumed = Arm(PATCHES)
    begun = Arm(PATCHES)
    begun.advance(0)
    resumed.load_state_dict(begun.state_dict())
    resumed.advance(0.5)
    assert torch.equal(torch.stack(list(resumed(present(4)).values())), first[1])


def test_wrong_values_are_named() -> None:
    with pytest.raises(ValueError, match=r"alpha > 0, not 0\.83\d+, 0 and 0"):
        Arm(PATCHES, alpha=0)
    with pytest.raises(ValueError, match="must be all, uniform or one_extra, not 'some'"):
        Arm(PATCHES, subsets="some")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="600 visible patches of 588 that a sample has"):
        Arm(PATCHES, visible=600)(present(2))
