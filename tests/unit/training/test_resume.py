"""A run that ends early goes on exactly, and never from something torn or foreign."""

import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.made.project import TIMEOUT_S
from tests.made.training import TinyBatches, TinyTask, digest, run, settings_of
from twinband.core.errors import InputError
from twinband.training.checkpoint import Checkpoints
from twinband.training.loop import TrainingTask, train
from twinband.training.settings import TrainingSettings

ROOT = Path(__file__).resolve().parents[3]


def whole_run(folder: Path) -> tuple[str, bytes]:
    task = TinyTask()
    run(folder, task, settings_of())
    return digest(task), (folder / "losses.csv").read_bytes()


def test_killed_and_continued_it_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.made.training", str(tmp_path), "--pause-at", "10"]
    process = subprocess.Popen(command, cwd=ROOT, env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"})
    try:
        deadline = time.monotonic() + TIMEOUT_S
        while not (tmp_path / "paused").exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=TIMEOUT_S) == -signal.SIGKILL
    finally:
        process.kill()
        process.wait()
    curve = tmp_path / "run" / "losses.csv"
    assert curve.read_text().count("\n") == 11  # a head and ten steps, two after the checkpoint
    with curve.open("a") as stream:
        stream.write("11,0.00")  # half a row
    task = TinyTask()
    result = run(tmp_path / "run", task, settings_of())
    assert result.resumed_at == 8
    assert (digest(task), curve.read_bytes()) == whole_run(tmp_path / "whole")
    assert int(task.steps_seen) == 12


def interrupted(folder: Path, steps: int, settings: TrainingSettings | None = None) -> None:
    """Run until ``steps`` are done, then stop as by Ctrl-C."""

    def log(step: int, values: object) -> None:
        if step == steps:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(folder, TinyTask(), settings or settings_of(), log=log)


def test_the_average_is_continued_exactly_too(tmp_path: Path) -> None:
    interrupted(tmp_path / "parts", 6)
    task = TinyTask()
    parts = run(tmp_path / "parts", task, settings_of()).average
    whole = run(tmp_path / "whole", TinyTask(), settings_of()).average
    assert parts and whole and parts.keys() == whole.keys() == dict(task.named_parameters()).keys()
    assert all(torch.equal(parts[name], whole[name]) for name in whole)
    assert not any(torch.equal(whole[n], p) for n, p in task.named_parameters())


def test_a_finished_run_is_only_read_back(tmp_path: Path) -> None:
    whole = whole_run(tmp_path)
    task = TinyTask()
    result = run(tmp_path, task, settings_of(), log=lambda *_: pytest.fail("it trained"))
    assert (digest(task), (tmp_path / "losses.csv").read_bytes()) == whole
    assert result.resumed_at == 12 and result.pairs_per_second == 0
    assert result.last["loss"] > 0


@pytest.mark.parametrize(
    "damage", ["cut", "flipped", "no_weights", "no_note", "another_step", "another_run", "folder"]
)
def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    whole = whole_run(tmp_path)
    checkpoints = tmp_path / "checkpoints"
    weights = checkpoints / "step-00000012.pt"
    data = weights.read_bytes()
    if damage == "cut":
        weights.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        middle = len(data) // 2
        weights.write_bytes(data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    elif damage == "no_weights":
        weights.unlink()
    elif damage == "folder":
        weights.unlink()
        (weights / "inside").mkdir(parents=True)
    elif damage.startswith("another"):  # a flipped bit in the note
        note = weights.with_suffix(".json")
        said = {"another_step": (b'"step": 12', b'"step": 13'), "another_run": (b"0.3", b"0.2")}
        assert said[damage][0] in note.read_bytes()
        note.write_bytes(note.read_bytes().replace(*said[damage]))
    else:
        weights.with_suffix(".json").write_text("{")
    task = TinyTask()
    with caplog.at_level(logging.WARNING, "twinband"):
        result = run(tmp_path, task, settings_of())
    assert result.resumed_at == 8 and "step-00000012.pt is damaged" in caplog.text
    assert (digest(task), (tmp_path / "losses.csv").read_bytes()) == whole


def test_weights_without_their_note_do_not_count(tmp_path: Path) -> None:
    whole_run(tmp_path)
    (tmp_path / "checkpoints" / "step-00000012.json").unlink()
    assert run(tmp_path, TinyTask(), settings_of()).resumed_at == 8


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"step,l"), Path.unlink])
def test_the_curve_is_that_of_the_checkpoint_whatever_became_of_its_file(
    tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    interrupted(tmp_path / "parts", 6)
    damage(tmp_path / "parts/losses.csv")
    task = TinyTask()
    assert run(tmp_path / "parts", task, settings_of()).resumed_at == 4
    curve = (tmp_path / "parts/losses.csv").read_bytes()
    assert (digest(task), curve) == whole_run(tmp_path / "whole")


def test_a_run_killed_while_it_saves_has_all_its_drawings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(draw_every=2)
    save = Checkpoints.save

    def draw(step: int, task: TrainingTask, batch: object) -> bytes:
        return b"picture %d" % step

    def killed(checkpoints: Checkpoints, step: int, state: Mapping[str, Any]) -> None:
        save(checkpoints, step, state)
        if step == 8:
            raise KeyboardInterrupt

    whole = run(tmp_path / "whole", TinyTask(), settings, draw=draw).drawings
    monkeypatch.setattr(Checkpoints, "save", killed)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "parts", TinyTask(), settings, draw=draw)
    monkeypatch.undo()
    assert run(tmp_path / "parts", TinyTask(), settings, draw=draw).drawings == whole
    assert list(whole) == [2, 4, 6, 8, 10, 12]


def test_two_checkpoints_are_kept(tmp_path: Path) -> None:
    whole_run(tmp_path)
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    steps = ("00000008", "00000012")
    assert names == [f"step-{step}.{kind}" for step in steps for kind in ("json", "pt")]


def test_changed_parameters_are_refused_by_name(tmp_path: Path) -> None:
    interrupted(tmp_path, 6)
    with pytest.raises(InputError, match=r"settings\.base_lr was 0\.3, is now 0\.2") as caught:
        run(tmp_path, TinyTask(), settings_of(base_lr=0.2))
    assert str(tmp_path / "checkpoints") in str(caught.value)
    assert "settings.seed" not in str(caught.value)


def test_another_model_or_other_data_are_refused(tmp_path: Path) -> None:
    interrupted(tmp_path, 6)
    other = TinyTask()
    other.head = torch.nn.Linear(16, 5)
    with pytest.raises(InputError, match=r"model\.head\.bias was \[6\], is now \[5\]"):
        run(tmp_path, other, settings_of())
    batches = TinyBatches(settings_of())
    batches.identity = {"pairs": 14}
    with pytest.raises(InputError, match=r"data\.pairs was 13, is now 14"):
        train(
            TinyTask(),
            batches,
            settings_of(),
            folder=tmp_path,
            log=lambda *_: None,
            progress=lambda *_: None,
        )
