"""The flow `rebuild` on toy graphs, with the real DVC and a real Prefect server."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import State, StateType

from flows import stage_task
from flows.evaluate import evaluate
from flows.graph import Stage
from flows.rebuild import rebuild
from flows.stage_task import FAILED, FROZEN, NOT_READY, RAN, RESTORED, UNCHANGED, StageProcesses
from flows.walk import StagesFailed
from tests.made.project import TIMEOUT_S
from tests.pipeline.conftest import Repository

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect_server_url")]

DIAMOND = """
stages:
  source:
    cmd: cat seed.txt > /dev/null; echo ${value} > source.txt
    deps: [seed.txt]
    outs: [source.txt]
  left:
    cmd: cp source.txt left.txt
    deps: [source.txt]
    outs: [left.txt]
  right:
    cmd: cp source.txt right.txt
    deps: [source.txt]
    outs: [right.txt]
  evaluate:
    foreach: [seg-a, seg-b, det-a]
    do:
      cmd: >-
        mkdir -p metrics;
        echo "{\\"score\\":{\\"mean\\":$(cat left.txt)}}" > metrics/${item}.json
      deps: [left.txt]
      metrics: [{"metrics/${item}.json": {cache: false}}]
  report:
    cmd: mkdir -p reports; cat right.txt metrics/seg-a.json > reports/index.html
    deps: [right.txt, metrics/seg-a.json]
    outs: [{reports/index.html: {cache: false}}]
