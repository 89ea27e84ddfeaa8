"""The log of a training, which outlives a kill and never stops one."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_steps.harness.log import live_log


def logged(work: Path, *steps: int) -> None:
    with live_log(work) as log:
        for step in steps:
            log(step, {"loss": step / 2})


def test_a_continued_log_goes_on(tmp_path: Path) -> None:
    logged(tmp_path, 1, 2)
    logged(tmp_path, 3)
    assert json.loads((tmp_path / "live/metrics.json").read_text()) == {"loss": 1.5, "step": 3}
    [table] = (tmp_path / "live").rglob("*.tsv")
    assert table.read_text().splitlines() == ["step\tloss", "1\t0.5", "2\t1.0", "3\t1.5"]


@pytest.mark.parametrize("name", ["metrics.json", "loss.tsv"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-3]),
        lambda path: path.write_bytes(b"\xff" * 9),
        lambda path: path.write_bytes(b"[1]"),
        lambda path: path.write_bytes(b'{"step": "two"}'),
        Path.unlink,
    ],
    ids=["emptied", "cut", "other bytes", "no object", "no number", "removed"],
)
def test_a_log_that_a_full_disk_cut_is_begun_anew(
    tmp_path: Path, name: str, damage: Callable[[Path], object]
) -> None:
    logged(tmp_path, 1, 2)
    [file] = (tmp_path / "live").rglob(name)
    damage(file)
    logged(tmp_path, 3)
    assert json.loads((tmp_path / "live/metrics.json").read_text())["step"] == 3
    [table] = (tmp_path / "live").rglob("*.tsv")
    assert table.read_text().splitlines()[-1] == "3\t1.5"


def test_a_file_in_its_place_gives_way(tmp_path: Path) -> None:
    (tmp_path / "live").write_bytes(b"")
    logged(tmp_path, 1)
    assert (tmp_path / "live/metrics.json").is_file()
