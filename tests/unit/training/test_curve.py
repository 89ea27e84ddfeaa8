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


def test_the_curve_goes_on_from_its_checkpoint_whatever_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    curve = LossCurve(path)
    for step in (2, 4):
        curve.append(step, {"loss": step / 3})
    text = curve.text
    curve.append(6, {"loss": 2.0})
    path.write_bytes(path.read_bytes()[:13] + b"\0\xff\n1")  # what a power failure may leave
    again = LossCurve(path, text)
    assert path.read_text() == text == "step,loss\n2,0.666666667\n4,1.33333333\n"
    with pytest.raises(ValueError, match="no column for extra"):
        again.append(6, {"loss": 1.0, "extra": 2.0})
    again.append(6, {"loss": 2.0})
    assert again.last() == {"loss": 2.0} and path.read_text() == again.text
    assert LossCurve(path).last() == {} and path.read_text() == ""