"""
FILES = {"params__yaml": "value: 1\n", "seed__txt": "a\n"}


def states(results: list[stage_task.StageResult]) -> dict[str, str]:
    return {result.name: result.state for result in results}


def failure_of(state: State) -> StagesFailed:
    error = state.result(raise_on_failure=False)
    assert isinstance(error, StagesFailed)
    return error


def no_process(*_: object) -> None:
    raise AssertionError("a process was started for an unchanged stage")


def test_first_run_leaves_what_dvc_repro_leaves(repository: Repository) -> None:
    root = repository(DIAMOND, **FILES)
    serial = root.parent / "serial"
    shutil.copytree(root, serial)
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=serial, check=True)

    assert set(states(rebuild()).values()) == {RAN}

    locks = [yaml.safe_load((folder / "dvc.lock").read_text()) for folder in (root, serial)]
    assert locks[0] == locks[1]
    status = subprocess.check_output([sys.executable, "-m", "dvc", "status", "--json"], cwd=root)
    assert json.loads(status) == {}


def test_a_cut_dvc_lock_is_restored_first(repository: Repository) -> None:
    lock = repository(DIAMOND, **FILES) / "dvc.lock"
    rebuild()
    whole = lock.read_text()
    assert set(states(rebuild()).values()) == {UNCHANGED}
    lock.write_text(whole[: whole.index("  report:")])  # valid YAML, and a stage less
    assert set(states(rebuild()).values()) == {UNCHANGED}
    assert lock.read_text() == whole


def test_nothing_changed_starts_no_stage_and_says_so(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository(DIAMOND, **FILES)
    rebuild()
    monkeypatch.setattr(StageProcesses, "run", no_process)
    state = rebuild(return_state=True)
    assert set(states(state.result()).values()) == {UNCHANGED}
    runs = _task_states(state)
    assert runs.keys() >= {"source", "left", "evaluate@seg-a", "report"}
    assert set(runs.values()) == {(StateType.COMPLETED, "Unchanged")}


def _task_states(state: State) -> dict[str, tuple[StateType, str]]:
    """Type and name of every task run's state, once the server has heard of the end of each.

    Clients report task runs as events, which may reach the server after the flow's end.
    """
    flow_run = FlowRunFilter(id=FlowRunFilterId(any_=[state.state_details.flow_run_id]))
    deadline = time.monotonic() + TIMEOUT_S
    with get_client(sync_client=True) as client:
        while True:
            runs = {run.name: run.state for run in client.read_task_runs(flow_run_filter=flow_run)}
            ended = all(run is not None and run.is_final() for run in runs.values())
            if (runs and ended) or time.monotonic() > deadline:
                return {name: (run.type, str(run.name)) for name, run in runs.items() if run}


def test_a_change_runs_what_lies_below_it_and_shows_the_changed_metrics(
    repository: Repository,
) -> None:
    root = repository(DIAMOND, **FILES)
    rebuild()
    (root / "params.yaml").write_text("value: 2\n")
    state = rebuild(return_state=True)
    assert set(states(state.result()).values()) == {RAN}
    artifacts = _artifacts(state)
    assert artifacts.keys() >= {"rebuild", "report", "metrics-seg-a", "metrics-det-a"}
    table = json.loads(artifacts["metrics-seg-a"])
    assert table == [{"metric": "score.mean", "value": 2, "before": 1}]
    assert {row["stage"] for row in json.loads(artifacts["rebuild"])} >= {"source", "report"}
    assert str(root / "reports" / "index.html") in artifacts["report"]


def _artifacts(state: State) -> dict[str, str]:
    with get_client(sync_client=True) as client:
        body = {"flow_runs": {"id": {"any_": [str(state.state_details.flow_run_id)]}}}
        found = client._client.post("/artifacts/filter", json=body).json()
    return {artifact["key"]: artifact["data"] for artifact in found}


def test_equal_output_ends_the_rebuild_early(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(DIAMOND, **FILES)
    rebuild()
    (root / "seed.txt").write_text("b\n")
    started: list[str] = []
    run = StageProcesses.run

    def noted(self: StageProcesses, stage: Stage, on_line: object) -> tuple[str, float]:
        started.append(stage.name)
        return run(self, stage, on_line)  # type: ignore[arg-type]

    monkeypatch.setattr(StageProcesses, "run", noted)
    found = states(rebuild())
    assert found.pop("source") == RAN
    assert set(found.values()) == {UNCHANGED}
    assert sorted(started) == ["left", "right", "source"]


def test_a_lost_output_comes_back_from_the_cache(repository: Repository) -> None:
    root = repository(DIAMOND, **FILES)
    rebuild()
    (root / "left.txt").unlink()
    found = states(rebuild())
    assert found["left"] == RESTORED
    assert found["right"] == found["evaluate@seg-a"] == UNCHANGED
    assert (root / "left.txt").read_text() == "1\n"


def test_targets_bring_only_what_they_need(repository: Repository) -> None:
    repository(DIAMOND, **FILES)
    assert states(rebuild(["right"])) == {"source": RAN, "right": RAN}
    assert states(evaluate("seg")) == {
        "source": UNCHANGED,
        "left": RAN,
        "evaluate@seg-a": RAN,
        "evaluate@seg-b": RAN,
    }
    assert states(evaluate())["evaluate@det-a"] == RAN


def test_independent_stages_run_at_the_same_time(repository: Repository) -> None:
    meet = (
        "import pathlib, sys, time\n"
        "mine, other = map(pathlib.Path, sys.argv[1:])\n"
        "mine.write_text('here')\n"
        "end = time.monotonic() + 1800\n"
        "while not other.exists():\n"
        "    assert time.monotonic() < end, 'the other stage did not start'\n"
        "    time.sleep(0.05)\n"
    )
    repository(
        "stages:\n"
        "  one: {cmd: python meet.py one.txt two.txt, deps: [meet.py], outs: [one.txt]}\n"
        "  two: {cmd: python meet.py two.txt one.txt, deps: [meet.py], outs: [two.txt]}\n",
        meet__py=meet,
    )
    assert states(rebuild(max_parallel=2)) == {"one": RAN, "two": RAN}


def test_gpu_stages_take_turns(repository: Repository) -> None:
    # mkdir fails if the other stage is at work at the same time.
    stage = "mkdir busy && sleep 0.5 && rmdir busy && echo x > {0}.txt"
    stages = {
        name: {"cmd": stage.format(name), "outs": [f"{name}.txt"], "meta": {"gpu": 1}}
        for name in ("one", "two", "three")
    }
    repository(yaml.safe_dump({"stages": stages}))
    assert set(states(rebuild(max_parallel=3)).values()) == {RAN}


def test_a_failure_stops_its_branch_only(repository: Repository) -> None:
    root = repository(
        "stages:\n"
        "  bad: {cmd: echo the disk is full >&2; exit 3, outs: [bad.txt]}\n"
        "  below: {cmd: cp bad.txt below.txt, deps: [bad.txt], outs: [below.txt]}\n"
        "  good: {cmd: echo x > good.txt, outs: [good.txt]}\n"
        "  after: {cmd: cp good.txt after.txt, deps: [good.txt], outs: [after.txt]}\n"
    )
    state = rebuild(return_state=True)
    assert state.type == StateType.FAILED
    error = failure_of(state)
    assert states(error.results) == {
        "bad": FAILED,
        "below": NOT_READY,
        "good": RAN,
        "after": RAN,
    }
    assert "stage 'bad' failed" in str(error) and "the disk is full" in str(error)
    assert "need what failed: below" in str(error)
    assert (root / "after.txt").exists()


def test_retries_and_timeouts_come_from_meta(repository: Repository) -> None:
    root = repository(
        "stages:\n"
        "  flaky:\n"
        "    cmd: echo x >> tries; test $(wc -l < tries) -eq 3 && echo x > flaky.txt\n"
        "    outs: [flaky.txt]\n"
        "    meta: {retries: 2}\n"
        "  slow:\n"
        "    cmd: (setsid sh -c 'echo $$ > pid; exec sleep 600'); echo x > slow.txt\n"
        "    outs: [slow.txt]\n"
        "    meta: {timeout_s: 4}\n"
    )
    error = failure_of(rebuild(return_state=True))
    assert states(error.results) == {"flaky": RAN, "slow": FAILED}
    assert "stopped after 4 s (meta.timeout_s)" in str(error)
    assert len((root / "tries").read_text().split()) == 3
    assert not Path(f"/proc/{(root / 'pid').read_text().strip()}").exists()


def test_frozen_stages_never_run(repository: Repository) -> None:
    root = repository(
        "stages:\n"
        "  up: {cmd: echo x > up.txt, outs: [up.txt]}\n"
        "  ice: {cmd: cp up.txt ice.txt, deps: [up.txt], outs: [ice.txt], frozen: true}\n"
        "  down: {cmd: cat up.txt > down.txt, deps: [up.txt], outs: [down.txt]}\n"
    )
    assert states(rebuild()) == {"up": RAN, "ice": FROZEN, "down": RAN}
    assert not (root / "ice.txt").exists()


def test_progress_bars_become_one_line(repository: Repository) -> None:
    repository("stages:\n  bar: {cmd: 'printf \"%d\\r\" 111 222; echo done; exit 1'}\n")
    message = str(failure_of(rebuild(return_state=True)))
    assert "\n  done\n" in message and "\r" not in message and "  111" not in message
