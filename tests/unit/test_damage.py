"""Every kind of file that stages write, damaged in every way: told in a line, or made right."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.made.damage import RIGHT, TOLD, Case, cases, outcome, write_everything


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)  # half of the time, and no power fails
        root = tmp_path_factory.mktemp("everything")
        write_everything(root)
        yield root


@pytest.mark.parametrize("case", cases(), ids=str)
def test_nothing_damaged_is_believed(case: Case, root: Path) -> None:
    assert outcome(case, root) in (TOLD, RIGHT)


def test_there_are_many_damages() -> None:
    assert len(cases()) >= 300
