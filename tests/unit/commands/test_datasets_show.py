"""``twinband datasets`` as a page for newcomers, and ``show``."""

import json
import shlex
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.unit.commands.conftest import Run
from twinband.commands import _datasets_catalogue as catalogue
from twinband.commands._datasets_catalogue import find
from twinband.commands._datasets_page import commands, in_lines, markdown, page
from twinband.commands._layout_tree import tree_of
from twinband.commands.datasets import parse_options
from twinband.ingest.about import About, Release
from twinband.ingest.dataset import layout_class, reader_names
from twinband.ingest.recipes import RECIPES, Recipe

MADE_UP: Mapping[str, Recipe] = {
    "made_up": Recipe(
        about=About(
            title="Made-Up RGBT (Nobody et al., 2030)",
            task="fusion",
            releases={"MadeUp": Release(42), "MadeUp large": Release(1200, {"train": 1200})},
            images="640x480 and 1280x720, 8-bit",
            labels="none",
            splits="none: all pairs are a test",
            terms="research only",
            source="https://example.org",
            defects=("twice the same pair: removed",),
        ),
        reader="paired_folders",
        options={"rgb": "vi/*.png", "thermal": "ir/*.png", "yolo_classes": ["a", "b c"]},
        layout="vi/NAME.png with ir/NAME.png",
    )
}


@pytest.fixture
def with_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "RECIPES", {**RECIPES, **MADE_UP})


def test_the_list_has_a_line_for_each_and_fits_a_terminal(run: Run, with_recipe: None) -> None:
    done = run("datasets")
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 100
    for name in reader_names():
        assert sum(line.split()[-1:] == [name] for line in lines) >= 1, name
    [made_up] = [line.split() for line in lines if "made_up" in line]
    assert made_up == ["Made-Up", "RGBT", "42", "to", "1,200", "various", "made_up"]
    [llvip] = [line.split() for line in lines if "LLVIP" in line]
    assert llvip == ["LLVIP", "15,488", "1280x1024", "llvip"]
    [tracks] = [line.split() for line in lines if "RGBT234" in line]
    assert tracks[:3] == ["RGBT234", "234", "seq."]
    titles = [line for line in lines if line in catalogue.TASKS.values()]
    assert titles == [title for title in catalogue.TASKS.values() if title in lines]
    assert lines[-1] == "next: twinband datasets show NAME"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("llvip", "llvip"),
        ("LLVIP", "llvip"),
        ("llv", "llvip"),
        ("VT-821", "vt5000"),
        ("vt1000", "vt5000"),
        ("paired-folders", "paired_folders"),
        ("made_up", "made_up"),
        ("MadeUp large", "made_up"),
        ("made-up rgbt", "made_up"),
    ],
)
def test_a_dataset_is_found_by_any_of_its_names(with_recipe: None, asked: str, found: str) -> None:
    assert find(asked).name == found


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("LVLIP", "did you mean llvip"),
        ("rodscene", "did you mean roadscene"),
        ("folders", "may be any of: class_folders, paired_folders"),
        ("", "twinband datasets` lists all"),
        ("***", "twinband datasets` lists all"),
        ("nothing-of-the-kind", "no dataset 'nothing-of-the-kind' is known"),
    ],
)
def test_names_that_are_none_are_answered(run: Run, asked: str, message: str) -> None:
    done = run("datasets", "show", asked)
    assert done.exit_code == 2 and message in done.stderr, done.output


@pytest.mark.parametrize("name", [*reader_names(), *RECIPES, "made_up"])
def test_a_page_tells_all_that_is_known(run: Run, with_recipe: None, name: str) -> None:
    known = find(name)
    text = " ".join("\n".join(page(known)).split())
    assert max(map(len, page(known))) <= 200  # commands are not broken
    assert " ".join(known.layout.split()) in text
    if known.about:
        about = known.about
        for part in (about.title, about.images, about.labels, about.splits, about.terms):
            assert " ".join(part.split()) in text
        assert all(" ".join(defect.split()) in text for defect in about.defects)
        assert all(f"{release.pairs:,}" in text for release in about.releases.values())
    for option in layout_class(known.reader).Options.model_fields:
        assert f" {option} (" in text
    assert run("datasets", "show", name).stdout == "\n".join(page(known)) + "\n"


def test_the_commands_of_a_page_are_understood(with_recipe: None) -> None:
    _, check, add, repro, export = map(shlex.split, commands(find("made_up")))
    assert check[:4] == ["twinband", "datasets", "check", "paired_folders"]
    given = [value for flag, value in pairwise(check) if flag == "--option"]
    options = parse_options("paired_folders", given)
    assert options["rgb"] == "vi/*.png" and options["yolo_classes"] == "a,b c"
    assert add[3] == "made-up" and repro == ["dvc", "repro", "register@made-up"]
    assert export[3] == "made-up"


@pytest.mark.parametrize(
    ("layout", "tree"),
    [
        (
            "visible/{train,test}/NAME.jpg with infrared/{train,test}/NAME.jpg; "
            "optional: Annotations/NAME.xml with boxes",
            [
                *("visible/", "    {train,test}/", "        NAME.jpg"),
                *("infrared/", "    {train,test}/", "        NAME.jpg"),
                *("Annotations/", "    NAME.xml   (optional)"),
            ],
        ),
        (
            "a/NAME.png (or b/NAME.*), train.txt.",
            ["a/", "    NAME.png", "b/", "    NAME.*", "train.txt"],
        ),
        ("x/NAME_a.png, or _b.png; ids 0 to 8, e.g. 4.5", ["x/", "    NAME_a.png"]),
        ("any: paths like `rgb`, where **/ is any number of folders", []),
    ],
)
def test_layouts_are_drawn_as_trees(layout: str, tree: list[str]) -> None:
    assert tree_of(layout) == tree


def test_every_public_layout_can_be_drawn() -> None:
    for known in catalogue.catalogue():
        assert known.about is None or tree_of(known.layout), known.name


def test_json_has_recipes_and_public_sets(run: Run, with_recipe: None) -> None:
    listed: list[dict[str, Any]] = json.loads(run("datasets", "--json").stdout)
    readers = {reader["reader"]: reader for reader in listed}
    assert "made_up" in [own["name"] for own in readers["paired_folders"]["recipes"]]
    assert readers["llvip"]["about"]["releases"]["LLVIP"]["pairs"] == 15488


def test_the_document_links_every_set_to_its_page(run: Run, with_recipe: None) -> None:
    text = run("datasets", "--markdown").stdout
    assert text == markdown()
    for known in catalogue.catalogue():
        assert f"[{known.title}](#{known.name})" in text
        assert text.count(f'<a id="{known.name}"></a>') == 1


def test_nothing_of_it_needs_a_project(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("datasets").stdout == "\n".join([*in_lines(), ""])
