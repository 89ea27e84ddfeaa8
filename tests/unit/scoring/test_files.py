"""Reading rows, lists, folders and pairs of images."""

from pathlib import Path

import numpy as np
import pytest

from twinband.core.errors import InputError
from twinband.scoring.files import (
    files_of,
    folders_of,
    image_sets,
    images_of,
    read_json,
    read_lines,
    read_rows,
)


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4\n",
        "1 2\n3 4",
        "1\t2\r\n3\t4\r\n\r\n",
        "\ufeff 1.0, 2 \n3,4e0\n\n",
        "1,2,\n3 , 4\n",
    ],
)
def test_rows_of_any_separator(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rows.txt"
    path.write_bytes(text.encode())
    assert read_rows(path, (2,)).tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: the file is empty"),
        (" \n\n", "line 1: the file is empty"),
        ("1,2\n3\n", "line 2: 1 numbers, where a row has 2 or 4"),
        ("1,2\n1,2,3,4\n", "line 2: 4 numbers, where line 1 has 2"),
        ("1,2\n\n3,4\n", "line 2: 0 numbers"),
        ("1,2\n3,x\n", "line 2: 'x' is no number"),
        ("1,2\n3,NaN\n", "line 2: '3,NaN' holds what is not finite"),
        ("1,2\n3,1e999\n", "line 2: '3,1e999' holds what is not finite"),
    ],
)
def test_bad_rows(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "rows.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=f"rows.txt: {message}"):
        read_rows(path, (2, 4))


def test_what_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "image.txt").write_bytes(b"\x89PNG\xff\xfe")
    with pytest.raises(InputError, match=r"image.txt: no text"):
        read_rows(tmp_path / "image.txt", (2,))
    with pytest.raises(InputError, match=r"none.txt: No such file"):
        read_rows(tmp_path / "none.txt", (2,))
    with pytest.raises(InputError, match="Is a directory"):
        read_rows(tmp_path, (2,))


def test_lists_with_crlf_and_back_ticks(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"blkboy`shead\r\n10runone\r\n\r\n")
    assert read_lines(tmp_path / "list.txt") == ["blkboy`shead", "10runone"]


def test_json_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": 1,\n"b" 2}')
    with pytest.raises(InputError, match=r"a.json: line 2: not JSON"):
        read_json(tmp_path / "a.json")


def test_files_and_folders(tmp_path: Path) -> None:
    for name in ("b`s.txt", "a.txt", "c.csv", "Thumbs.db", "._a.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / "seq").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    assert list(files_of(tmp_path, ".txt")) == ["a", "b`s"]
    assert list(folders_of(tmp_path)) == ["seq"]
    with pytest.raises(InputError, match=r"no files \*\.json"):
        files_of(tmp_path, ".json")
    with pytest.raises(InputError, match="no folders of sequences"):
        folders_of(tmp_path / "seq")
    with pytest.raises(InputError, match="nowhere: no such folder"):
        folders_of(tmp_path / "nowhere")


def images(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"")
    return folder


def test_images_are_paired_by_stem(tmp_path: Path) -> None:
    truth = images(tmp_path / "truth", "1.png", "2.png", "Thumbs.db", "readme.txt")
    other = images(tmp_path / "other", "2.JPG", "1.bmp")
    assert image_sets(truth, other) == [
        ("1", (truth / "1.png", other / "1.bmp")),
        ("2", (truth / "2.png", other / "2.JPG")),
    ]
    assert image_sets(truth / "1.png", other / "2.JPG") == [
        ("1", (truth / "1.png", other / "2.JPG"))
    ]


def test_images_without_partner(tmp_path: Path) -> None:
    truth = images(tmp_path / "truth", "1.png", "2.png")
    with pytest.raises(InputError, match=r"1 of 2 images are missing, the first is 1 \(.*1.png\)"):
        image_sets(truth, images(tmp_path / "few", "2.png"))
    with pytest.raises(InputError, match=r"3.png: no image of this name in .*truth \(1 such\)"):
        image_sets(truth, images(tmp_path / "many", "1.png", "2.png", "3.png"))
    with pytest.raises(InputError, match="a second image named 1"):
        images_of(images(tmp_path / "twice", "1.png", "1.jpg"))
    with pytest.raises(InputError, match="no images"):
        images_of(images(tmp_path / "none"))


def test_rows_are_double_precision(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0.1,12345678.123\n")
    rows = read_rows(tmp_path / "a.txt", (2,))
    assert rows.dtype == np.float64 and rows.tolist() == [[0.1, 12345678.123]]
