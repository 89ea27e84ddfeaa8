"""Tasks, and the options that they have."""

from pathlib import Path

import pytest

from tests.contract.conftest import ROOT
from twinband.core.errors import InputError
from twinband.scoring.score import Options, bad_line, check_slice, scorer, tasks


def test_a_task_is_a_file() -> None:
    files = {path.stem for path in (ROOT / "src/twinband/scorers").glob("*.py")}
    assert set(tasks()) == {name.replace("_", "-") for name in files}
    assert {"coco-bbox", "kaist", "depth"} <= set(tasks())
    for task in tasks():
        assert callable(scorer(task).score), task


def test_an_unknown_task_is_told_the_known_ones() -> None:
    with pytest.raises(InputError, match="no task 'coco'; there are coco-bbox, coco-segm"):
        scorer("coco")


def test_slices_are_refused_where_there_are_none() -> None:
    check_slice(Options(), "gtot")
    check_slice(Options(by="hour"), "kaist", "hour")
    with pytest.raises(InputError, match="--by size: gtot has slices none"):
        check_slice(Options(by="size"), "gtot")


def test_a_bad_line() -> None:
    assert str(bad_line(Path("a.txt"), 3, "odd")) == "a.txt: line 3: odd"
