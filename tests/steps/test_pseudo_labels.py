"""The stage ``pseudo_labels`` as a command: what it writes, killed, and errors."""

import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from pipeline_steps.pseudo_labels import run
from tests.made.annotators import save_dpt, save_mask2former
from tests.made.cmss import write_dataset
from tests.made.pseudo_labels import SCENE_NAMES, shards, write_truth
from tests.made.raw_pairs import contents, run_in, write
from tests.steps.conftest import Project
from twinband.core.params import rounded
from twinband.pseudo_labels.facts import PseudoLabelFacts
from twinband.pseudo_labels.params import PseudoLabelsParams
from twinband.shards.product import product_id, to_json

PAIRS = 24
OUTPUTS = ("data/depth/one", "data/semantics/one", "plots/pseudo_labels/one")
METRICS, FACTS = "metrics/pseudo_labels/one.json", "facts/pseudo_labels/one.json"
ARGUMENTS = (
    *("--item", "one", "--pairs", "data/one/pairs", "--registered", "data/one/registered"),
    *("--truth", "data/truth/one", "--depth-weights", "models/dpt"),
    *("--semantics-weights", "models/mask2former", "--depth", OUTPUTS[0]),
    *("--semantics", OUTPUTS[1], "--plots", OUTPUTS[2], "--metrics", METRICS, "--facts", FACTS),
)
ITEM: dict[str, Any] = {
    "modality": "rgb",
    "truth": "data/truth/one",
    "depth": "dpt",
    "depth_weights": "models/dpt",
    "semantics": "mask2former",
    "semantics_weights": "models/mask2former",
    "options": {"depth": {"scale_m": 10.0}},
    "device": "cpu",
    "threads": 1,
    "consistency_zoom": 0.75,
    "truth_classes": "sample_world",
}


def section(**changes: Any) -> dict[str, Any]:
    """The stage's section of params.yaml, with the dataset ``one``."""
    return {"items": {"one": {**ITEM, **changes}}}


@pytest.fixture
def labellable(project: Project) -> Project:
    """Dataset ``one``: 24 pairs in three shards, the truth of two of them, small annotators."""
    root = project.root
    write_dataset(root / "data/one", *shards(3, PAIRS // 3))
    write_truth(root / "data/truth/one", ["000", "001"])
    save_dpt(root / "models/dpt")
    save_mask2former(root / "models/mask2former", SCENE_NAMES)
    project.write_params(pseudo_labels=section())
    return project


def label_here(root: Path) -> None:
    """The stage within this process, in the folder ``root``."""
    path = {name: Path(value) for name, value in zip(ARGUMENTS[::2], ARGUMENTS[1::2], strict=True)}
    del path["--item"]
    report = run(
        PseudoLabelsParams.model_validate(ITEM),
        run=run_in(root / "work", item="one"),
        **{name.removeprefix("--").replace("-", "_"): value for name, value in path.items()},
    )
    assert isinstance(report.facts, PseudoLabelFacts)
    write(root / METRICS, to_json(rounded(report.metrics)))
    write(root / FACTS, to_json(report.facts.plain()))


def results(root: Path) -> dict[str, bytes]:
    """Every byte that the stage wrote."""
    files = {
        f"{out}/{name}": data for out in OUTPUTS for name, data in contents(root / out).items()
    }
    return {**files, **{path: (root / path).read_bytes() for path in (METRICS, FACTS)}}


def labels_below(folder: Path) -> int:
    return len(list(folder.glob("**/*.label")))


def test_killed_and_continued_it_writes_what_it_writes_at_once(
    labellable: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = labellable.root
    monkeypatch.chdir(root)
    monkeypatch.setenv("DVC_ROOT", str(root / "reference"))
    label_here(root)
    reference = results(root)
    for path in OUTPUTS:
        (root / path).rename(root / f"reference-{Path(path).parent.name}")
    (root / METRICS).unlink()
    (root / FACTS).unlink()

    process = labellable.start("pseudo_labels", *ARGUMENTS)
    cache, end = root / ".work/cache", time.monotonic() + 100
    while labels_below(cache) < 3 and time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    kept = labels_below(cache)
    assert 3 <= kept < 2 * PAIRS and not any((root / path).exists() for path in OUTPUTS)
    done = labellable.run("pseudo_labels", *ARGUMENTS)
    assert done.returncode == 0, done.stdout
    match = re.search(r"24 images, (\d+) labels made, (\d+) found in the cache", done.stdout)
    assert match and (int(match[1]), int(match[2])) == (2 * PAIRS - kept, kept), done.stdout
    assert results(root) == reference

    facts = PseudoLabelFacts.model_validate_json(reference[FACTS])
    assert facts.depth.scores["overall"].images == 2
    assert facts.semantics.images == 24
    assert facts.semantics.product == product_id(root / "data/semantics/one")
    assert json.loads(reference[METRICS]) == facts.headline()
    assert {name for name in reference if name.endswith("classes.json")} == {
        "data/semantics/one/classes.json"
    }


def test_missing_weights_are_told_at_once(labellable: Project) -> None:
    """With id, revision, where they were looked for, and what fetches them."""
    outside = {
        "name": "Intel/dpt-hybrid-midas",
        "revision": "4f3a1c2",
        "sha256": "0" * 64,
    }
    write(labellable.root / "models/none.json", b"{}\n")
    changes = {"depth_weights": "models/none.json", "outside": {"depth": outside}}
    labellable.write_params(pseudo_labels=section(**changes, options={}))
    arguments = [a.replace("models/dpt", "models/none.json") for a in ARGUMENTS]
    done = labellable.run("pseudo_labels", *arguments, TWINBAND_WEIGHTS="/nowhere")
    assert done.returncode == 3, done.stdout
    assert "Intel/dpt-hybrid-midas (revision 4f3a1c2) are missing" in done.stdout
    assert "/nowhere/Intel/dpt-hybrid-midas" in done.stdout
    assert "hf download Intel/dpt-hybrid-midas --revision 4f3a1c2" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (labellable.root / ".work/cache").exists()


def test_wrong_parameters_are_told_at_once(labellable: Project) -> None:
    labellable.write_params(pseudo_labels=section(options={"depth": {"sidepx": 64}}))
    done = labellable.run("pseudo_labels", *ARGUMENTS)
    assert done.returncode == 2, done.stdout
    assert "pseudo_labels: depth: the annotator dpt cannot be opened" in done.stdout
    assert "sidepx" in done.stdout and "Traceback" not in done.stdout
    labellable.write_params(pseudo_labels=section(depth="nobody"))
    done = labellable.run("pseudo_labels", *ARGUMENTS)
    assert done.returncode == 2, done.stdout
    assert "there is no src/twinband/annotators/nobody.py" in done.stdout
