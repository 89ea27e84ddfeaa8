"""Editing params.yaml: only what is added changes, in the form in which DVC writes it."""

import difflib
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import modify_yaml

from twinband.cli import UsageError
from twinband.commands._datasets_add import Request, check_request, edited_params, laid_out
from twinband.core.params import ParamsError, parse

FOLDERS = {"rgb": "vi/*.png", "thermal": "ir/*.png"}


def request(name: str = "set-one", **changes: Any) -> Request:
    given: dict[str, Any] = {
        "reader": "paired_folders",
        "root": "set one",
        "options": FOLDERS,
        "shards": None,
        "licence": "MIT",
        "pretrain": True,
        "aligned": None,
        "update": False,
    }
    return Request(name=name, **{**given, **changes})


def add(project: Path, wish: Request) -> tuple[list[str], list[str]]:
    """The lines that are gone and those that are new, params.yaml written."""
    path = project / "params.yaml"
    before = path.read_text()
    path.write_text(edited_params(wish, 4))
    lines = list(difflib.ndiff(before.splitlines(), path.read_text().splitlines()))
    return [li[2:] for li in lines if li[:2] == "- "], [li[2:] for li in lines if li[:2] == "+ "]


def test_all_other_lines_stay_where_they_are(project: Path) -> None:
    gone, new = add(project, request())
    assert gone == []
    assert new == [
        "    set-one:",
        "      reader: paired_folders",
        "      source: data/inventory/set-one.csv",
        "      root: set one",
        "      options: {rgb: vi/*.png, thermal: ir/*.png}",
        "      licence: MIT",
        "      shards: 1",
        "    set-one:",
        "      backend: search",
        "      homographies: data/homographies/none.csv",
        "      truth: data/homographies/none.csv",
        "      rig: sequence",
        "      aligned: false",
        "  - set-one",
    ]
    lines = (project / "params.yaml").read_text().splitlines()
    for stage in ("register", "sam_masks"):  # a blank line before a section stays there
        assert lines[lines.index(f"{stage}:") - 1] == ""
    assert lines[lines.index("    set-one:") - 1] == "      shards: 4"


def test_the_file_stays_as_dvc_writes_it(project: Path) -> None:
    long = {name: f"some/folder/of/many/images/of/{name}/*.png" for name in ("rgb", "thermal")}
    add(project, request())
    add(project, request("set-two", options=long))
    text = (project / "params.yaml").read_text()
    assert "      options:\n        rgb: some/folder/of/many/images/of/rgb/*.png\n" in text
    assert max(map(len, text.splitlines())) <= 80
    with modify_yaml(str(project / "params.yaml")) as data:
        data["mae"]["training"]["seed"] = 1
    after = (project / "params.yaml").read_text().splitlines()
    changes = [new for old, new in zip(text.splitlines(), after, strict=True) if old != new]
    assert changes == ["    seed: 1"]


def test_values_are_quoted_where_yaml_would_read_them_otherwise(project: Path) -> None:
    options = {
        "rgb": "a:b/{x}, *.png",
        "thermal": "*# 1",
        "flag": "1e5",
        "index": "017",
        "no": "no",
    }
    add(project, request(options=options, root="1e-3", licence="2024-01-01"))
    item = parse((project / "params.yaml").read_text())["ingest"]["items"]["set-one"]
    assert item["options"] == options
    assert (item["root"], item["licence"]) == ("1e-3", "2024-01-01")


