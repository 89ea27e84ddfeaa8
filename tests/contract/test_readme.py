"""The README's numbers are the committed metrics, and its Python runs."""

import json
import re

import pytest

from tests.contract.conftest import ROOT

TEXT = (ROOT / "README.md").read_text()
COLUMNS = ["overall", "day", "crossover", "dusk", "night", "fog"]


def table() -> str:
    """The table of accuracies as the README must show it."""
    metrics = json.loads((ROOT / "metrics/evaluate/probe-hog.json").read_text())["accuracy"]
    rows = [
        f"| {name} | " + " | ".join(f"{metrics[name][c]:.3f}" for c in COLUMNS) + " |"
        for name in ("rgb", "thermal", "both")
    ]
    head = [f"| accuracy | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    return "\n".join([*head, *rows])


def test_the_numbers_are_the_committed_metrics() -> None:
    (shown,) = re.findall(r"<!-- probe-hog -->\n(.*?)\n<!-- /probe-hog -->", TEXT, re.DOTALL)
    assert shown == table(), f"README.md should show:\n{table()}"


def test_commands_and_files_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)", TEXT):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / path).is_file(), path


def test_the_python_example_runs_on_the_sample_data(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "data/pairs/sample-mfnet/index.json").is_file():
        pytest.skip("the sample data are not built here: run `make repro` first")
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    exec(compile(code, "README.md", "exec"), {})
