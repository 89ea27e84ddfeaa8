"""The order of trust: supplied, declared, pooled, single."""

from collections.abc import Sequence

import numpy as np
import pytest

from tests.made.registered_pairs import shift
from tests.made.scenes import scene
from twinband.registration.quality import Status
from twinband.registration.register import Registration
from twinband.registration.trust import Rig, Sample, Trust

RGB, THERMAL = scene(0, 160, 120)
SAMPLE = Sample("drive/7", "drive", RGB, THERMAL)
SIZE = (160, 120)


def found(x: float, status: Status = "accepted") -> Registration:
    matrix = shift(x, 0) if status == "accepted" else np.eye(3)
    return Registration(matrix, shift(x, 0), status, "", 0.5, 0.1, 0.25, abs(x))


class Backend:
    """Answers the same to everything, and counts how often it was asked."""

    def __init__(self, answer: Registration | None) -> None:
        self.answer = answer
        self.calls = 0

    def register(self, samples: Sequence[Sample]) -> Registration | None:
        assert [sample.name for sample in samples] == ["drive/7"]
        self.calls += 1
        return self.answer


def rig(x: float, status: Status = "accepted", size: tuple[int, int] = SIZE) -> Rig:
    return Rig(found(x, status), size, SIZE)


SUPPLIED, NOTHING = Backend(found(1)), Backend(None)


@pytest.mark.parametrize(
    ("calibration", "aligned", "rigs", "source", "x"),
    [
        (SUPPLIED, True, {"drive": rig(2), "": rig(3)}, "supplied", 1),
        (SUPPLIED, False, {}, "supplied", 1),
        (NOTHING, True, {"drive": rig(2), "": rig(3)}, "declared", 0),
        (NOTHING, False, {"drive": rig(2), "": rig(3)}, "sequence", 2),
        (NOTHING, False, {"other": rig(2), "": rig(3)}, "rig", 3),
        (NOTHING, False, {"drive": rig(2, "already_aligned")}, "sequence", 0),
        (NOTHING, False, {"drive": rig(2, "failed"), "": rig(3)}, "rig", 3),
        (NOTHING, False, {"drive": rig(2, "failed")}, "pair", 4),
        (NOTHING, False, {"drive": rig(2, size=(161, 120))}, "pair", 4),
        (NOTHING, False, {"other": rig(2)}, "pair", 4),
        (NOTHING, False, {}, "pair", 4),
    ],
)
def test_the_first_there_is_in_order_of_trust(
    calibration: Backend, aligned: bool, rigs: dict[str, Rig], source: str, x: float
) -> None:
    estimator = Backend(found(4))
    decision = Trust(calibration, aligned, rigs, estimator).decide(SAMPLE)
    assert decision.source == source
    np.testing.assert_array_equal(decision.registration.matrix, shift(x, 0))
    assert estimator.calls == (source == "pair")  # no search where something better is known


def test_a_pair_of_a_rig_is_scored_by_itself() -> None:
    decision = Trust(NOTHING, False, {"": rig(3)}, NOTHING).decide(SAMPLE)
    done = decision.registration
    assert done.forward_backward_px == 0.25 and done.motion_px == 3
    assert 0.1 < done.score < done.score_before  # aligned images, moved by three pixels


def test_a_backend_that_cannot_tell_is_a_failure_with_a_reason() -> None:
    decision = Trust(NOTHING, False, {}, NOTHING).decide(SAMPLE)
    done = decision.registration
    assert (decision.source, done.status, done.reason) == ("pair", "failed", "backend_cannot_tell")
    np.testing.assert_array_equal(done.matrix, np.eye(3))
    assert done.score == done.score_before > 0.5
