"""Facts and card of a dataset's registration."""

import json
from typing import Any

import pyarrow as pa
import pytest

from tests.made.registered_pairs import SETTINGS
from twinband.registration.facts import card, facts_of
from twinband.registration.params import RegisterParams
from twinband.registration.shard import COLUMNS

ROW: dict[str, Any] = {
    "registration": "accepted",
    "registration_reason": "",
    "source": "pair",
    "policy": "",
    "grid": "rgb",
    "resampled": True,
    "score": 0.5,
    "score_before": 0.1,
    "forward_backward_px": 0.25,
    "motion_px": 4.0,
    "residual_px_median": 1.0,
    "residual_px_p90": 3.0,
    "valid_fraction": 0.9,
    "corner_error_px_before": 8.0,
    "corner_error_px": 1.0,
}
NOT_NUMBERS = {"registration", "registration_reason", "source", "policy", "grid", "resampled"}


ERRORS = (4.6, 5.0, 4.4, 0.0)


def manifest(*changes: dict[str, Any]) -> pa.Table:
    return pa.Table.from_pylist([ROW | change for change in changes], schema=pa.schema(COLUMNS))


FAILED = {
    "registration": "failed",
    "registration_reason": "low_score",
    "policy": "drop",
    "resampled": False,
}


def test_counts() -> None:
    rig = {"source": "rig"}
    facts = facts_of(manifest({}, FAILED, FAILED | {"registration_reason": "flat_rgb"}, rig))
    assert (facts.pairs, facts.grid, facts.resampled) == (4, "rgb", 2)
    assert facts.status == {"accepted": 2, "failed": 2}
    assert facts.reasons == {"flat_rgb": 1, "low_score": 1}
    assert facts.sources == {"pair": 3, "rig": 1} and facts.policies == {"drop": 2}


def test_distributions_and_not_only_means() -> None:
    # Of ten pairs each worse by more than half a pixel, far worse, hardly worse; the rest perfect.
    rows = [
        {
            "score": number / 100,
            "motion_px": float(number),
            "corner_error_px_before": 4.0,
            "corner_error_px": ERRORS[min(number // 10, 3)],
            "residual_px_median": 1.0 + number,
        }
        for number in range(101)
    ]
    facts = facts_of(manifest(*rows)).plain()
    assert facts["score"] == {"p05": 0.05, "median": 0.5, "p95": 0.95}
    assert facts["motion_px"] == {"median": 50.0, "p90": 90.0, "largest": 100.0}
    corner = facts["corner_error_px"]
    assert corner["before"] == {"mean": 4.0, "median": 4.0, "p95": 4.0}
    assert corner["after"]["median"] == 0.0 and corner["after"]["p95"] == 5.0
    assert corner["pairs"] == 101
    assert corner["under_5px"] == pytest.approx(91 / 101, abs=1e-5)
    assert corner["worse"] == pytest.approx(20 / 101, abs=1e-5)
    assert facts["residual_px"] == {"median": 51.0, "p90": 3.0, "pairs": 101}


def test_a_quantity_that_no_pair_has_is_left_out() -> None:
    nothing = {name: None for name in ROW if name not in NOT_NUMBERS}
    facts = facts_of(manifest(nothing, nothing))
    assert set(facts.plain()) == {
        *("pairs", "grid", "status", "reasons", "sources", "policies", "resampled", "product")
    }
    assert facts.headline() == {"pairs": 2, "failed": 0}
    some = facts_of(manifest(nothing, {})).plain()
    assert some["forward_backward_px"] == {"median": 0.25, "p90": 0.25, "largest": 0.25}
    assert some["corner_error_px"]["pairs"] == some["residual_px"]["pairs"] == 1


def test_the_headline_has_the_numbers_that_datasets_are_compared_by() -> None:
    assert facts_of(manifest({}, FAILED)).headline() == {
        "pairs": 2,
        "failed": 1,
        "score_median": 0.5,
        "residual_px_median": 1.0,
        "corner_error_px_median": 1.0,
        "corner_error_under_5px": 1.0,
    }


def test_no_pairs_at_all() -> None:
    facts = facts_of(manifest())
    assert facts.pairs == 0 and facts.status == {} and facts.score is None
    json.dumps(facts.plain(), allow_nan=False)


def test_the_card_says_where_the_pairs_are_and_how_they_got_there() -> None:
    params = RegisterParams(**SETTINGS)
    text = card("kaist", params, facts_of(manifest({}, FAILED)))
    for line in (
        "pretty_name: kaist, registered",
        "2 pairs on the rgb grid; in 1 of them the thermal image",
        "| status: failed | 1 |",
        "| reason: low_score | 1 |",
        "| failed pairs: drop | 1 |",
    ):
        assert line in text
    other = RegisterParams(**(SETTINGS | {"grid": "thermal"}))
    text = card("kaist", other, facts_of(manifest({})))
    assert "1 pairs on the thermal grid; in 1 of them the rgb image" in text
