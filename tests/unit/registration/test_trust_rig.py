"""One pooled estimate for a rig or sequence."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.made.registered_pairs import shift
from twinband.registration.quality import Status
from twinband.registration.register import Registration
from twinband.registration.trust import Rig, Sample, estimate_rig, spread


def sample(name: str, size: tuple[int, int] = (60, 40)) -> Sample:
    width, height = size
    rgb, thermal = np.zeros((40, 60, 3), np.uint8), np.zeros((height, width), np.uint16)
    return Sample(name, "drive", rgb, thermal)


def pooled(status: Status, agreement: float = 0.25) -> Registration:
    matrix = shift(1 / 3, -7.1)
    return Registration(matrix, matrix.copy(), status, "", 0.5, 0.1, agreement, 7.2)


class Counting:
    """A backend that remembers what it was asked."""

    def __init__(self, answer: Registration | None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def register(self, samples: Sequence[Sample]) -> Registration | None:
        self.asked += [sample.name for sample in samples]
        return self.answer


def test_only_pairs_of_the_first_ones_sizes_are_pooled() -> None:
    backend = Counting(pooled("accepted"))
    samples = [sample("a"), sample("b", (30, 20)), sample("c")]
    rig = estimate_rig(iter(samples), backend)
    assert backend.asked == ["a", "c"] and rig is not None
    assert (rig.rgb_size, rig.thermal_size) == ((60, 40), (60, 40))
    assert rig.registration is backend.answer


def test_a_backend_that_cannot_tell_makes_no_rig() -> None:
    assert estimate_rig([sample("a"), sample("b")], Counting(None)) is None


@pytest.mark.parametrize(
    ("status", "size", "holds"),
    [
        ("accepted", (60, 40), True),
        ("already_aligned", (60, 40), True),
        ("failed", (60, 40), False),
        ("accepted", (30, 20), False),
    ],
)
def test_a_rig_holds_for_pairs_of_its_sizes_unless_it_failed(
    status: Status, size: tuple[int, int], holds: bool
) -> None:
    rig = Rig(pooled(status), (60, 40), (60, 40))
    assert rig.holds_for(sample("a", size)) is holds
    assert not Rig(pooled(status), (61, 40), size).holds_for(sample("a", size))


@pytest.mark.parametrize("agreement", [0.1 + 0.2, math.inf])
def test_a_kept_rig_is_the_same_to_the_last_digit(tmp_path: Path, agreement: float) -> None:
    rig = Rig(pooled("accepted", agreement), (60, 40), (30, 20))
    rig.save(tmp_path / "rigs" / "rig.json")
    again = Rig.load(tmp_path / "rigs" / "rig.json")
    for name in Registration.__dataclass_fields__:
        before, after = getattr(rig.registration, name), getattr(again.registration, name)
        np.testing.assert_array_equal(before, after)
    assert again.registration.matrix.dtype == np.float64
    assert again.registration.matrix.shape == (3, 3)
    assert (again.rgb_size, again.thermal_size) == ((60, 40), (30, 20))
    assert again.holds_for(sample("a", (30, 20)))


def test_pairs_to_pool_are_spread_over_the_whole_sequence() -> None:
    keys = [f"{number:03d}" for number in range(101)]
    assert spread(keys, 5) == ["000", "025", "050", "075", "100"]
    assert spread(keys[:3], 3) == keys[:3]
    for count in range(2, 40):
        assert len(set(spread(keys[:40], count))) == count
