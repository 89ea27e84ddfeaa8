"""The README's numbers are those of committed results, and its Python runs.

Committed results are files that no run of the pipeline writes: numbers of networks differ in their
last digits from processor to processor, and these tests pass after a run on any of them.
"""

import csv
import json
import re
import statistics
from collections.abc import Callable, Mapping

import pytest

from tests.contract.conftest import ROOT

TEXT = (ROOT / "README.md").read_text()


def experiments_table(name: str, arms: Mapping[str, str], metrics: Mapping[str, str]) -> str:
    """Mean ± standard deviation over the seeds of an experiment set, an arm a row.

    Args:
        arms: how the README names each.
        metrics: the README's heading of each column of ``experiments/results/NAME.csv``.
    """
    with (ROOT / f"experiments/results/{name}.csv").open(newline="") as stream:
        runs = list(csv.DictReader(stream))
    first, *headings = metrics.values()
    lines = [f"| {' | '.join([first, *headings])} |", "|---" * len(metrics) + "|"]
    for arm, shown in arms.items():
        cells = [shown]
        for metric in list(metrics)[1:]:
            values = [float(run[metric]) for run in runs if run["arm"] == arm]
            assert len(values) >= 3, f"{name}: {arm} has {len(values)} seeds"
            cells.append(f"{statistics.fmean(values):.3f} ± {statistics.stdev(values):.3f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def hog_table() -> str:
    """Accuracy of HOG features on crops, over rendered worlds."""
    file = "metrics/evaluate/probe-hog.json"
    names = {f"{file}:hog_{name}": name for name in ("rgb", "thermal", "both")}
    return experiments_table("hog_cell", {"cell-8": "HOG, linear"}, {"arm": "accuracy", **names})


def pretraining_table() -> str:
    """Gains of pretraining."""
    probe = "metrics/evaluate/probe-mspecgene.json"
    segmentation = "metrics/evaluate/seg_mfnet-mspecgene.json"
    return experiments_table(
        "pretraining",
        {
            "untrained": "untrained",
            "mae": "MAE of single images",
            "random": "M-SpecGene, random masks",
            "entropy": "M-SpecGene, by entropy",
            "gmm_cmss": "M-SpecGene, GMM-CMSS",
            "multimae": "MultiMAE",
        },
        {
            "arm": "encoder",
            f"{probe}:linear_both": "linear probe",
            f"{probe}:knn_both": "10-NN",
            f"{segmentation}:mean_iou": "segmentation, mIoU",
            f"{segmentation}:mean_iou_no_rgb_skipped": "RGB left out",
            f"{segmentation}:mean_iou_no_thermal_skipped": "thermal left out",
        },
    )


def speed_table() -> str:
    """Training steps beside a plain implementation, of one run on one machine."""
    machine = "intel-r-xeon-r-processor-2cores"
    lines = [
        "| a step of ViT-B/16, 16 samples, two cores | fp32 | peak memory | bf16 |",
        "|---|---|---|---|",
    ]
    for name, prefix, shown in (
        ("multimae", "", "MultiMAE, 98 of 588 tokens seen"),
        ("mspecgene", ", 19+19", "M-SpecGene, 19 and 19 of 196 patches seen"),
        ("mspecgene", ", 10+28", "M-SpecGene, 10 and 28 seen"),
    ):
        with (ROOT / f"benches/results/{name}-{machine}.csv").open(newline="") as stream:
            rows = {row["variant"]: row for row in csv.DictReader(stream)}
        full, half = (rows[f"ours {precision}{prefix}"] for precision in ("fp32", "bf16"))
        lines.append(
            f"| {shown} | {float(full['times_as_fast']):.2f} times"
            f" | {-100 * float(full['less_peak']):.0f} %"
            f" | {float(half['times_as_fast']):.2f} times |"
        )
    return "\n".join(lines)


def annotators_table() -> str:
    """Scores of the shipped annotators: written by the frozen stage beside their weights."""
    rows = ["| annotator | score | RGB | thermal | both |", "|---|---|---|---|---|"]
    shown = (
        ("sam", "SAM", "mean best IoU, objects of 400 px and more", "mean_best_iou"),
        ("dpt", "DPT", "AbsRel of distances", "abs_rel"),
        ("mask2former", "Mask2Former", "mIoU of 13 classes", "mean_iou"),
    )
    for name, title, what, score in shown:
        found = json.loads((ROOT / f"facts/sample_models/{name}.json").read_text())["scores"]
        values = [found[m]["overall"][score] for m in ("rgb", "thermal")]
        values.append(found["overall"][score])
        rows.append(f"| {title} | {what} | " + " | ".join(f"{v:.3f}" for v in values) + " |")
    return "\n".join(rows)


@pytest.mark.parametrize(
    ("mark", "expected"),
    [
        ("probe-hog", hog_table),
        ("pretraining", pretraining_table),
        ("annotators", annotators_table),
        ("speed", speed_table),
    ],
)
def test_the_numbers_are_those_of_committed_results(mark: str, expected: Callable[[], str]) -> None:
    (shown,) = re.findall(rf"<!-- {mark} -->\n(.*?)\n<!-- /{mark} -->", TEXT, re.DOTALL)
    assert shown == expected(), f"README.md should show:\n{expected()}"


def test_commands_and_files_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make ([a-z-]+)", TEXT):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    headings = {re.sub(r"\W+", "-", line.lower()) for line in re.findall("^## (.+)$", TEXT, re.M)}
    for path in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (ROOT / path).is_file() or path.removeprefix("#") in headings, path


def test_the_python_examples_run_on_the_sample_data(monkeypatch: pytest.MonkeyPatch) -> None:
    if not (ROOT / "data/pairs/sample-mfnet/index.json").is_file():
        pytest.skip("the sample data are not built here: run `make repro` first")
    monkeypatch.chdir(ROOT)
    examples = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(examples) == 3
    for code in examples:
        exec(compile(code, "README.md", "exec"), {})
