"""The stages ``cmss`` and ``cmss_mixture`` as commands: what they write, killed, and errors."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from pipeline_steps.cmss import run
from tests.made.cmss import PARAMS, cmss_params, pair, write_dataset, write_model
from tests.made.raw_pairs import contents, run_in, write
from tests.steps.conftest import Project
from twinband.cmss.facts import CmssFacts, PooledFacts
from twinband.core.params import rounded
from twinband.report import sections
from twinband.report.page import page
from twinband.report.read import read_shown
from twinband.shards.product import to_json

POOL = (
    *("--cmss", "facts/cmss", "--histograms", "data/cmss", "--out", "models/cmss_mixture.json"),
    *("--metrics", "metrics/cmss_mixture.json", "--facts", "facts/cmss_mixture.json"),
    *("--plots", "plots/cmss_mixture"),
)


def outputs(name: str) -> tuple[str, ...]:
    """The paths ``out``, ``metrics``, ``facts`` and ``plots``."""
    return (
        f"data/cmss/{name}",
        f"metrics/cmss/{name}.json",
        f"facts/cmss/{name}.json",
        f"plots/cmss/{name}",
    )


def arguments(name: str) -> tuple[str, ...]:
    out, metrics, facts, plots = outputs(name)
    return (
        *("--item", name, "--pairs", f"data/{name}/pairs"),
        *("--registered", f"data/{name}/registered", "--model", "models/mae"),
        *("--out", out, "--metrics", metrics, "--facts", facts, "--plots", plots),
    )


def set_params(project: Project, **settings: object) -> None:
    project.write_params(
        cmss={
            "common": {**PARAMS, **settings},
            "items": {name: {"model": "models/mae"} for name in ("one", "two")},
        }
    )


def measure_here(root: Path, name: str) -> None:
    """The stage ``cmss`` within this process, which has imported all it needs."""
    out, metrics, facts, plots = (root / path for path in outputs(name))
    report = run(
        cmss_params(),
        pairs=root / "data" / name / "pairs",
        registered=root / "data" / name / "registered",
        model=root / "models" / "mae",
        out=out,
        metrics=metrics,
        facts=facts,
        plots=plots,
        run=run_in(root / "work" / name, item=name),
    )
    assert isinstance(report.facts, CmssFacts)
    write(metrics, to_json(rounded(report.metrics)))
    write(facts, to_json(report.facts.plain()))


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
    out, metrics, facts, plots = (project.root / path for path in outputs(name))
    numbers = {"metrics": metrics.read_bytes(), "facts": facts.read_bytes()}
    return {**contents(out), **contents(plots), **numbers}


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
        *("histograms.json", "SHA256SUMS", "README.md", "metrics", "facts"),
        *("distribution.svg", "hours.svg", "objects.svg", "maps.jpg"),
    }
    facts = CmssFacts.model_validate_json(reference["facts"])
    assert facts.pairs == facts.labelled_pairs == 16 and facts.patches == 16 * 16
    pairs = {hour: counted.pairs for hour, counted in facts.hours.items()}
    assert pairs == dict.fromkeys(("day", "fog", "night", "unknown"), 4)
    assert facts.objects and facts.objects.pixels == 16 * 400
    assert sum(facts.objects.shares) == pytest.approx(1, abs=2e-5)
    assert json.loads(reference["metrics"]) == facts.headline()


def test_the_mixture_pools_what_the_facts_name(measurable: Project) -> None:
    root = measurable.root
    for name in ("one", "two"):
        measure_here(root, name)
    assert sorted(contents(root / "plots/cmss/two")) == ["distribution.svg", "maps.jpg"]
    done = measurable.run("cmss_mixture", *POOL)
    assert done.returncode == 0, done.stdout
    assert "cmss_mixture: 272 patches of 2 datasets, components around" in done.stdout
    made = json.loads((root / "models/cmss_mixture.json").read_text())
    for name, dataset in made["datasets"].items():
        facts = CmssFacts.model_validate_json((root / f"facts/cmss/{name}.json").read_bytes())
        assert dataset["product"] == facts.product
        np.testing.assert_allclose(dataset["mixture"]["means"], facts.mixture.means, atol=1e-5)
    assert made["measure"]["variance"] == "product"
    assert sorted(contents(root / "plots/cmss_mixture")) == ["datasets.svg", "pooled.svg"]

    folders = root / "facts", root / "plots"
    datasets = [read_shown(CmssFacts, name, *folders, "cmss") for name in ("one", "two")]
    pool = read_shown(PooledFacts, "cmss_mixture", *folders)
    html = page("made up", [sections.cmss_section(datasets, pool)])
    assert html.count("data:image/svg+xml") == 2 + 3 + 1 and html.count("data:image/jpeg") == 2
    assert "The CMSS of objects is" in html and 'id="cmss-one"' in html

    (root / "data/cmss/two/histograms.json").write_bytes(
        (root / "data/cmss/one/histograms.json").read_bytes()
    )
    done = measurable.run("cmss_mixture", *POOL)
    assert done.returncode == 3, done.stdout
    assert "data/cmss/two is not what facts/cmss/two.json tells of: dvc checkout" in done.stdout


def test_errors_are_for_people(measurable: Project) -> None:
    set_params(measurable, image_px=36)
    done = measurable.run("cmss", *arguments("two"))
    assert done.returncode == 3, done.stdout
    assert "cmss.common.image_px = 36 is no multiple of the 8 px patches" in done.stdout
    assert "Traceback" not in done.stdout
    assert not any((measurable.root / path).exists() for path in outputs("two"))
