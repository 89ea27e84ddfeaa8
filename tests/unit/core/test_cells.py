"""Formulas in cells of CSV tables."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinband.core.cells import defused, original


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", "''=1"])
def test_what_a_spreadsheet_would_compute_becomes_text(cell: str) -> None:
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "a=1", "1-1", "'a'", "crop/=1.jpg", "'"])
def test_other_cells_stay(cell: str) -> None:
    assert defused(cell) == original(cell) == cell


@settings(derandomize=True, max_examples=300)
@given(st.text(alphabet="'=+-@\t\rab", max_size=6))
def test_every_cell_comes_back(cell: str) -> None:
    assert original(defused(cell)) == cell
