"""The harness: exit codes and what they say, fingerprints, locks, publishing."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline_steps.harness.step import TAKEN
from pipeline_steps.harness.templates import code_of
from pipeline_steps.harness.work import code_digest
from tests.made.project import TIMEOUT_S
from tests.made.raw_pairs import contents, write
from tests.steps.conftest import Project
from twinband.core.params import ParamsError

TOY = (
    *("--source", "data", "--out", "out/words"),
    *("--metrics", "metrics/toy.json", "--facts", "facts/toy.json"),
)


def fingerprints(project: Project) -> set[str]:
    return {path.name for path in (project.root / ".work" / "toy").iterdir()}


def wait_until(done: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + TIMEOUT_S
    while not done():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end
        time.sleep(0.005)


def kill(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def hook(project: Project, code: str) -> None:
    (project.root / "data" / "hook.txt").write_text(code)


def test_a_step_publishes_its_outputs_and_says_one_closing_line(toy: Project) -> None:
    done = toy.run("toy", *TOY)
    assert done.returncode == 0, done.stdout
    assert contents(toy.root / "out" / "words") == {"one": b"one", "two": b"two"}
    assert json.loads((toy.root / "metrics" / "toy.json").read_text()) == {"words": 2}
    assert json.loads((toy.root / "facts" / "toy.json").read_text()) == {"third": 0.33333}
    lines = done.stdout.splitlines()
    assert lines[:2] == ["toy: 1 of 2 shards", "toy: 2 of 2 shards"]
    assert lines[2].startswith("toy: 2 words made (") and len(lines) == 3
    [record] = (toy.root / ".work" / "runs" / "toy").glob("*.json")
    facts = json.loads(record.read_text())
    assert facts["stage"] == "toy" and facts["samples"] == 2 and facts["seconds"] > 0
    assert fingerprints(toy) == {facts["fingerprint"]}


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("toy: {words: [a], seed: '1', sed: 2}", "2 wrong parameters in params.yaml:\n  toy.seed"),
        ("toy: {words: [a]}", "toy.seed: missing"),
        ("toy: [", "cannot be read"),
        ("toy: {words: [a], seed: 1}\ntoy: {words: [b], seed: 1}", "duplicate key"),
        ("", "toy: a mapping is needed, {} for none (missing)"),
    ],
)
def test_wrong_parameters_exit_2_and_write_nothing(
    toy: Project, section: str, message: str
) -> None:
    runtime = "runtime: {executor: processes, workers: 1, scheduler: '', log_level: info}\n"
    (toy.root / "params.yaml").write_text(f"{runtime}{section}\n")
    before = sorted(toy.root.rglob("*"))
    done = toy.run("toy", *TOY, PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 2 and message in done.stdout and "Traceback" not in done.stdout
    assert sorted(toy.root.rglob("*")) == before


def test_wrong_runtime_settings_are_told(toy: Project) -> None:
    (toy.root / "params.yaml").write_text(
        "toy: {words: [a], seed: 1}\n"
        "runtime: {executor: processes, workers: 0, scheduler: '', log_level: info}\n"
    )
    done = toy.run("toy", *TOY)
    assert done.returncode == 2 and "runtime.workers: " in done.stdout


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ('{"values": 1}', "toy: DVC cannot show metrics called values"),
        ('{f"a{n}": n for n in range(9)}', "toy: 9 metrics, and 8 at most are shown"),
        ('{"by_hour": {"day": 1}}', "toy: metrics are numbers, and by_hour is none"),
    ],
)
def test_metrics_that_dvc_cannot_show_are_refused(toy: Project, numbers: str, message: str) -> None:
    step = toy.root / "pipeline_steps/toy.py"
    step.write_text(step.read_text().replace('{"words": len(params.words)}', numbers))
    done = toy.run("toy", *TOY)
    assert done.returncode == 1 and message in done.stdout
    assert not (toy.root / "metrics").exists()


def test_dvc_s_own_names_are_those_that_are_refused() -> None:
    from dvc.compare import TabularData
    from dvc.ui import ui

    public = {name for name in dir(TabularData(["a"])) if not name.startswith("_")}
    assert public | {"cursor", "description", "dtype", "values"} == TAKEN
    table = TabularData(["Path", "values"])
    table.append(["metrics.json", "1"])
    with pytest.raises((AttributeError, TypeError, ValueError)):
        ui.table(table, headers=table.keys())


def test_code_is_what_dvc_yaml_names(toy: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(toy.root)
    folder = Path("src/twinband/core")
    before = code_digest(folder)
    for ignored in ("__pycache__/x.pyc", ".errors.py.swp", "errors.py.orig", "errors.py~"):
        write(folder / ignored, b"x")
    assert code_digest(folder) == before
    write(folder / "new.py", b"")
    assert code_digest(folder) != before
    (toy.root / "dvc.yaml").write_text(
        "stages: {t: {foreach: x, do: {deps: ['src/twinband/arms/${item.arm}.py', data]}}}"
    )
    params = {"t": {"items": {"a": {"arm": "fixed"}, "b": {"arm": "absent"}}}}
    assert code_of("t", "a", params) == [Path("src/twinband/arms/fixed.py")]
    with pytest.raises(ParamsError, match=r"t\.items\.b: there is no src/twinband/arms/absent\.py"):
        code_of("t", "b", params)


def test_a_copy_of_a_whole_dvc_lock_is_kept(toy: Project, tmp_path: Path) -> None:
    text = "schema: '2.0'\nstages:\n  toy: {cmd: x}\n"
    (toy.root / "dvc.lock").write_text(text)
    # An experiment in a copy of the tree keeps none for the project.
    assert toy.run("toy", *TOY, DVC_ROOT=str(tmp_path)).returncode == 0
    assert not (tmp_path / ".work/dvc.lock").exists()
    assert toy.run("toy", *TOY).returncode == 0
    assert (toy.root / ".work/dvc.lock").read_text() == text
    (toy.root / "dvc.lock").write_text(text[:-9])
    assert toy.run("toy", *TOY).returncode == 0
    assert (toy.root / ".work/dvc.lock").read_text() == text


def test_a_missing_input_exits_3(toy: Project) -> None:
    done = toy.run("toy", *TOY[2:], "--source", "data/nowhere")
    assert done.returncode == 3
    assert "error: toy: data/nowhere does not exist" in done.stdout


def test_another_working_folder_exits_3(toy: Project, tmp_path: Path) -> None:
    done = toy.run("toy", *TOY, cwd=tmp_path, PYTHONPATH=str(toy.root))
    assert done.returncode == 3
    assert f"twinband comes from {toy.root}/src/twinband, not from {tmp_path}/src" in done.stdout


def test_a_twinband_that_was_there_before_exits_3(toy: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(toy.root / "src" / "twinband", other / "twinband")
    (other / "sitecustomize.py").write_text("import twinband\n")
    done = toy.run("toy", *TOY, PYTHONPATH=str(other))
    assert done.returncode == 3 and f"twinband comes from {other}" in done.stdout


def test_a_copy_on_pythonpath_does_not_win(toy: Project, tmp_path: Path) -> None:
    other = tmp_path / "other" / "twinband"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("raise SystemExit('the wrong twinband')")
    assert toy.run("toy", *TOY, PYTHONPATH=str(other.parent)).returncode == 0


def test_too_many_bad_samples_exit_4(toy: Project) -> None:
    hook(toy, "from twinband.core.errors import TooManyBadSamples as T\nraise T('5 of 6')")
    done = toy.run("toy", *TOY)
    assert (done.returncode, done.stdout) == (4, "error: 5 of 6\n")


def test_a_full_disk_says_what_to_do(toy: Project) -> None:
    hook(toy, "if word == 'two': raise OSError(28, 'No space left on device')")
    done = toy.run("toy", *TOY)
    assert done.returncode == 1 and "Traceback" not in done.stdout
    assert "the disk is full" in done.stdout and "repeat the command" in done.stdout
    assert not (toy.root / "out").exists()


def test_a_worker_that_was_ended_says_what_to_do(toy: Project) -> None:
    ended = "from concurrent.futures.process import BrokenProcessPool as B\nraise B('abruptly')"
    hook(toy, ended)
    done = toy.run("toy", *TOY)
    assert done.returncode == 1 and "Traceback" not in done.stdout
    assert "lower runtime.workers and repeat the command" in done.stdout


def test_other_failures_keep_their_traceback_and_the_old_output(toy: Project) -> None:
    toy.run("toy", *TOY)
    hook(toy, "if word == 'two': raise OSError(5, 'Input/output error')")
    done = toy.run("toy", *TOY)
    assert done.returncode == 1 and "Traceback" in done.stdout
    assert contents(toy.root / "out" / "words") == {"one": b"one", "two": b"two"}


def test_work_is_filed_under_parameters_inputs_and_code(toy: Project) -> None:
    def run_anew() -> tuple[str, str]:
        before = fingerprints(toy) if (toy.root / ".work").exists() else set()
        done = toy.run("toy", *TOY)
        assert done.returncode == 0, done.stdout
        new = fingerprints(toy) - before
        assert len(new) <= 1
        return (new.pop() if new else ""), done.stdout

    first, said = run_anew()
    assert first and "2 words made" in said
    assert "0 words made" in run_anew()[1]  # nothing changed: the work is still there
    toy.write_params(toy={"words": ["one", "two"], "seed": 2})
    assert run_anew()[0]
    hook(toy, "# another content")
    assert run_anew()[0]
    with (toy.root / "src" / "twinband" / "shards" / "write.py").open("a") as stream:
        stream.write("# touched\n")
    assert run_anew()[0]
    (toy.root / "src" / "twinband" / "pool.py").open("a").close()
    with (toy.root / "src" / "twinband" / "pool.py").open("a") as stream:
        stream.write("# not what dvc.yaml names\n")
    assert run_anew()[0] == ""
    (toy.root / "out" / "words" / "one").unlink()  # DVC clears outputs before it runs a stage
    assert "0 words made" in run_anew()[1] and (toy.root / "out" / "words" / "one").is_file()


def test_a_raw_folder_that_holds_an_index_json_is_fingerprinted_whole(toy: Project) -> None:
    (toy.root / "data" / "index.json").write_text("{}")
    toy.run("toy", *TOY)
    hook(toy, "# changed")
    toy.run("toy", *TOY)
    assert len(fingerprints(toy)) == 2


def test_an_existing_output_is_replaced_whole(toy: Project) -> None:
    old = toy.root / "out" / "words"
    old.mkdir(parents=True)
    (old / "stale").write_text("of an earlier version")
    assert toy.run("toy", *TOY).returncode == 0
    assert sorted(contents(old)) == ["one", "two"]
    assert sorted(p.name for p in old.parent.iterdir()) == ["words"]


def test_a_second_process_waits_and_finds_everything_done(toy: Project) -> None:
    hook(
        toy,
        "import time\n"
        "(work / 'begun').touch()\n"
        "while not (work / 'go').is_file(): time.sleep(0.01)\n",
    )
    first = toy.start("toy", *TOY)
    work = toy.root / ".work" / "toy"
    wait_until(lambda: bool(list(work.glob("*/begun"))), first)
    second = toy.start("toy", *TOY)
    try:
        assert second.stdout is not None
        waiting = second.stdout.readline()
        assert waiting == f"process {first.pid} is at the same work; waiting for it\n"
        [begun] = work.glob("*/begun")
        begun.with_name("go").touch()
        assert "2 words made" in first.communicate(timeout=TIMEOUT_S)[0]
        assert "0 words made" in second.communicate(timeout=TIMEOUT_S)[0]
        assert first.returncode == second.returncode == 0
    finally:
        for process in (first, second):
            if process.poll() is None:
                kill(process)
    assert sorted(contents(toy.root / "out" / "words")) == ["one", "two"]


def test_a_killed_owner_leaves_no_lock(toy: Project) -> None:
    hook(toy, "(work / 'begun').touch()\nif word == 'two':\n while not (work / 'go').is_file(): 0")
    process = toy.start("toy", *TOY)
    work = toy.root / ".work" / "toy"
    wait_until(lambda: bool(list(work.glob("*/one"))), process)
    kill(process)
    assert not (toy.root / "out").exists()
    [begun] = work.glob("*/begun")
    begun.with_name("go").touch()
    done = toy.run("toy", *TOY)
    assert done.returncode == 0 and "1 words made" in done.stdout


def test_progress_off_a_terminal_is_at_most_a_line_a_tenth(toy: Project) -> None:
    toy.write_params(toy={"words": [f"w{n}" for n in range(45)], "seed": 1})
    lines = toy.run("toy", *TOY).stdout.splitlines()
    progress = [line for line in lines if " of 45 shards" in line]
    assert len(progress) == 11 and progress[-1] == "toy: 45 of 45 shards"
    assert not any("\r" in line for line in lines)
