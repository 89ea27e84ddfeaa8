"""What decides results: changes that must be seen, and those that must not."""

import subprocess
from pathlib import Path

import pytest

from flows.graph import Resources, Stage
from flows.provenance import Recipe, commit_of, git, processor, recipe_of

ARMS = {"base": {}, "wide": {"+model.extra": 1, "model.width": 4}}
PARAMS = "base: {seed: 7}\nmodel: {width: 1, depth: 2}\nruntime: {workers: 2}\n"
READS = ("code/fit", "data/truth.csv", "params.yaml")  # the second is in what data writes
STAGES = [
    Stage("sam", (), True, ("code/sam.py",), ("weights",), (), ("sam",), Resources()),
    Stage("data", (), False, ("code/data.py",), ("data",), (), ("base",), Resources()),
    Stage("fit", ("data",), False, READS, ("m",), ("m",), ("model", "base.seed"), Resources()),
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path in ("code/data.py", "code/fit/a.py", "code/sam.py", "weights/w", "README.md"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    (tmp_path / "params.yaml").write_text(PARAMS)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    git(tmp_path, *identity, "commit", "--quiet", "--message", "tree")
    return tmp_path


def recipe(tree: Path) -> Recipe:
    return recipe_of(STAGES, ARMS, ["base.seed"], tree)


def test_code_weights_and_parameters_are_in_the_recipe(tree: Path) -> None:
    first = recipe(tree)
    assert set(first.inputs) == {"code/data.py", "code/fit", "weights"}
    assert set(first.params) == {"base", "base.seed", "model"}
    assert first.arms == {
        "base": {"model.extra": None, "model.width": 1},
        "wide": {"model.extra": 1, "model.width": 4},
    }


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("code/fit/a.py", "other"),
        ("weights/w", "other"),
        ("params.yaml", PARAMS.replace("depth: 2", "depth: 3")),
    ],
)
def test_what_decides_the_results_changes_the_fingerprint(tree: Path, path: str, text: str) -> None:
    before = recipe(tree).code
    (tree / path).write_text(text)
    assert recipe(tree).code != before


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("README.md", "other"),
        ("code/sam.py", "of a frozen stage"),
        ("code/fit/untracked.py", "other"),
        ("params.yaml", PARAMS.replace("workers: 2", "workers: 9")),
        ("params.yaml", PARAMS.replace("seed: 7", "seed: 9")),
        ("params.yaml", PARAMS.replace("width: 1", "width: 9")),
    ],
)
def test_what_the_set_changes_and_what_no_stage_reads_does_not(
    tree: Path, path: str, text: str
) -> None:
    before = recipe(tree).code
    (tree / path).write_text(text)
    assert recipe(tree).code == before


def test_an_arm_that_leaves_a_parameter_follows_the_tree(tree: Path) -> None:
    before = recipe(tree).arms
    (tree / "params.yaml").write_text(PARAMS.replace("width: 1", "width: 9"))
    after = recipe(tree).arms
    assert after["base"] != before["base"] and after["wide"] == before["wide"]


def test_a_commit_is_marked_if_the_tree_differs_from_it(tree: Path) -> None:
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=tree, text=True)
    clean = commit_of(tree)
    assert head.startswith(clean) and len(clean) == 10
    (tree / "untracked").write_text("")
    assert commit_of(tree) == clean
    (tree / "README.md").write_text("other")
    assert commit_of(tree) == f"{clean}+"


def test_the_processor_is_named() -> None:
    assert processor() and "\n" not in processor()
