"""``twinband doctor``."""

import json
from pathlib import Path

import pytest

from tests.made.layouts import write_image
from tests.unit.commands.conftest import Run


def add_roadscene(run: Run, data: Path) -> None:
    write_image(data / "roads/crop_LR_visible/1.jpg")
    write_image(data / "roads/cropinfrared/1.jpg", channels=1)
    arguments = ("datasets", "add", "roads", str(data / "roads"), "--reader", "roadscene")
    assert run(*arguments, TWINBAND_DATA=str(data)).exit_code == 0


def test_the_sample_profile_is_in_order(run: Run, project: Path) -> None:
    result = run("doctor", "--json")
    assert result.exit_code == 0, result.output
    findings = {item["what"]: item for item in json.loads(result.stdout)}
    assert all(item["ok"] for item in findings.values())
    assert findings["parameters"]["detail"] == "params.yaml is valid"
    assert "sample_world" in findings["ingest.items.sample-mfnet"]["detail"]
    assert findings["torch"]["detail"].startswith("2.")
    assert findings["device"]["detail"].startswith(("cpu", "cuda"))


def test_wrong_parameters_are_all_listed(run: Run, project: Path) -> None:
    params = project / "params.yaml"
    text = params.read_text().replace("max_bad_fraction: 0.02", "max_bad_fraction: 2.0")
    params.write_text(text + "\nsurprise: 1\n")
    result = run("doctor")
    assert result.exit_code == 2
    assert "problem  parameters: ingest.common.max_bad_fraction" in result.stdout
    assert "problem  parameters: surprise: belongs to no stage" in result.stdout


@pytest.mark.parametrize("number", ["1e-3", "1e-05", "1e5"])
def test_small_numbers_are_numbers_to_all_commands(
    run: Run, project: Path, tmp_path: Path, number: str
) -> None:
    params = project / "params.yaml"
    line = f"    base_lr: {number}\n"
    params.write_text(params.read_text().replace("    base_lr: 0.064\n", line))
    assert run("doctor").exit_code == 0
    add_roadscene(run, tmp_path / "data")
    assert line in params.read_text()
    assert run("doctor", TWINBAND_DATA=str(tmp_path / "data")).exit_code == 0


def test_readers_and_their_options_are_checked(run: Run, project: Path) -> None:
    params = project / "params.yaml"
    text = params.read_text().replace("reader: vt5000", "reader: vt9000")
    params.write_text(text.replace("reader: llvip,", "reader: llvip, options: {a: 1},"))
    result = run("doctor")
    assert result.exit_code == 2
    assert "no reader 'vt9000'" in result.stdout
    assert "ingest.items.sample-llvip.options.a: unknown parameter" in result.stdout


def test_outside_datasets_must_be_where_the_inventory_says(
    run: Run, project: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    add_roadscene(run, data)
    good = run("doctor", TWINBAND_DATA=str(data))
    assert good.exit_code == 0, good.output
    assert "data/inventory/roads.csv lists 2 files" in good.stdout
    unset = run("doctor")
    assert unset.exit_code == 3
    assert "export TWINBAND_DATA" in unset.stdout
    (data / "roads").rename(data / "elsewhere")
    gone = run("doctor", TWINBAND_DATA=str(data))
    assert gone.exit_code == 3
    assert f"there is no {data / 'roads'}" in gone.stdout


def test_a_source_that_nothing_makes_is_missing(run: Run, project: Path) -> None:
    params = project / "params.yaml"
    rendered = "    sample-mfnet: {layout"
    text = params.read_text()
    assert rendered in text
    params.write_text(text.replace(rendered, "    other-mfnet: {layout"))
    result = run("doctor")
    assert result.exit_code == 3
    assert "problem  ingest.items.sample-mfnet: there is no data/raw/sample-mfnet" in result.stdout


def test_another_file_can_be_examined(run: Run, project: Path) -> None:
    (project / "profiles/broken.yaml").write_text("ingest: [")
    result = run("doctor", "--params", "profiles/broken.yaml")
    assert result.exit_code == 2
    assert "parameters: the file cannot be read: line 2: " in result.stdout
    assert run("doctor", "--params", "profiles/none.yaml").exit_code == 3
