"""The stage ``sam_masks``: what it writes, what it pays for, killed, side by side, errors."""

import hashlib
import json
import os
import re
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline_steps.harness.step import StepReport
from pipeline_steps.sam_masks import run
from tests.made.cmss import pair
from tests.made.labelled import write_pairs
from tests.made.masked import PARAMS, write_sam, write_truth
from tests.made.project import TIMEOUT_S
from tests.made.raw_pairs import contents, run_in, write
from tests.steps.conftest import Project
from twinband.core.params import rounded
from twinband.masks.facts import MaskFacts
from twinband.masks.params import SamMasksParams
from twinband.shards.product import product_id, to_json
from twinband.verify import verify_product

WEIGHTS, TRUTH = "models/sample/sam", "data/truth/made-up"
ITEM = {**PARAMS, "weights": WEIGHTS, "truth": TRUTH}


def section(**changes: Any) -> dict[str, Any]:
    """The stage's section of params.yaml, with the datasets ``one`` and ``two``."""
    return {"items": {name: {**ITEM, **changes} for name in ("one", "two")}}


def outputs(name: str) -> tuple[str, ...]:
    """The paths ``out``, ``metrics``, ``facts`` and ``plots``."""
    return (
        f"data/masks/{name}",
        f"metrics/sam_masks/{name}.json",
        f"facts/sam_masks/{name}.json",
        f"plots/sam_masks/{name}",
    )


def arguments(name: str, weights: str = WEIGHTS) -> tuple[str, ...]:
    out, metrics, facts, plots = outputs(name)
    return (
        *("--item", name, "--pairs", f"data/{name}/pairs"),
        *("--registered", f"data/{name}/registered", "--truth", TRUTH, "--weights", weights),
        *("--out", out, "--metrics", metrics, "--facts", facts, "--plots", plots),
    )


def write_dataset(project: Project, name: str, *shards: Sequence[int]) -> None:
    write_pairs(project.root / "data" / name, *shards)


@pytest.fixture
def maskable(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A SAM, parameters for the datasets ``one`` and ``two``, and the truth of one pair; this
    process stands in the project's folder."""
    write_sam(project.root / WEIGHTS)
    rgb = pair(1).made.rgb
    write_truth(project.root / TRUTH, {"p001": (rgb[..., 0] > 128).astype(np.uint16)})
    project.write_params(sam_masks=section())
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("DVC_ROOT", str(project.root))
    return project


def mask_here(root: Path, name: str, to: Path | None = None, **changes: Any) -> StepReport:
    """The stage within this process, which has imported all it needs; its outputs below ``to``."""
    out, metrics, facts, plots = ((to or root) / path for path in outputs(name))
    report = run(
        SamMasksParams.model_validate({**ITEM, **changes}),
        pairs=root / "data" / name / "pairs",
        registered=root / "data" / name / "registered",
        truth=root / TRUTH,
        weights=root / WEIGHTS,
        out=out,
        metrics=metrics,
        facts=facts,
        plots=plots,
        run=run_in((to or root) / "work" / f"{name}-{time.monotonic_ns()}", item=name),
    )
    assert isinstance(report.facts, MaskFacts)
    write(metrics, to_json(rounded(report.metrics)))
    write(facts, to_json(report.facts.plain()))
    return report


def results(root: Path, name: str) -> dict[str, bytes]:
    """Every byte that the stage wrote."""
    out, metrics, facts, plots = (root / path for path in outputs(name))
    numbers = {"metrics": metrics.read_bytes(), "facts": facts.read_bytes()}
    return {**contents(out), **contents(plots), **numbers}


def paid(report: StepReport) -> tuple[int, int]:
    """Images labelled anew, and found in the cache."""
    return report.timings["images_labelled"], report.timings["images_in_cache"]


def labels(project: Project) -> list[Path]:
    return sorted((project.root / ".work/cache/masks").glob("*/*/*.label"))


def printed(output: str) -> tuple[int, int]:
    """As ``paid``, by the closing line."""
    match = re.search(r"; (\d+) images labelled anew, (\d+) found in the cache \(", output)
    assert match, output
    return int(match[1]), int(match[2])


def test_killed_and_continued_it_writes_what_it_writes_at_once(
    maskable: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(maskable, "one", range(24), range(24, 40))
    process = maskable.start("sam_masks", *arguments("one"))
    end = time.monotonic() + TIMEOUT_S
    while len(labels(maskable)) < 5 and time.monotonic() < end:
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    finished = {path: path.stat().st_mtime_ns for path in labels(maskable)}
    assert 5 <= len(finished) < 80
    assert not (maskable.root / outputs("one")[0]).exists()

    done = maskable.run("sam_masks", *arguments("one"))
    assert done.returncode == 0, done.stdout
    assert printed(done.stdout) == (80 - len(finished), len(finished))
    assert {path: path.stat().st_mtime_ns for path in finished} == finished

    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "other root"))
    assert paid(mask_here(maskable.root, "one", tmp_path / "at once")) == (80, 0)
    expected = results(tmp_path / "at once", "one")
    assert results(maskable.root, "one") == expected
    assert set(expected) == {
        *("README.md", "index.json", "manifest.parquet", "masks_per_image.svg"),
        *("metrics", "facts", "shard-000000.tar", "shard-000001.tar"),
        *(f"{hour}-{modality}.jpg" for hour in ("day", "night") for modality in ("rgb", "thermal")),
    }
    assert verify_product(maskable.root / "data/masks/one", maskable.root / "data/one/pairs") == []


