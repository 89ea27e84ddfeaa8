"""The README's numbers are the committed metrics, and its Python runs."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.contract.conftest import ROOT

TEXT = (ROOT / "README.md").read_text()
COLUMNS = ["overall", "day", "crossover", "dusk", "night", "fog"]


def table() -> str:
    """The table of accuracies as the README must show it."""
    metrics = evaluation("probe-hog")["accuracy"]
    rows = [
        f"| {name} | " + " | ".join(f"{metrics[name][c]:.3f}" for c in COLUMNS) + " |"
        for name in ("rgb", "thermal", "both")
    ]
    head = [f"| accuracy | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    return "\n".join([*head, *rows])


def pretraining_table() -> str:
    """What pretraining gains, as the README must show it."""
    rows = ["| encoder | linear probe | 10-NN | segmentation, mIoU |", "|---|---|---|---|"]
    for name, shown in (("random", "untrained"), ("mae", "mae"), ("mspecgene", "mspecgene")):
        probe = evaluation(f"probe-{name}")["accuracy"]
        scores = [probe[kind]["both"]["overall"] for kind in ("linear", "knn")]
        scores.append(evaluation(f"seg_mfnet-{name}")["mean_iou"]["overall"])
        rows.append(f"| {shown} | " + " | ".join(f"{score:.3f}" for score in scores) + " |")
    return "\n".join(rows)


def annotators_table() -> str:
    """How good the shipped annotators are, as the README must show it."""
    rows = ["| annotator | score | RGB | thermal | both |", "|---|---|---|---|---|"]
    shown = (
        ("sam", "SAM", "mean best IoU, objects of 400 px and more", "mean_best_iou"),
        ("dpt", "DPT", "AbsRel of distances", "abs_rel"),
        ("mask2former", "Mask2Former", "mIoU of 13 classes", "mean_iou"),
    )
    for name, title, what, score in shown:
        found = json.loads((ROOT / f"metrics/sample_models/{name}.json").read_text())["scores"]
        values = [found[m]["overall"][score] for m in ("rgb", "thermal")]
        values.append(found["overall"][score])
        rows.append(f"| {title} | {what} | " + " | ".join(f"{v:.3f}" for v in values) + " |")
    return "\n".join(rows)


def evaluation(name: str) -> dict[str, Any]:
    """Metrics of an item of ``evaluate``."""
    found: dict[str, Any] = json.loads((ROOT / f"metrics/evaluate/{name}.json").read_text())
    return found


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("probe-hog", table),
        ("pretraining", pretraining_table),
        ("annotators", annotators_table),
    ],
)
def test_the_numbers_are_the_committed_metrics(mark: str, expected: Callable[[], str]) -> None:
    (shown,) = re.findall(rf"<!-- {mark} -->\n(.*?)\n<!-- /{mark} -->", TEXT, re.DOTALL)
    assert shown == expected(), f"README.md should show:\n{expected()}"


def test_commands_and_files_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)", TEXT):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / path).is_file(), path


def test_the_python_examples_run_on_the_sample_data(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "data/pairs/sample-mfnet/index.json").is_file():
        pytest.skip("the sample data are not built here: run `make repro` first")
    monkeypatch.chdir(ROOT)
    examples = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(examples) == 2
    for code in examples:
        exec(compile(code, "README.md", "exec"), {})