def test_comments_stay_with_what_they_are_about(project: Path) -> None:
    path = project / "params.yaml"
    text = path.read_text()
    text = text.replace("      shards: 4\n", "      shards: 4  # many\n    # the last of them\n\n")
    text = text.replace("\nregister:\n", "# how pairs meet\nregister:  # first\n")
    path.write_text(text)
    gone, new = add(project, request())
    assert gone == [] and new[0] == "    set-one:"
    after = path.read_text()
    assert (
        "      shards: 1\n    # the last of them\n\n# how pairs meet\nregister:  # first" in after
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  items:\n    sample-mfnet: {layout", "  items:\n    sample-mfnet:   {layout"),
        ("report:\n  title: twinband on the sample world", "report:\n  title:  'two  words'"),
    ],
)
def test_sections_that_are_not_edited_keep_a_form_of_their_own(
    project: Path, old: str, new: str
) -> None:
    path = project / "params.yaml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert add(project, request())[0] == []


def test_an_empty_profile_takes_a_first_dataset(project: Path) -> None:
    path = project / "params.yaml"
    data = parse(path.read_text())
    for stage in ("ingest", "register", "sam_masks", "pseudo_labels", "cmss", "evaluate"):
        data[stage]["items"] = {}
    data["pool"]["datasets"] = []
    data["cmss"]["items"] = {"set-one": {"model": "models/mae"}}
    with modify_yaml(str(path)) as written:
        written.clear()
        written.update(data)
    text = path.read_text()
    assert "  items: {}" in text and "datasets: []" in text
    add(project, request())
    params = parse(path.read_text())
    assert list(params["ingest"]["items"]) == list(params["register"]["items"]) == ["set-one"]
    assert params["pool"]["datasets"] == ["set-one"]
    assert "  items:\n    set-one:\n      reader: paired_folders\n" in path.read_text()


def test_an_update_changes_what_is_given(project: Path) -> None:
    add(project, request(shards=3))
    assert add(project, request(update=True)) == ([], [])
    gone, new = add(project, request(update=True, licence="BSD", options={**FOLDERS, "flag": True}))
    assert gone == ["      options: {rgb: vi/*.png, thermal: ir/*.png}", "      licence: MIT"]
    assert new == [
        "      options: {rgb: vi/*.png, thermal: ir/*.png, flag: true}",
        "      licence: BSD",
    ]
    assert parse((project / "params.yaml").read_text())["ingest"]["items"]["set-one"]["shards"] == 3
    gone, new = add(project, request(update=True, licence="BSD", options={}))
    assert (len(gone), new) == (1, [])


def test_an_update_of_an_item_on_one_line_stays_within_the_line(project: Path) -> None:
    wish = request("sample-mfnet", reader="mfnet", options={}, licence=None, update=True)
    gone, new = add(project, wish)
    assert gone == ["    sample-mfnet: {reader: mfnet, source: data/raw/sample-mfnet}"]
    assert new == [
        "    sample-mfnet:",
        "      reader: mfnet",
        "      source: data/inventory/sample-mfnet.csv",
        "      root: set one",
    ]


def test_a_mapping_is_on_one_line_as_long_as_it_fits() -> None:
    value = {"a": 1, "b": {"c": "x" * 60}}
    for column, flow in (
        (0, True),
        (80 - len(f"k: {{a: 1, b: {{c: {'x' * 60}}}}}"), True),
        (3, False),
    ):
        assert bool(laid_out("k", value, column).fa.flow_style()) == flow
    assert laid_out("k", 3, 0) == 3


@pytest.mark.parametrize(
    "name",
    ["1e5", "12e03", "100", "017", "0x1f", "1_000", "true", "no", "on", "null", "2024-01-01"],
)
def test_a_name_that_yaml_reads_as_no_text_is_refused(project: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"'{name}' is no name for a dataset: YAML reads it as"):
        check_request(request(name))


def test_what_was_wrong_before_is_told_before_any_work(project: Path) -> None:
    path = project / "params.yaml"
    text = path.read_text()
    path.write_text(text.replace("  datasets:\n  - sample-mfnet", "  data:\n  - sample-mfnet"))
    with pytest.raises(ParamsError, match=r"pool\.datasets: missing"):
        check_request(request())
    path.write_text(text)
    with pytest.raises(ParamsError, match=r"ingest\.items\.set-one\.shards"):
        edited_params(request(shards=0), 4)
