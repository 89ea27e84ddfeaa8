"""Patterns of paths: what is compared, what is not, and what is refused."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from tests.made.layouts import scan, write_image
from twinband.core.params import ParamsError
from twinband.ingest.dataset import open_layout
from twinband.ingest.layout import Entry
from twinband.ingest.patterns import Pattern


@pytest.mark.parametrize(
    ("pattern", "path", "name"),
    [
        ("*/visible/*.jpg", "set00/visible/1.jpg", "set00/1"),
        ("*/visible/*.jpg", "set00/visible/1.JPG", "set00/1"),
        ("*/visible/*.JPG", "set00/visible/1.jpg", "set00/1"),
        ("*/visible/*.jpg", "set00/visible/1.jpeg", None),
        ("*/visible/*.jpg", "set00/Visible/1.jpg", None),
        ("*/visible/*.jpg", "set00/V000/visible/1.jpg", None),
        ("**/visible/*.jpg", "set00/V000/visible/1.jpg", "set00/V000/1"),
        ("**/visible/*.jpg", "visible/1.jpg", "1"),
        ("*/**/*_v.png", "a/b/c/1_v.png", "a/b/c/1"),
        ("*/**/*_v.png", "a/1_v.png", "a/1"),
        ("DJI_?_*_W.JPG", "DJI_20230501120006_0003_W.JPG", "0003"),
        ("DJI_?_*_W.JPG", "DJI_20230501_120006_0003_W.jpg", "0003"),
        ("DJI_?_*_W.JPG", "DJI__0003_W.JPG", "0003"),
        ("*_?.jpg", "0003_2023_05.jpg", "0003"),
        ("?/visible/*.jpg", "monday/visible/1.jpg", "1"),
        ("v(1)/*.a+b", "v(1)/x.a+b", "x"),
        ("./visible/*.jpg", "visible/1.jpg", "1"),
        ("visible\\*.jpg", "visible/1.jpg", "1"),
        ("*.tar.jpg", "a.tar.JPG", "a"),
        ("*", "noext", "noext"),
    ],
)
def test_a_path_fits_or_not(pattern: str, path: str, name: str | None) -> None:
    assert Pattern(pattern).name(path) == name
    if name and "?" not in pattern:
        assert Pattern(pattern).filled(name).lower() == path.lower()


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("visible/**", "must be a level by itself"),
        ("a**/x.jpg", "must be a level by itself"),
        ("**.jpg", "must be a level by itself"),
        ("***/x.jpg", "must be a level by itself"),
        ("**/a/**/*.jpg", "more than one **"),
        ("/data/*.jpg", "relative to the dataset's folder"),
        ("C:\\data\\*.jpg", "relative to the dataset's folder"),
        ("../other/*.jpg", "leads out of"),
    ],
)
def test_malformed_patterns_are_refused(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Pattern(pattern)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rgb": "**/a/*.jpg", "thermal": "*/b/*.jpg"}, "same place"),
        ({"rgb": "**/a/*.jpg", "thermal": "*/b/**/x.jpg"}, "same place"),
        ({"rgb": "a/*.jpg", "thermal": "./a/*.jpg"}, "equal"),
        ({"rgb": "?.jpg", "thermal": "b/?.jpg"}, "at least one"),
        ({"rgb": "a/*.jpg", "thermal": "b/**.jpg"}, "level by itself"),
        ({"rgb": "a/*.jpg", "thermal": "b/*.jpg", "split_level": 2}, "split_level"),
        ({"rgb": "a/*.jpg", "thermal": "b/*.jpg", "split_level": -2}, "split_level"),
        (
            {"rgb": "a/*.jpg", "thermal": "b/*.jpg", "split_level": 1, "split_files": "{split}"},
            "leave one out",
        ),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(ParamsError) as caught:
        open_layout("paired_folders", str(tmp_path), options)
    assert said in str(caught.value)


def write_pair(root: Path, rgb: str, thermal: str) -> None:
    write_image(root / rgb)
    write_image(root / thermal, channels=1)


def test_a_part_that_is_not_compared_may_differ(tmp_path: Path) -> None:
    for number in range(5):
        late = number + (number == 3)
        write_pair(
            tmp_path, f"DJI_1200{number}_{number:04d}_W.JPG", f"DJI_1200{late}_{number:04d}_T.JPG"
        )
    patterns = {"rgb": "DJI_?_*_W.JPG", "thermal": "DJI_?_*_T.JPG"}
    entries, problems = scan("paired_folders", tmp_path, **patterns)
    assert list(entries) == ["0000", "0001", "0002", "0003", "0004"] and not problems
    assert entries["0003"].files["thermal"] == "DJI_12004_0003_T.JPG"
    layout = open_layout(
        "paired_folders", str(tmp_path), {"rgb": "DJI_*_*_W.JPG", "thermal": "DJI_*_*_T.JPG"}
    )
    assert sum(isinstance(item, Entry) for item in layout.scan()) == 4
    assert "write ? for it" in layout.remarks[0]


def test_of_two_candidates_for_one_name_none_is_taken(tmp_path: Path) -> None:
    write_pair(tmp_path, "v/10_1.jpg", "t/11_1.jpg")
    write_pair(tmp_path, "v/10_2.jpg", "t/11_2.jpg")
    write_image(tmp_path / "t/12_2.jpg", channels=1)
    entries, problems = scan("paired_folders", tmp_path, rgb="v/?_*.jpg", thermal="t/?_*.jpg")
    assert list(entries) == ["1"]
    assert {problem.reason for problem in problems.values()} == {"key_collision"}
    named = {path for problem in problems.values() for path in problem.files.values()}
    assert named == {"v/10_2.jpg", "t/11_2.jpg", "t/12_2.jpg"}


def test_any_depth_names_sequences(tmp_path: Path) -> None:
    for folder in ("set00", "set01/V000", "set01/V001"):
        for number in (1, 2):
            write_pair(tmp_path, f"{folder}/visible/{number}.jpg", f"{folder}/lwir/{number}.jpg")
    patterns = {"rgb": "**/visible/*.jpg", "thermal": "**/lwir/*.jpg"}
    entries, problems = scan("paired_folders", tmp_path, **patterns, group_levels=1)
    assert not problems and {entry.group for entry in entries.values()} == {
        "set00",
        "set01/V000",
        "set01/V001",
    }
    assert list(entries)[-1] == "set01/V001/2"


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC"), ("NFD", "NFD")])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_forms_of_unicode_compare_equal(tmp_path: Path, forms: tuple[str, str], typed: str) -> None:
    def form(kind: str, text: str) -> str:
        return unicodedata.normalize(kind, text)  # type: ignore[arg-type]

    write_pair(tmp_path, form(forms[0], "tür/größe.jpg"), form(forms[1], "wärme/größe.jpg"))
    patterns = {"rgb": form(typed, "tür/*.jpg"), "thermal": form(typed, "wärme/*.jpg")}
    entries, problems = scan("paired_folders", tmp_path, **patterns)
    assert list(entries) == ["größe"] and not problems
    files = entries["größe"].files
    assert all((tmp_path / path).is_file() for path in files.values())
