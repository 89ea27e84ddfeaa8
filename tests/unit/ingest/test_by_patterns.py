"""Layouts that a table of patterns describes, by those of readers."""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.made import image_sets
from tests.made.layouts import scan
from twinband.core.errors import InputError
from twinband.ingest.by_patterns import ByPatterns, Place
from twinband.ingest.dataset import layout_class, reader_names

READERS = [name for name in reader_names() if issubclass(layout_class(name), ByPatterns)]
WITH_THERMAL = [name for name in READERS if not layout_class(name).thermal_absent]


def members(reader: str) -> dict[str, Any]:
    """One pair of a reader's layout."""
    write: Callable[[], Mapping[str, Any]] = getattr(image_sets, reader)
    return dict(write())


def test_all_such_readers_are_looked_at() -> None:
    assert len(READERS) == 12 and len(WITH_THERMAL) == 6


@pytest.mark.parametrize("reader", READERS)
def test_nothing_of_a_pair_is_passed_over_in_silence(reader: str, tmp_path: Path) -> None:
    image_sets.write_set(tmp_path, members(reader))
    entries, problems = scan(reader, tmp_path)
    assert len(entries) == 1 and not problems
    assert "fit no pattern" not in image_sets.remarks(reader, tmp_path)


@pytest.mark.parametrize("reader", READERS)
def test_a_file_of_another_layout_is_counted(reader: str, tmp_path: Path) -> None:
    image_sets.write_set(tmp_path, members(reader), {"elsewhere/x.png": image_sets.rgb()})
    assert "1 image fits no pattern: elsewhere/*.png" in image_sets.remarks(reader, tmp_path)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("change", ["capitals", "folder around", "two folders around"])
def test_common_changes_of_names_do_no_harm(reader: str, change: str, tmp_path: Path) -> None:
    around = {"folder around": "data/", "two folders around": "a/b c/"}.get(change, "")
    own = {
        f"{around}{path.rpartition('.')[0]}.{path.rpartition('.')[2].upper()}"
        if change == "capitals"
        else f"{around}{path}": image
        for path, image in members(reader).items()
    }
    image_sets.write_set(tmp_path, own)
    entries, problems = scan(reader, tmp_path)
    assert len(entries) == 1 and not problems
    [entry] = entries.values()
    assert "semantics" in entry.files
    pair = image_sets.checked(reader, tmp_path, entry.name)
    assert "semantics" in pair.row["labels"]


@pytest.mark.parametrize("reader", WITH_THERMAL)
@pytest.mark.parametrize("gone", ["rgb", "thermal"])
def test_an_image_alone_names_what_is_missing(reader: str, gone: str, tmp_path: Path) -> None:
    image_sets.write_set(tmp_path, members(reader))
    entries, _ = scan(reader, tmp_path)
    [entry] = entries.values()
    path = entry.files[gone]
    (tmp_path / path).unlink()
    with pytest.raises(InputError) as caught:  # it was the only one
        scan(reader, tmp_path)
    assert f"found no {gone} ({path.rpartition('.')[0]}.*)" in str(caught.value)


@pytest.mark.parametrize("reader", READERS)
def test_two_images_of_one_name_are_told(reader: str, tmp_path: Path) -> None:
    image_sets.write_set(tmp_path, members(reader))
    [entry] = scan(reader, tmp_path)[0].values()
    path = entry.files["rgb"]
    image_sets.write_set(tmp_path, {f"{path.rpartition('.')[0]}.bmp": image_sets.rgb(9)})
    _, problems = scan(reader, tmp_path)
    assert [problem.reason for problem in problems.values()] == ["key_collision"]


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_says_what_is_published(reader: str) -> None:
    about = layout_class(reader).about
    assert about is not None and about.releases and about.source
    assert all([about.images, about.labels, about.splits, about.terms])
    for release in about.releases.values():
        assert not release.splits or sum(release.splits.values()) == release.pairs
    assert importlib.import_module(f"twinband.readers.{reader}").__doc__


@pytest.mark.parametrize(
    ("pattern", "path", "found"),
    [
        ("{split}/rgb/*", "train/rgb/a", ("train/a", "train")),
        ("{split}/rgb/*", "Training/rgb/a", ("train/a", "train")),
        ("{split}/rgb/*", "validation/rgb/a", ("val/a", "val")),
        ("{split}/rgb/*", "train_ref/rgb/a", None),
        ("{split}/rgb/*", "rgb/a", None),
        ("half/{split}_img/*", "half/val_img/a.b", ("val/a.b", "val")),
        ("x/*/{split}/*/*_rgb", "x/fog/test/s/f_rgb", ("fog/test/s/f", "test")),
        ("x/*", "x/deep/a", None),
        ("x/*", "x/a", ("a", "")),
    ],
)
def test_a_split_is_a_word_of_the_path(
    pattern: str, path: str, found: tuple[str, str] | None
) -> None:
    assert Place(pattern).name(path) == found


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(
    "data",
    [b"", b"no image", b"\x89PNG\r\n\x1a\n", b"II*\0\xff\xff\xff\xff", b"\0" * 999],
    ids=["empty", "text", "head", "tiff", "zeros"],
)
def test_a_label_that_is_none_costs_itself_only(reader: str, data: bytes, tmp_path: Path) -> None:
    image_sets.write_set(tmp_path, members(reader))
    [entry] = scan(reader, tmp_path)[0].values()
    for name in set(entry.files) - {"rgb", "thermal"}:
        (tmp_path / entry.files[name]).write_bytes(data)
    pair = image_sets.checked(reader, tmp_path, entry.name)
    assert pair.row["labels"] == []
    assert entry.files["semantics"] in pair.row["detail"] or "depth" in entry.files


@pytest.mark.parametrize("reader", READERS)
def test_a_label_cut_short_is_told(reader: str, tmp_path: Path) -> None:
    image_sets.write_set(tmp_path, members(reader))
    [entry] = scan(reader, tmp_path)[0].values()
    path = tmp_path / entry.files["semantics"]
    path.write_bytes(path.read_bytes()[:-30])
    pair = image_sets.checked(reader, tmp_path, entry.name)
    assert "semantics" not in pair.row["labels"]
    assert entry.files["semantics"] in pair.notes["label_dropped"]
