"""The flow `compare` on a toy graph: three arms, the table, and no work done twice."""

import subprocess
import sys
from pathlib import Path

import pytest

from flows.compare import compare
from flows.dvc_command import DvcError
from flows.supervise import supervised
from tests.pipeline.conftest import Repository, commit

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("prefect_server_url")]

GRAPH = """
metrics: [score.json]
stages:
  score:
    cmd: python score.py
    deps: [score.py]
    params: [base.seed, model]
    outs: [score.json: {cache: false}]
"""
SCORE = """
import json, yaml
params = yaml.safe_load(open("params.yaml"))
seed, model = params["base"]["seed"], params["model"]
assert model["width"] < 100, "too wide"
assert model["kind"] in ("plain", "it's = wide") and isinstance(model["round"], bool)
score = {"test": {"miou": model["width"] + seed / 10}, "sizes": len(model["sizes"])}
open("score.json", "w").write(json.dumps(score))
"""
PARAMS = "base: {seed: 7}\nmodel: {width: 1, kind: plain, round: true, sizes: [1, 2]}\n"
SET = """
name: width
description: Does a wider model score better?
arms:
  wide: {model.width: 4, model.kind: it's = wide, model.round: false}
  base: {}
  deep: {model.width: 2, model.sizes: [1, 2, 3]}
seeds: [SEEDS]
seed_parameters: [base.seed]
metrics: [score.json:test.miou, score.json:sizes]
"""


def toy(repository: Repository) -> Path:
    root = repository(GRAPH, params__yaml=PARAMS, score__py=SCORE)
    (root / "experiments").mkdir()
    write_set(root, "0")
    commit(root)
    return root


def write_set(root: Path, seeds: str, text: str = SET) -> Path:
    path = root / "experiments" / "width.yaml"
    path.write_text(text.replace("SEEDS", seeds))
    return path


def scores(table: Path) -> list[str]:
    """Rows of a table without commit, processor and code."""
    rows = [line.split(",") for line in table.read_text().splitlines()[1:]]
    return [",".join(row[:2] + row[-2:]) for row in rows]


def test_a_set_is_run_once_and_then_only_what_is_missing(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = toy(repository)
    set_path = root / "experiments" / "width.yaml"
    started: list[str] = []

    def counted(command: list[str], **options: object) -> object:
        started.append(command[command.index("--name") + 1])
        return supervised(command, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("flows.compare.supervised", counted)
    summary = compare(set_path)
    table = root / "experiments" / "results" / "width.csv"
    assert scores(table) == ["base,0,1.0,2", "deep,0,2.0,3", "wide,0,4.0,2"]
    (head,) = {line.split(",")[2] for line in table.read_text().splitlines()[1:]}
    commits = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=root, text=True)
    assert commits.startswith(head)
    assert [(row["arm"], row["mean"], row["std"]) for row in summary[::2]] == [
        ("base", 1.0, None),
        ("deep", 2.0, None),
        ("wide", 4.0, None),
    ]
    assert len(started) == 3
    status = subprocess.check_output(["git", "status", "--porcelain"], cwd=root, text=True)
    assert status.split() == ["??", "experiments/results/"]

    # committed results, and files that no stage reads, make no experiment new
    written = table.read_text()
    (root / "README.md").write_text("about")
    commit(root)
    compare(set_path)
    assert len(started) == 3 and table.read_text() == written

    # a row that was lost is read from DVC again; one that DVC has lost stays
    table.unlink()
    compare(set_path)
    assert len(started) == 3 and len(scores(table)) == 3
    subprocess.run([sys.executable, "-m", "dvc", "exp", "remove", "-A"], cwd=root, check=True)
    compare(set_path)
    assert len(started) == 3 and len(scores(table)) == 3

    # a second seed runs the second seed; the spread appears
    write_set(root, "0, 3")
    summary = compare(set_path)
    assert [name.rsplit("-", 1)[0] for name in started[3:]] == [
        "width-base-3",
        "width-deep-3",
        "width-wide-3",
    ]
    assert summary[0]["mean"] == pytest.approx(1.15)
    assert summary[0]["std"] == pytest.approx(0.2121, abs=1e-4)

    # other code is another experiment
    write_set(root, "0")
    (root / "score.py").write_text(SCORE.replace("seed / 10", "0.5"))
    compare(set_path)
    assert len(started) == 9
    assert scores(table)[0] == "base,0,1.5,2"


def test_a_failing_arm_is_named_and_the_others_are_kept(repository: Repository) -> None:
    root = toy(repository)
    set_path = write_set(root, "0", SET.replace("model.width: 2", "model.width: 200"))
    with pytest.raises(DvcError, match="1 experiments failed") as failure:
        compare(set_path)
    assert "width-deep-0" in str(failure.value) and "too wide" in str(failure.value)
    assert [line[:6] for line in scores(root / "experiments/results/width.csv")] == [
        "base,0",
        "wide,0",
    ]
    held = subprocess.check_output(["git", "for-each-ref", "refs/exps"], cwd=root, text=True)
    assert "width-base-0" in held and "width-wide-0" in held and "width-deep-0" not in held
