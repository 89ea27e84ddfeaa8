"""What flows/graph.py reads from DVC's Python API against what DVC's commands print."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from flows.graph import GraphError, read_graph
from tests.pipeline.conftest import Repository

pytestmark = pytest.mark.slow

GRAPH = """
metrics: [top.json]
stages:
  first:
    cmd: cat data.txt ${seed} > first.txt
    deps: [data.txt, code]
    params: [seed]
    outs: [first.txt]
  each:
    foreach: {b: {x: 1}, a: {x: 2}}
    do:
      cmd: cp first.txt ${key}.txt
      deps: [first.txt]
      outs: ["${key}.txt"]
      meta: {gpu: 1, retries: 2, timeout_s: 3.5}
  last:
    cmd: cat a.txt b.txt > last.txt; echo 1 > top.json
    deps: [a.txt, b.txt]
    outs: [last.txt, top.json: {cache: false}]
    metrics: [own.json: {cache: false}]
"""


def run(*arguments: str) -> str:
    return subprocess.check_output([sys.executable, "-m", "dvc", *arguments], text=True)


def test_stages_and_edges_are_those_dvc_prints(repository: Repository) -> None:
    root = repository(GRAPH, params__yaml="seed: 1\n", code="y\n")
    (root / "data.txt").write_text("x\n")
    run("add", "--quiet", "data.txt")
    graph = read_graph(root)
    edges = {(other, name) for name, stage in graph.items() for other in stage.upstream}
    assert edges == set(re.findall(r'"([^"]+)" -> "([^"]+)"', run("dag", "--dot")))
    assert set(graph) == set(run("stage", "list", "--name-only", "--all").split())
    order = list(graph)
    assert all(order.index(before) < order.index(after) for before, after in edges)


def test_inputs_outputs_metrics_and_resources(repository: Repository) -> None:
    root = repository(GRAPH, params__yaml="seed: 1\n", data__txt="x\n", code="y\n")
    graph = read_graph(root)
    assert graph["first"].inputs == ("code", "data.txt", "params.yaml")
    assert graph["each@a"].inputs == ()
    assert graph["last"].metrics == ("own.json", "top.json")
    assert graph["last"].outputs == ("last.txt", "own.json", "top.json")
    resources = graph["each@a"].resources
    assert (resources.gpu, resources.retries, resources.timeout_s) == (1, 2, 3.5)


@pytest.mark.parametrize("meta", ["{retry: 1}", "{gpu: 2}", "{timeout_s: -1}", "{retries: many}"])
def test_an_unknown_or_wrong_resource_names_stage_and_key(
    repository: Repository, meta: str
) -> None:
    root = repository(f"stages:\n  one: {{cmd: echo x, meta: {meta}}}\n")
    key = meta.strip("{}").split(":")[0]
    with pytest.raises(GraphError, match=f"stage 'one': meta.{key}"):
        read_graph(root)


def test_a_broken_dvc_yaml_is_one_readable_error(repository: Repository) -> None:
    root: Path = repository("stages:\n  one: {command: echo x}\n")
    with pytest.raises(GraphError, match="cannot read its graph"):
        read_graph(root)