def test_facts_and_metrics_tell_what_was_found(maskable: Project) -> None:
    write_dataset(maskable, "one", range(3))
    done = maskable.run("sam_masks", *arguments("one"))
    assert done.returncode == 0, done.stdout
    _, metrics, path, _ = (maskable.root / output for output in outputs("one"))
    facts = MaskFacts.model_validate_json(path.read_bytes())
    assert facts.product == product_id(maskable.root / "data/masks/one")
    assert facts.weights == WEIGHTS
    assert facts.pairs_by_truth == {"no_truth": 2, "scored": 1}
    assert facts.scores["rgb"]["overall"].objects == 1
    masks = facts.images["rgb"].masks, facts.images["thermal"].masks
    assert f"3 pairs, {masks[0]} masks of RGB and {masks[1]} of thermal images" in done.stdout
    assert printed(done.stdout) == (6, 0)
    assert json.loads(metrics.read_text()) == facts.headline()


def test_only_unknown_images_are_paid_for(maskable: Project) -> None:
    root = maskable.root
    write_dataset(maskable, "one", range(4), range(4, 8))
    assert paid(mask_here(root, "one")) == (16, 0)
    before = results(root, "one")
    assert paid(mask_here(root, "one")) == (0, 16)
    assert results(root, "one") == before

    write_dataset(maskable, "two", range(3, 9))  # another dataset, five of whose pairs are known
    assert paid(mask_here(root, "two")) == (2, 10)

    for old in contents(root / "data/one"):
        (root / "data/one" / old).unlink()
    write_dataset(maskable, "one", range(4), range(4, 18))  # ten pairs more, one of them known
    assert paid(mask_here(root, "one")) == (18, 18)


def test_a_torn_label_is_not_believed(maskable: Project) -> None:
    write_dataset(maskable, "one", range(3))
    mask_here(maskable.root, "one")
    before = results(maskable.root, "one")
    torn, empty, *_ = labels(maskable)
    torn.write_bytes(torn.read_bytes()[:-40])
    empty.write_bytes(b"")
    assert paid(mask_here(maskable.root, "one")) == (2, 4)
    assert results(maskable.root, "one") == before


def test_two_at_once_share_the_work(maskable: Project) -> None:
    for name in ("one", "two"):
        write_dataset(maskable, name, range(20))
    both = [maskable.start("sam_masks", *arguments(name)) for name in ("one", "two")]
    outputs_ = [process.communicate(timeout=TIMEOUT_S)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs_
    fresh, known = (sum(column) for column in zip(*map(printed, outputs_), strict=True))
    assert (fresh, known) == (40, 40)
    assert len(labels(maskable)) == 40
    one, two = (contents(maskable.root / f"data/masks/{name}") for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize(
    ("source", "folder", "words"),
    [
        (
            {},
            WEIGHTS,
            [f"error: {WEIGHTS}: no weights there", f"git checkout -- {WEIGHTS}"],
        ),
        (
            {
                "weights": "models/none.json",
                "outside": {"name": "sam_vit_b_01ec64.pth", "sha256": "0" * 64},
            },
            "models/none.json",
            [
                "error: the weights sam_vit_b_01ec64.pth are missing: looked for in ",
                "/elsewhere/sam_vit_b_01ec64.pth. Fetch the file, put it there, and set TWINBAND",
            ],
        ),
        (
            {"weights": "models/gone"},
            "models/gone",
            ["error: sam_masks@one: models/gone does not exist"],
        ),
    ],
)
def test_missing_weights_are_told_before_any_work(
    maskable: Project, source: dict[str, Any], folder: str, words: list[str]
) -> None:
    write_dataset(maskable, "one", range(2))
    (maskable.root / WEIGHTS / "weights.safetensors").unlink()
    write(maskable.root / "models/none.json", b"{}")
    maskable.write_params(sam_masks=section(**source))
    elsewhere = str(maskable.root / "elsewhere")
    done = maskable.run("sam_masks", *arguments("one", folder), TWINBAND_WEIGHTS=elsewhere)
    assert done.returncode == 3, done.stdout
    for word in words:
        assert word in done.stdout
    assert "Traceback" not in done.stdout and "pairs" not in done.stdout
    assert not labels(maskable)
    assert not any((maskable.root / path).exists() for path in outputs("one"))


def test_official_weights_are_found_outside(
    maskable: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside weights by their checksum, through the variable TWINBAND_WEIGHTS."""
    write_dataset(maskable, "one", range(1))
    file = maskable.root / "elsewhere/sam.safetensors"
    file.parent.mkdir()
    (maskable.root / WEIGHTS / "weights.safetensors").rename(file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setenv("TWINBAND_WEIGHTS", str(file.parent))
    outside = {"name": file.name, "sha256": sha256}
    report = mask_here(maskable.root, "one", weights="models/none.json", outside=outside)
    assert isinstance(report.facts, MaskFacts)
    assert paid(report) == (2, 0) and report.facts.weights == file.name
