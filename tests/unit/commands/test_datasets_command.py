"""``twinband datasets``: list, check, add."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.made.layouts import write_image, write_text, write_voc
from tests.unit.commands.conftest import Run
from twinband.core.params import stage_params
from twinband.ingest.dataset import reader_names
from twinband.ingest.inventory import read_inventory
from twinband.params import validate_file
from twinband.pool import PoolParams
from twinband.report.params import ReportParams

FOLDERS = ("--option", "rgb=vi/*.png", "--option", "thermal=ir/*.png")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "outside/set one"
    for number in range(1, 5):
        write_image(folder / f"vi/{number}.png", seed=number)
        write_image(folder / f"ir/{number}.png", channels=1, seed=number)
    return folder


def params_of(project: Path) -> Any:
    return validate_file((project / "params.yaml").read_text())


def test_every_reader_is_listed_with_its_options(run: Run) -> None:
    listed = json.loads(run("datasets", "--json").stdout)
    assert [reader["reader"] for reader in listed] == reader_names()
    options = {r["reader"]: {o["name"]: o for o in r["options"]} for r in listed}
    assert options["llvip"]["voc_one_based"]["default"] is False
    assert options["paired_folders"]["rgb"]["required"] is True
    assert all(reader["expects"] for reader in listed)
    assert {reader["reader"]: reader["about"] for reader in listed}["llvip"]["task"] == "detection"


def test_check_counts_and_decodes(run: Run, root: Path) -> None:
    write_image(root / "vi/9.png")
    write_text(root / "ir/4.png", "no image")
    write_text(root / "attributes.csv", "name,hour\n1,day\n2,night\n77,day\n")
    result = run("datasets", "check", "paired_folders", str(root), *FOLDERS, "--json")
    assert result.exit_code == 0, result.output
    check = json.loads(result.stdout)
    assert (check["pairs"], check["decoded"]) == (4, 4)
    assert check["splits"] == {"unnamed": 4}
    assert check["hours"] == {"day": 1, "night": 1, "unknown": 2}
    assert check["images"] == [
        {"modality": "rgb", "channels": 3, "bits": 8, "count": 3}
        | {"width_px": [32, 32], "height_px": [24, 24]},
        {"modality": "thermal", "channels": 1, "bits": 8, "count": 3}
        | {"width_px": [32, 32], "height_px": [24, 24]},
    ]
    assert check["problems"]["missing_partner"]["count"] == 1
    assert "ir/9.png" in check["problems"]["missing_partner"]["example"]
    assert check["sample_problems"]["undecodable"]["count"] == 1
    assert check["remarks"] == ["lines of attributes.csv that name no pair, ignored: 1 (e.g. 77)"]


def test_check_counts_notes_and_says_what_they_mean(run: Run, root: Path) -> None:
    for number in (1, 2):
        write_voc(
            root / f"xml/{number}.xml", [("person", (-9, 2, 11, 22)), ("person", (1, 2, 9, 9))]
        )
    write_voc(root / "xml/77.xml", [("person", (1, 2, 3, 4))])
    write_text(root / "xml/3.xml", "<annotation>")
    result = run(
        "datasets", "check", "paired_folders", str(root), *FOLDERS, "--option", "boxes=xml/*.xml"
    )
    assert "problems: none" in result.stdout
    assert "  labels: boxes 2\n" in result.stdout
    assert (
        "       2  boxes_clipped: boxes beyond the border are cut off there, e.g. " in result.stdout
    )
    dropped = "       1  label_dropped: a label cannot be used and is left out; the images are kept"
    assert f"{dropped}, e.g. bad_label: xml/3.xml: " in result.stdout
    assert "remark: labels without images, left out: 1 (e.g. xml/77.xml)" in result.stdout


def test_strict_labels_are_problems(run: Run, root: Path) -> None:
    write_text(root / "xml/3.xml", "<annotation>")
    options = ("--option", "boxes=xml/*.xml", "--option", "strict_labels=true")
    result = run("datasets", "check", "paired_folders", str(root), *FOLDERS, *options)
    assert "       1  bad_label, e.g. xml/3.xml: " in result.stdout
    assert "leave strict_labels out" in result.stdout


def test_check_speaks_plainly(run: Run, tmp_path: Path) -> None:
    for split in ("train", "test"):
        stem = f"{len(split)}0001"
        write_image(tmp_path / f"visible/{split}/{stem}.jpg")
        write_image(tmp_path / f"infrared/{split}/{stem}.jpg", channels=1)
        write_voc(tmp_path / f"Annotations/{stem}.xml", [("person", (1, 2, 3, 4))])
    lines = run("datasets", "check", "llvip", str(tmp_path)).stdout.splitlines()
    assert lines[0] == f"{tmp_path}: 2 pairs, read by llvip"
    assert "  splits: test 1, train 1" in lines
    assert "  splits come from: the layout's folders" in lines
    assert "    2  thermal, 1 x 8 bits, 32 x 24 px" in lines
    assert "  labels: boxes 2" in lines
    assert "problems: none" in lines
    assert "remark: 2 pairs, not as published (LLVIP 15488)" in lines
    assert lines[-1] == f"ready for: twinband datasets add NAME {tmp_path} --reader llvip"


def test_check_counts_what_nobody_takes(run: Run, root: Path) -> None:
    write_image(root / "vi/more/1.png")
    write_image(root / "extra/a.jpg")
    write_image(root / "extra/b.JPG")
    result = run("datasets", "check", "paired_folders", str(root), *FOLDERS)
    assert "splits: none named by the layout; ingest draws them" in result.stdout
    assert (
        "remark: 3 images fit no pattern: extra/*.JPG (1), extra/*.jpg (1), vi/more/*.png (1), "
        "e.g. " in result.stdout
    )
    checked = run("datasets", "check", "paired_folders", str(root), *FOLDERS, "--json").stdout
    untaken = {"extra/*.JPG": 1, "extra/*.jpg": 1, "vi/more/*.png": 1}
    assert json.loads(checked)["untaken"] == untaken


def test_an_empty_pattern_says_that_there_is_no_thermal(
    run: Run, project: Path, root: Path
) -> None:
    options = ("--option", "rgb=vi/*.png", "--option", "thermal=", "--option", "semantics=")
    arguments = ("datasets", "add", "one", str(root), "--reader", "paired_folders", *options)
    result = run(*arguments, TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 0, result.output
    assert "rgb, 3 x 8 bits" in result.stdout and "thermal, " not in result.stdout
    stored = params_of(project)["ingest"]["items"]["one"]["options"]
    assert stored == {"rgb": "vi/*.png", "thermal": ""}


def test_add_takes_a_table_of_pairs(run: Run, project: Path, root: Path) -> None:
    write_text(root / "pairs.csv", "rgb,thermal,split\nvi/1.png,ir/4.png,test\n")
    arguments = ("datasets", "add", "one", str(root), "--reader", "paired_folders")
    result = run(*arguments, "--option", "pairs_file=pairs.csv", TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 0, result.output
    assert "splits come from: column split of pairs.csv" in result.stdout
    assert params_of(project)["ingest"]["items"]["one"]["options"] == {"pairs_file": "pairs.csv"}


@pytest.mark.parametrize("command", ["check", "add"])
def test_splits_are_never_drawn_over_folders_that_name_them(
    run: Run, project: Path, tmp_path: Path, command: str
) -> None:
    root = tmp_path / "outside/set"
    for split in ("train", "test", "video"):
        write_image(root / f"{split}/vi/1.png", seed=len(split))
        write_image(root / f"{split}/ir/1.png", channels=1, seed=len(split))
    patterns = ("--option", "rgb=*/vi/*.png", "--option", "thermal=*/ir/*.png")
    arguments = {
        "check": ("datasets", "check", "paired_folders", str(root), *patterns),
        "add": ("datasets", "add", "one", str(root), "--reader", "paired_folders", *patterns),
    }[command]
    environment = {"TWINBAND_DATA": str(root.parent)}
    refused = run(*arguments, **environment)
    assert refused.exit_code == 3 and "split_level=1" in refused.stderr
    assert not (project / "data").exists()
    honoured = run(*arguments, "--option", "split_level=1", **environment)
    assert honoured.exit_code == 0, honoured.output
    assert "splits: test 1, train 1" in honoured.stdout
    assert "splits come from: folder (level 1)" in honoured.stdout
    assert "1  unknown_split, e.g. video/1" in honoured.stdout


def test_check_of_another_layout_exits_with_3(run: Run, root: Path) -> None:
    result = run("datasets", "check", "roadscene", str(root))
    assert result.exit_code == 3
    assert "crop_LR_visible/NAME.jpg" in result.stderr


@pytest.mark.parametrize("option", ["rgb", "colour=a/*.png", "group_levels=many"])
def test_wrong_options_exit_with_2(run: Run, root: Path, option: str) -> None:
    arguments = ("check", "paired_folders", str(root), *FOLDERS, "--option", option)
    result = run("datasets", *arguments)
    assert result.exit_code == 2
    assert option.partition("=")[0] in result.stderr


def test_add_writes_the_inventory_and_only_its_own_lines(
    run: Run, project: Path, root: Path
) -> None:
    before = (project / "params.yaml").read_text().splitlines()
    result = run(
        *("datasets", "add", "set-one", str(root), "--reader", "paired_folders", *FOLDERS),
        *("--option", "group_levels=0", "--licence", "MIT"),
        TWINBAND_DATA=str(root.parent),
    )
    assert result.exit_code == 0, result.output
    inventory = read_inventory(project / "data/inventory/set-one.csv")
    assert len(inventory) == 8
    assert inventory["vi/1.png"].size == (root / "vi/1.png").stat().st_size
    assert "8 files, 8 new, 0 changed, 0 gone" in result.stdout
    params = params_of(project)
    assert params["ingest"]["items"]["set-one"] == {
        "reader": "paired_folders",
        "source": "data/inventory/set-one.csv",
        "root": "set one",
        "options": {"rgb": "vi/*.png", "thermal": "ir/*.png", "group_levels": 0},
        "shards": 1,
        "licence": "MIT",
    }
    assert params["pool"]["datasets"][-1] == "set-one"
    _, pool = stage_params(PoolParams, params, "pool")
    _, report = stage_params(ReportParams, params, "report")
    assert pool.protect[-1] == report.datasets[-1] == report.registered[-1] == "set-one"
    after = (project / "params.yaml").read_text().splitlines()
    assert [line for line in before if line not in after] == []
    assert str(root.parent) not in (project / "params.yaml").read_text()


def test_links_may_lead_to_all_outside_data(run: Run, root: Path) -> None:
    linked = root.parent / "linked"
    linked.mkdir()
    for name in ("vi", "ir"):
        (linked / name).symlink_to(root / name)
    arguments = ("datasets", "check", "paired_folders", str(linked), *FOLDERS)
    alone = run(*arguments)
    assert alone.exit_code == 3 and "ir: a link out of the dataset" in alone.stderr
    result = run(*arguments, TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 0 and ": 4 pairs" in result.stdout, result.output


def test_add_says_what_the_inventory_leaves_out(run: Run, project: Path, root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "secret").symlink_to("/etc/passwd")
    arguments = ("datasets", "add", "set-one", str(root), "--reader", "paired_folders", *FOLDERS)
    result = run(*arguments, TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 0, result.output
    assert len(read_inventory(project / "data/inventory/set-one.csv")) == 8
    assert "left out of it: pipe: a pipe (FIFO), not a file" in result.stdout
    assert "left out of it: secret: a link out of the dataset" in result.stdout


def test_limits_of_the_project_hold_for_what_is_added(run: Run, project: Path, root: Path) -> None:
    params = project / "params.yaml"
    before, ingest, after = params.read_text().partition("\ningest:\n  common:\n")
    params.write_text(f"{before}{ingest}    limits: {{file_mib: 1}}\n{after}")
    (root / "vi/4.png").write_bytes(bytes(2 << 20))
    arguments = ("datasets", "add", "set-one", str(root), "--reader", "paired_folders", *FOLDERS)
    result = run(*arguments, TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 0, result.output
    assert "vi/4.png: 2 MiB; at most 1 MiB are read, so raise ingest.common.limits" in result.stdout


def test_add_without_pretraining_stays_out_of_the_pool(run: Run, project: Path, root: Path) -> None:
    arguments = ("datasets", "add", "set-one", str(root), "--reader", "paired_folders", *FOLDERS)
    result = run(*arguments, "--no-pretrain", "--shards", "3", TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 0, result.output
    params = params_of(project)
    assert "set-one" not in params["pool"]["datasets"]
    assert params["ingest"]["items"]["set-one"]["shards"] == 3
    assert params["ingest"]["items"]["set-one"]["licence"] == "unknown"
    assert "licence" in result.stdout


@pytest.mark.parametrize(
    ("reader", "flags", "aligned"),
    [
        ("paired_folders", (), False),
        ("paired_folders", ("--aligned",), True),
        ("roadscene", (), True),
        ("roadscene", ("--not-aligned",), False),
    ],
)
def test_add_registers_what_is_not_known_to_be_aligned(
    run: Run, project: Path, root: Path, reader: str, flags: tuple[str, ...], aligned: bool
) -> None:
    for folder, roadscene in (("vi", "crop_LR_visible"), ("ir", "cropinfrared")):
        shutil.copytree(root / folder, root / roadscene)
    options = FOLDERS if reader == "paired_folders" else ()
    arguments = ("datasets", "add", "set-one", str(root), "--reader", reader, *options, *flags)
    result = run(*arguments, TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 0, result.output
    registration = params_of(project)["register"]["items"]["set-one"]
    assert registration["aligned"] is aligned
    assert (project / registration["homographies"]).name == "none.csv"


def test_update_says_what_changed_and_keeps_the_shards(run: Run, project: Path, root: Path) -> None:
    arguments = ("datasets", "add", "set-one", str(root), "--reader", "paired_folders", *FOLDERS)
    environment = {"TWINBAND_DATA": str(root.parent)}
    assert run(*arguments, "--shards", "3", "--licence", "MIT", **environment).exit_code == 0
    params = (project / "params.yaml").read_text()
    again = run(*arguments, **environment)
    assert again.exit_code == 2
    assert "--update" in again.stderr
    write_image(root / "vi/5.png")
    write_image(root / "ir/5.png", channels=1)
    write_image(root / "vi/1.png", seed=99)
    (root / "vi/2.png").unlink()
    update = run(*arguments, "--update", **environment)
    assert update.exit_code == 0, update.output
    assert "9 files, 2 new, 1 changed, 1 gone" in update.stdout
    assert (project / "params.yaml").read_text() == params
    assert run(*arguments, "--update", "--licence", "BSD", **environment).exit_code == 0
    entry = params_of(project)["ingest"]["items"]["set-one"]
    assert (entry["licence"], entry["shards"]) == ("BSD", 3)


def test_update_of_an_unknown_name_is_refused(run: Run, project: Path, root: Path) -> None:
    arguments = ("add", "set-one", str(root), "--reader", "paired_folders", *FOLDERS, "--update")
    result = run("datasets", *arguments, TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 2
    assert "set-one is not in params.yaml" in result.stderr


@pytest.mark.parametrize("name", ["Set", "a.b", "a b", "../x", "", "1e5", "no"])
def test_malformed_names_are_refused(run: Run, project: Path, root: Path, name: str) -> None:
    arguments = ("add", name, str(root), "--reader", "paired_folders", *FOLDERS)
    result = run("datasets", *arguments, TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 2
    assert not (project / "data").exists()


def test_a_root_that_climbs_out_of_the_data_folder_is_not_below_it(
    run: Run, project: Path, root: Path
) -> None:
    climbing = project / ".." / root.relative_to(project.parent)
    arguments = ("add", "set-one", str(climbing), "--reader", "paired_folders", *FOLDERS)
    result = run("datasets", *arguments, TWINBAND_DATA=str(project))
    assert result.exit_code == 2
    assert f"export TWINBAND_DATA={root.parent}" in result.stderr


def test_links_below_the_data_folder_may_lead_anywhere(
    run: Run, project: Path, root: Path, tmp_path: Path
) -> None:
    data = tmp_path / "links"
    data.mkdir()
    (data / "one").symlink_to(root)
    arguments = ("add", "set-one", str(data / "one"), "--reader", "paired_folders", *FOLDERS)
    assert run("datasets", *arguments, TWINBAND_DATA=str(data)).exit_code == 0
    assert params_of(project)["ingest"]["items"]["set-one"]["root"] == "one"


@pytest.mark.parametrize("data", [None, "elsewhere"])
def test_add_says_what_to_set_when_the_root_is_not_below_the_data_folder(
    run: Run, project: Path, root: Path, data: str | None
) -> None:
    environment = {"TWINBAND_DATA": str(project / data)} if data else {}
    arguments = ("add", "set-one", str(root), "--reader", "paired_folders", *FOLDERS)
    result = run("datasets", *arguments, **environment)
    assert result.exit_code == 2
    assert f"export TWINBAND_DATA={root.parent}" in result.stderr
    assert not (project / "data").exists()


def test_add_leaves_a_wrong_params_file_alone(run: Run, project: Path, root: Path) -> None:
    params = project / "params.yaml"
    params.write_text(params.read_text() + "\nsurprise: 1\n")
    before = params.read_bytes()
    arguments = ("add", "set-one", str(root), "--reader", "paired_folders", *FOLDERS)
    result = run("datasets", *arguments, TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 2
    assert "surprise: belongs to no stage" in result.stderr
    assert params.read_bytes() == before
    assert not (project / "data").exists()


def test_add_needs_a_project(run: Run, project: Path, root: Path) -> None:
    (project / "params.yaml").unlink()
    arguments = ("add", "set-one", str(root), "--reader", "paired_folders", *FOLDERS)
    result = run("datasets", *arguments, TWINBAND_DATA=str(root.parent))
    assert result.exit_code == 3
    assert "params.yaml" in result.stderr
