"""The loss curve: windows of steps, and its file."""

import math
from pathlib import Path

import pytest

from twinband.training.curve import LossCurve, Window


def test_a_window_averages_what_there_is() -> None:
    window = Window()
    window.add({"loss": 1.0, "norm": math.nan})
    window.add({"loss": 2.0, "norm": 5.0})
    assert window.close() == {"loss": 1.5, "norm": 5.0}
    window.add({"loss": 3.0, "norm": math.nan})
    means = window.close()
    assert means["loss"] == 3 and math.isnan(means["norm"])


def test_the_curve_is_cut_at_the_step_it_goes_on_from(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    curve = LossCurve(path, 0)
    for step in (2, 4, 6, 8):
        curve.append(step, {"loss": step / 3})
    with path.open("ab") as stream:
        stream.write(b"\0\0\n1")  # what a power failure may leave
    again = LossCurve(path, 5)
    assert path.read_text() == "step,loss\n2,0.666666667\n4,1.33333333\n"
    with pytest.raises(ValueError, match="no column for extra"):
        again.append(6, {"loss": 1.0, "extra": 2.0})
    again.append(6, {"loss": 2.0})
    assert again.last() == {"loss": 2.0}
    assert LossCurve(path, 0).last() == {} and path.read_text() == ""
