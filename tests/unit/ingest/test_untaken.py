"""Images that no rule took: counted by folder and suffix, with an example."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.made.layouts import write_image, write_text
from twinband.ingest.dataset import open_layout
from twinband.ingest.untaken import count_untaken, in_words

PATTERNS = {"rgb": "v/*.jpg", "thermal": "t/*.jpg"}


@pytest.mark.parametrize(
    ("paths", "counts"),
    [
        (["v/1.jpg", "t/1.jpg"], {}),
        (["v/1.JPG"], {"v/*.JPG": 1}),
        (["v/1.jpg", "v/2.png", "v/3.png"], {"v/*.png": 2}),
        (["2.png", "a/b/c/2.png"], {"*.png": 1, "a/b/c/*.png": 1}),
        (["a/1.tiff", "a/2.webp", "a/3.pgm"], {"a/*.pgm": 1, "a/*.tiff": 1, "a/*.webp": 1}),
        (["a/notes.txt", "a/1.xml", "README"], {}),
        (["truth/depth/1.png", "truth/semantics/1.png"], {}),
        (["truth/1.png"], {"truth/*.png": 1}),
        (["a.b/1.jpg"], {"a.b/*.jpg": 1}),
        (["jpg", "a/png"], {}),
    ],
)
def test_images_are_counted_by_folder_and_suffix(
    paths: Sequence[str], counts: dict[str, int]
) -> None:
    assert count_untaken(paths, {"v/1.jpg", "t/1.jpg"}) == counts


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({}, ""),
        ({"a/*.JPG": 1}, "1 image fits no pattern: a/*.JPG (1), e.g. x"),
        ({"a/*.JPG": 4, "b/*.JPG": 5}, "9 images fit no pattern: b/*.JPG (5), a/*.JPG (4), e.g. x"),
        (
            {f"{n}/*.png": n for n in range(1, 8)},
            "28 images fit no pattern: 7/*.png (7), 6/*.png (6), 5/*.png (5), 4/*.png (4), "
            "6 more in other folders, e.g. x",
        ),
    ],
)
def test_it_is_said_in_one_line(counts: dict[str, int], said: str) -> None:
    assert in_words(counts, "x") == said


@pytest.mark.parametrize(
    ("reader", "options", "beside", "kinds"),
    [
        ("paired_folders", PATTERNS, "v/deep/9.jpg", {"v/deep/*.jpg": 1}),
        ("paired_folders", PATTERNS, "v/9.jpeg", {"v/*.jpeg": 1}),
        ("paired_folders", {**PATTERNS, "semantics": "m/*.png"}, "m/1.png", {}),
        ("paired_folders", PATTERNS, "m/1.png", {"m/*.png": 1}),
        ("paired_folders", PATTERNS, "v/9.JPG", {}),
    ],
)
def test_what_is_of_a_pair_or_a_problem_is_not_counted(
    tmp_path: Path, reader: str, options: dict[str, Any], beside: str, kinds: dict[str, int]
) -> None:
    for folder in ("v", "t"):
        write_image(tmp_path / f"{folder}/1.jpg")
    write_text(tmp_path / beside, "no image, but called so")
    layout = open_layout(reader, str(tmp_path), options)
    list(layout.scan())
    assert layout.untaken == kinds
    assert bool(layout.remarks) == bool(kinds) and all(beside in said for said in layout.remarks)


def test_mirrored_copies_of_mfnet_are_left_out_and_not_missed(tmp_path: Path) -> None:
    write_image(tmp_path / "images/00001D.png", channels=4)
    write_image(tmp_path / "images/00001D_flip.png", channels=4)
    write_image(tmp_path / "extra/00002D.png")
    layout = open_layout("mfnet", str(tmp_path), {})
    list(layout.scan())
    assert layout.untaken == {"extra/*.png": 1}
    assert len(layout.remarks) == 2
