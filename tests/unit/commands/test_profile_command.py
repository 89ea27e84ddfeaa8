"""``twinband profile``."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.commands.conftest import Run


@pytest.fixture
def other(project: Path) -> Path:
    """A project with a second profile, which has one dataset less and another title."""
    text = (project / "profiles/sample.yaml").read_text()
    text = text.replace("title: ", "title: other ")
    ingested = "    sample-mfnet: {reader: mfnet, source: data/raw/sample-mfnet}\n"
    assert ingested in text
    (project / "profiles/other.yaml").write_text(text.replace(ingested, ""))
    return project


def git(project: Path, *arguments: str) -> None:
    settings = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *settings, *arguments], cwd=project, check=True, capture_output=True)


def commit(project: Path) -> None:
    git(project, "init")
    git(project, "add", ".")
    git(project, "commit", "-m", "all")


def test_a_profile_becomes_the_parameters(run: Run, other: Path) -> None:
    result = run("profile", "other")
    assert result.exit_code == 0, result.output
    assert (other / "params.yaml").read_bytes() == (other / "profiles/other.yaml").read_bytes()
    assert run("profile", "sample").exit_code == 0
    assert (other / "params.yaml").read_bytes() == (other / "profiles/sample.yaml").read_bytes()


def test_results_of_other_items_are_removed(run: Run, other: Path) -> None:
    kept = ["metrics/ingest/sample-llvip.json", "metrics/pool.json", "metrics/ingest/.gitignore"]
    kept += ["plots/ingest/sample-llvip/size.csv", "metrics/unknown_stage/x.json"]
    kept += ["facts/ingest/sample-llvip.json", "facts/mae.json", "facts/sample_models/old.json"]
    gone = ["metrics/ingest/sample-mfnet.json", "plots/ingest/sample-mfnet/size.csv"]
    gone += ["facts/ingest/sample-mfnet.json", "plots/evaluate/probe-none.svg"]
    for name in kept + gone:
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_text("{}")
    result = run("profile", "other")
    assert result.exit_code == 0, result.output
    assert all((other / name).exists() for name in kept)
    assert not any((other / name).exists() for name in gone)
    assert "removed metrics/ingest/sample-mfnet.json" in result.stdout
    assert "removed facts/ingest/sample-mfnet.json" in result.stdout
    assert "removed plots/ingest/sample-mfnet:" in result.stdout


def test_uncommitted_changes_are_not_overwritten(run: Run, other: Path) -> None:
    commit(other)
    params = other / "params.yaml"
    params.write_text(params.read_text() + "# mine\n")
    result = run("profile", "other")
    assert result.exit_code == 2
    assert "params.yaml has uncommitted changes" in result.stderr
    assert params.read_text().endswith("# mine\n")
    git(other, "commit", "-a", "-m", "mine")
    assert run("profile", "other").exit_code == 0


def test_a_switched_profile_is_no_change_to_keep(run: Run, other: Path) -> None:
    commit(other)
    assert run("profile", "other").exit_code == 0
    assert run("profile", "sample").exit_code == 0


def test_edits_without_git_are_kept_too(run: Run, other: Path) -> None:
    (other / "params.yaml").write_text("mine: 1\n")
    assert run("profile", "other").exit_code == 2
    assert (other / "params.yaml").read_text() == "mine: 1\n"


def test_unknown_and_invalid_profiles_are_refused(run: Run, other: Path) -> None:
    before = (other / "params.yaml").read_bytes()
    unknown = run("profile", "paper")
    assert unknown.exit_code == 2
    assert "there are: other, sample" in unknown.stderr
    (other / "profiles/bad.yaml").write_text("surprise: 1\n")
    invalid = run("profile", "bad")
    assert invalid.exit_code == 2
    assert "surprise: belongs to no stage" in invalid.stderr
    assert (other / "params.yaml").read_bytes() == before
