"""The order of trust (supplied, declared, pooled, single), and pairs that nothing fits."""

from collections.abc import Sequence
from typing import get_args

import numpy as np
import pytest

from tests.made.registered_pairs import shift
from tests.made.scenes import scene
from twinband.registration.params import FailurePolicy
from twinband.registration.quality import Status
from twinband.registration.register import Registration
from twinband.registration.trust import Decision, Rig, Sample, Trust, handled, lend

RGB, THERMAL = scene(0, 160, 120)
SAMPLE = Sample("drive/7", "drive", RGB, THERMAL)
SIZE = (160, 120)


def registration(x: float, status: Status = "accepted") -> Registration:
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
    return Rig(registration(x, status), size, SIZE)


SUPPLIED, NOTHING = Backend(registration(1)), Backend(None)


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
    estimator = Backend(registration(4))
    decision = Trust(calibration, aligned, rigs, estimator).decide(SAMPLE)
    assert decision.source == source
    np.testing.assert_array_equal(decision.registration.matrix, shift(x, 0))
    assert estimator.calls == (source == "pair")  # no search where something better is known


def test_a_pair_of_a_rig_is_scored_by_itself() -> None:
    decision = Trust(NOTHING, False, {"": rig(3)}, NOTHING).decide(SAMPLE)
    own = decision.registration
    assert own.forward_backward_px == 0.25 and own.motion_px == 3
    assert 0.1 < own.score < own.score_before  # aligned images, moved by three pixels


def test_a_backend_that_cannot_tell_is_a_failure_with_a_reason() -> None:
    decision = Trust(NOTHING, False, {}, NOTHING).decide(SAMPLE)
    own = decision.registration
    assert (decision.source, own.status, own.reason) == ("pair", "failed", "backend_cannot_tell")
    np.testing.assert_array_equal(own.matrix, np.eye(3))
    assert own.score == own.score_before > 0.5


# Failure.


def decision(status: Status, x: float = 0.0, score: float = 0.0) -> Decision:
    matrix = shift(x, 0) if status == "accepted" else np.eye(3)
    reason = "low_score" if status == "failed" else ""
    return Decision(
        Registration(matrix, shift(x, 0), status, reason, score, 0.0, 0.5, abs(x)), "pair"
    )


DECISIONS = {
    "a": decision("accepted", 3, score=0.4),
    "b": decision("failed", 50, score=0.1),
    "c": decision("accepted", 5, score=0.6),
    "d": decision("already_aligned", 0.4, score=0.9),
    "e": decision("failed", -50, score=0.1),
    "f": decision("accepted", 9, score=0.8),
}
GROUPS = {key: "far" if key in "ef" else "near" for key in DECISIONS} | {"e": "alone"}


def test_the_best_accepted_pair_of_the_same_sequence_lends() -> None:
    assert lend(DECISIONS, GROUPS) == {"b": "c"}
    everyone = dict.fromkeys(DECISIONS, "near")
    assert lend(DECISIONS, everyone) == {"b": "f", "e": "f"}
    assert lend({"b": DECISIONS["b"], "d": DECISIONS["d"]}, GROUPS) == {}


def test_of_equal_scores_the_first_key_lends_whatever_the_order() -> None:
    decisions = {key: decision("accepted", 1, 0.5) for key in ("z", "y", "x")}
    decisions["w"] = decision("failed")
    groups = dict.fromkeys(decisions, "g")
    assert lend(decisions, groups) == {"w": "x"}
    assert lend(dict(reversed(decisions.items())), groups) == {"w": "x"}


@pytest.mark.parametrize("policy", ["keep_identity", "single_modality", "drop"])
def test_a_failed_pair_is_never_moved_by_its_own_estimate(policy: FailurePolicy) -> None:
    for key in ("b", "e"):
        failed, applied = handled(DECISIONS[key], policy)
        assert applied == policy and failed.registration.status == "failed"
        np.testing.assert_array_equal(failed.registration.matrix, np.eye(3))
        assert failed.registration.estimate[0, 2] != 0


@pytest.mark.parametrize("policy", get_args(FailurePolicy))
@pytest.mark.parametrize("key", ["a", "c", "d", "f"])
def test_pairs_that_did_not_fail_are_untouched_by_any_policy(
    key: str, policy: FailurePolicy
) -> None:
    assert handled(DECISIONS[key], policy) == (DECISIONS[key], "")


def test_use_rig_lends_or_keeps_the_identity() -> None:
    lent, applied = handled(DECISIONS["b"], "use_rig", DECISIONS["c"])
    assert applied == "use_rig" and lent.registration.status == "failed"
    assert (lent.registration.reason, lent.registration.score) == ("low_score", 0.1)
    np.testing.assert_array_equal(lent.registration.matrix, shift(5, 0))
    kept, applied = handled(DECISIONS["e"], "use_rig", None)
    assert applied == "keep_identity"
    np.testing.assert_array_equal(kept.registration.matrix, np.eye(3))
    np.testing.assert_array_equal(DECISIONS["b"].registration.matrix, np.eye(3))
