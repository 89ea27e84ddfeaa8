"""What happens to pairs without a transform to trust."""

from typing import get_args

import numpy as np
import pytest

from tests.made.registered_pairs import shift
from twinband.registration.params import FailurePolicy
from twinband.registration.quality import Status
from twinband.registration.register import Registration
from twinband.registration.trust import Decision, handled, lend


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
        done, applied = handled(DECISIONS[key], policy)
        assert applied == policy and done.registration.status == "failed"
        np.testing.assert_array_equal(done.registration.matrix, np.eye(3))
        assert done.registration.estimate[0, 2] != 0


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
