"""Facts of a run, taken from its loss curve."""

import subprocess
import sys

import numpy as np

from twinband.pretraining.facts import Subject, facts_of, model_card

CURVE = {
    "step": np.array([2.0, 4.0]),
    "lr": np.array([0.1, 0.0]),
    **{name: np.array([2.0, 1.0]) for name in ("loss", "loss_rgb", "loss_thermal")},
    "kept_rgb": np.array([4.0, 4.0]),
    "kept_thermal": np.array([4.0, 5.0]),
    "visible_objects_rgb": np.array([np.nan, 1.1]),
    "masking_centre_1": np.array([0.25, 0.5]),
    "masking_centre_2": np.array([np.nan, 0.5]),
}


def test_columns_are_told_by_their_ends_and_those_not_finite_are_left_out() -> None:
    plain = facts_of(7, CURVE).plain()
    assert plain["pairs"] == 7 and plain["steps"] == 4
    assert plain["kept_thermal"] == {"first": 4.0, "last": 5.0}
    assert "visible_objects_rgb" not in plain and "lr" not in plain
    assert plain["others"] == {"masking_centre_1": {"first": 0.25, "last": 0.5}}


def test_headline_and_card_tell_the_last_losses() -> None:
    facts = facts_of(7, CURVE)
    losses = {"loss": 1.0, "loss_rgb": 1.0, "loss_thermal": 1.0}
    assert facts.headline() == {"pairs": 7, "steps": 4, **losses}
    card = model_card(Subject("made-up", "A method.", {"model": "mae_tiny"}), facts, batch_size=16)
    for row in ("| model | mae_tiny |", "| batch | 16 |", "2.0000 → 1.0000"):
        assert row in card


def test_facts_are_read_without_pytorch() -> None:
    code = "import sys, twinband.pretraining.facts; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
