from pathlib import Path

import pytest

from tests.made.report import write_json
from twinband.core.errors import InputError
from twinband.report.sections import timings_section
from twinband.report.timings import read_timings


def write_run(runs: Path, stage: str, hour: int, fingerprint: str, seconds: float = 10.0) -> None:
    (runs / stage).mkdir(parents=True, exist_ok=True)
    record = {
        "stage": stage,
        "fingerprint": fingerprint,
        "finished": f"2030-01-02T{hour:02d}:30:00+00:00",
        "seconds": seconds,
        "samples": 120,
        "peak_memory_mib": 2048,
        "continued_shards": 0,
    }
    write_json(runs / stage / f"20300102T{hour:02d}3000000000.json", record)


def test_the_latest_run_stands_beside_the_one_before(tmp_path: Path) -> None:
    for hour, fingerprint, seconds in ((7, "a", 99.0), (8, "a", 40.0), (9, "b", 8.0)):
        write_run(tmp_path, "ingest@kaist", hour, fingerprint, seconds)
    write_run(tmp_path, "pool", 9, "c")
    (tmp_path / "empty").mkdir()
    ingest, pool = read_timings(tmp_path)
    assert (ingest.latest.seconds, ingest.before and ingest.before.seconds) == (8.0, 40.0)
    assert ingest.changed == "inputs, parameters or code"
    assert (pool.before, pool.changed) == (None, "first run")
    html = str(timings_section([ingest, pool]).html)
    for shown in (
        ">8.0<",
        ">40.0<",
        ">15.0<",
        ">2\u202f048 MiB<",
        "2030-01-02 09:30 UTC",
        ">18.0<",
    ):
        assert shown in html
    assert "99.0" not in html


def test_the_same_work_again_is_called_so(tmp_path: Path) -> None:
    for hour in (8, 9):
        write_run(tmp_path, "pool", hour, "same")
    assert read_timings(tmp_path)[0].changed == "nothing, run again"


def test_without_any_run_it_says_so(tmp_path: Path) -> None:
    assert "No run is recorded" in timings_section(read_timings(tmp_path)).html


@pytest.mark.parametrize("content", ["{", '{"stage": "pool"}'])
def test_a_spoilt_record_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool/1.json").write_text(content)
    with pytest.raises(InputError, match=r"pool/1\.json.*delete this file"):
        read_timings(tmp_path)
