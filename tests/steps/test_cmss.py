"""The stages ``cmss`` and ``cmss_mixture`` as commands: what they write, killed, and errors."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline_steps.cmss import run
from tests.made.cmss import COMMON, pair, write_dataset, write_model
from tests.made.raw_pairs import RUNTIME, contents, write
from tests.steps.conftest import Project
from twinband.cmss.params import CmssCommon, CmssDataset, CmssParams
from twinband.report import sections
from twinband.report.page import page
from twinband.report.read import read_cmss, read_cmss_mixture
from twinband.shards.product import to_json

MIXTURE = {"components": 3, "most_components": 4, "quantile": 0.999}
POOL = (
    *("--cmss", "metrics/cmss", "--histograms", "data/cmss", "--out", "models/cmss_mixture.json"),
    *("--metrics", "metrics/cmss_mixture.json", "--plots", "plots/cmss_mixture"),
)


def outputs(name: str) -> tuple[str, str, str]:
    return f"data/cmss/{name}", f"metrics/cmss/{name}.json", f"plots/cmss/{name}"


def arguments(name: str) -> tuple[str, ...]:
    out, metrics, plots = outputs(name)
    return (
        *("--item", name, "--pairs", f"data/{name}/pairs"),
        *("--registered", f"data/{name}/registered", "--model", "models/mae"),
        *("--out", out, "--metrics", metrics, "--plots", plots),
    )


def set_params(project: Project, **settings: object) -> None:
    project.write_params(
        cmss={"common": {**COMMON, **settings}, "datasets": {"one": {}, "two": {}}},
        cmss_mixture={"datasets": ["one", "two"], **MIXTURE},
    )


def measure_here(root: Path, name: str) -> None:
    """The stage ``cmss`` within this process, which has imported all it needs."""
    out, metrics, plots = (root / path for path in outputs(name))
    report = run(
        CmssParams(common=CmssCommon(**COMMON), datasets={name: CmssDataset()}),
        item=name,
        pairs=root / "data" / name / "pairs",
        registered=root / "data" / name / "registered",
        model=root / "models" / "mae",
        out=out,
        metrics=metrics,
        plots=plots,
        work=root / "work" / name,
        runtime=RUNTIME,
        progress=lambda done, total: None,
    )
    write(metrics, to_json(report.metrics))


@pytest.fixture
def measurable(project: Project) -> Project:
    """Dataset ``one`` in four shards with hours and labels; ``two`` is one pair without either."""
    semantics = np.zeros((48, 64), np.uint8)
    semantics[10:30, 10:30] = 1
    shards = [
        {f"{shard}-{n}": pair(10 * shard + n, hour, semantics=semantics) for n, hour in hours}
        for shard in range(4)
        for hours in [list(enumerate(("day", "night", "fog", "")))]
    ]
    write_dataset(project.root / "data" / "one", *shards)
    write_dataset(project.root / "data" / "two", {"single": pair(99)})
    write_model(project.root / "models" / "mae")
    set_params(project)
    return project


def results(project: Project, name: str) -> dict[str, bytes]:
    """Every byte that the stage wrote."""
    out, metrics, plots = (project.root / path for path in outputs(name))
    return {**contents(out), **contents(plots), "metrics": metrics.read_bytes()}


def test_killed_and_continued_it_writes_what_it_writes_at_once(measurable: Project) -> None:
    root = measurable.root
    measure_here(root, "one")
    reference = results(measurable, "one")
    for path in outputs("one"):
        (root / "reference" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).rename(root / "reference" / path)

    process = measurable.start("cmss", *arguments("one"))
    work, end = root / ".work", time.monotonic() + 60
    while not list(work.glob("*/*/shards/*.json")) and time.monotonic() < end:
        assert process.poll() is None
        time.sleep(0.001)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    finished = len(list(work.glob("*/*/shards/*.json")))
    done = measurable.run("cmss", *arguments("one"))
    assert done.returncode == 0, done.stdout
    assert f"; {finished} of 4 shards were already finished (" in done.stdout
    assert results(measurable, "one") == reference

    assert set(reference) == {
        *("histograms.json", "README.md", "metrics"),
        *("distribution.svg", "hours.svg", "objects.svg", "maps.jpg"),
    }
    facts = json.loads(reference["metrics"])
    assert facts["pairs"] == 16 and facts["values"] == 16 * 16
    assert {hour: each["pairs"] for hour, each in facts["hours"].items()} == {
        **dict.fromkeys(("day", "fog", "night", "unknown"), 4)
    }
    assert facts["objects"]["pixels"] == 16 * 400
    assert sum(facts["objects"]["shares"]) == pytest.approx(1, abs=1e-5)


def test_the_mixture_pools_what_the_metrics_name(measurable: Project) -> None:
    root = measurable.root
    for name in ("one", "two"):
        measure_here(root, name)
    assert sorted(contents(root / "plots/cmss/two")) == ["distribution.svg", "maps.jpg"]
    done = measurable.run("cmss_mixture", *POOL)
    assert done.returncode == 0, done.stdout
    assert "cmss_mixture: 272 patches of 2 datasets, components around" in done.stdout
    made = json.loads((root / "models/cmss_mixture.json").read_text())
    for name, each in made["datasets"].items():
        facts = json.loads((root / f"metrics/cmss/{name}.json").read_text())
        assert each["product"] == facts["product"]
        np.testing.assert_allclose(each["mixture"]["means"], facts["mixture"]["means"], atol=1e-6)
    assert made["measure"]["variance"] == "product"
    assert sorted(contents(root / "plots/cmss_mixture")) == ["datasets.svg", "pooled.svg"]

    datasets = [read_cmss(n, root / "metrics/cmss", root / "plots/cmss") for n in ("one", "two")]
    pool = read_cmss_mixture(root / "metrics/cmss_mixture.json", root / "plots/cmss_mixture")
    html = page("made up", [sections.cmss_section(datasets, pool)])
    assert html.count("data:image/svg+xml") == 2 + 3 + 1 and html.count("data:image/jpeg") == 2
    assert "The CMSS of objects is" in html and 'id="cmss-one"' in html

    (root / "data/cmss/two/histograms.json").write_bytes(
        (root / "data/cmss/one/histograms.json").read_bytes()
    )
    done = measurable.run("cmss_mixture", *POOL)
    assert done.returncode == 3, done.stdout
    assert "data/cmss/two is not what metrics/cmss/two.json tells of: dvc checkout" in done.stdout


def test_errors_are_for_people(measurable: Project) -> None:
    set_params(measurable, image_px=36)
    done = measurable.run("cmss", *arguments("two"))
    assert done.returncode == 3, done.stdout
    assert "cmss.common.image_px = 36 is no multiple of the 8 px patches" in done.stdout
    assert "Traceback" not in done.stdout
    assert not any((measurable.root / path).exists() for path in outputs("two"))
