"""Two gloo ranks under torchrun equal one process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.made.project import TIMEOUT_S
from tests.made.training import SETTINGS, TinyTask, run, settings_of
from twinband.core.errors import InputError
from twinband.training.data import Stream
from twinband.training.distributed import Ranks, launched

ROOT = Path(__file__).resolve().parents[3]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]


def torchrun(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The tiny training on two ranks."""
    return subprocess.run(
        [sys.executable, *TORCHRUN, "tests.made.training", *arguments],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )


@pytest.mark.slow
def test_two_ranks_with_two_parts_each_equal_one_whole_batch(tmp_path: Path) -> None:
    process = torchrun(str(tmp_path), "--accumulation", "2", "--noise", "0")
    assert process.returncode == 0, process.stderr
    first, second = (
        torch.load(tmp_path / f"weights-{rank}.pt", weights_only=True) for rank in (0, 1)
    )
    alone = TinyTask(noise=0)
    result = run(tmp_path / "alone", alone, settings_of())
    for name, value in alone.state_dict().items():
        assert torch.equal(first[name], second[name])
        torch.testing.assert_close(first[name], value, rtol=1e-4, atol=1e-5)
    rows = (tmp_path / "run" / "losses.csv").read_text().splitlines()
    assert len(rows) == SETTINGS["steps"] + 1  # only one rank wrote
    assert float(rows[-1].split(",")[2]) == pytest.approx(result.last["loss"], rel=1e-4)


@pytest.mark.slow
def test_a_loss_that_is_not_finite_on_one_rank_stops_both(tmp_path: Path) -> None:
    process = torchrun(str(tmp_path), "--poison-rank", "1")
    assert process.returncode != 0 and "NonFiniteError: step 5" in process.stderr
    reports = [
        json.loads((tmp_path / "run" / f"non_finite{n}.json").read_text()) for n in ("", "-1")
    ]
    losses = [report["parts"][0]["values"]["loss"] for report in reports]
    assert losses[0] != "nan" and losses[1] == "nan"
    keys = [report["parts"][0]["keys"] for report in reports]
    assert [len(k) for k in keys] == [4, 4] and keys[0] != keys[1]
    assert not list(tmp_path.glob("weights-*"))


def test_shares_of_ranks_and_parts_make_up_the_one_batch() -> None:
    def places(ranks: Ranks, accumulation: int, first_step: int, steps: int) -> list[list[object]]:
        stream = iter(Stream(13, settings_of(accumulation=accumulation), ranks, first_step))
        return [[p for _ in range(accumulation) for p in next(stream)] for _ in range(steps)]

    single = places(Ranks(), 1, 0, 6)
    halves = [places(Ranks(rank, 2, rank), 2, 0, 6) for rank in (0, 1)]
    assert [a + b for a, b in zip(*halves, strict=True)] == single
    assert places(Ranks(), 1, 4, 2) == single[4:]
    flat = [place for step in single for place in step]
    assert {place for place in flat if place[1] == 0} == {(index, 0) for index in range(13)}  # type: ignore[index]
    assert len(set(flat)) == 48


def test_a_batch_that_ranks_cannot_share_is_refused() -> None:
    with pytest.raises(ValueError, match="batch_size = 8 is no multiple of 3 ranks"):
        Stream(13, settings_of(), Ranks(0, 3, 0), 0)


def test_without_torchrun_there_is_one_rank() -> None:
    with launched("cpu") as ranks:
        assert ranks == Ranks() and ranks.main
        assert ranks.mean(torch.tensor(2.0)) == 2
        model = TinyTask()
        assert ranks.wrap(model) is model


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_one_clear_error() -> None:
    with pytest.raises(InputError, match="PyTorch finds 0 GPUs"), launched("cuda"):
        pass
