"""Tables of pairs: in any common form, and what is told of wrong ones."""

from pathlib import Path
from typing import Any

import pytest

from tests.made.layouts import scan, write_image, write_text
from twinband.core.errors import InputError
from twinband.core.params import ParamsError
from twinband.ingest.dataset import open_layout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, late in ((1, 7), (2, 9)):
        write_image(tmp_path / f"v/a{number}.jpg", seed=number)
        write_image(tmp_path / f"t/b{late}.JPG", channels=1, seed=number)
    return tmp_path


def found(root: Path, table: str, name: str = "pairs.csv") -> tuple[dict[str, Any], list[str]]:
    write_text(root / name, table)
    entries, problems = scan("paired_folders", root, pairs_file=name)
    shown = {name: (e.files["thermal"], e.split) for name, e in entries.items()}
    return shown, [f"{p.reason}: {p.detail}" for p in problems.values()]


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("pairs.csv", "rgb,thermal\nv/a1.jpg,t/b7.JPG\nv/a2.jpg,t/b9.JPG\n"),
        ("pairs.csv", "thermal,rgb\r\nt/b7.JPG,v/a1.jpg\r\nt/b9.JPG,v/a2.jpg\r\n\r\n"),
        ("pairs.csv", "\ufeffRGB, Thermal \n./v/a1.jpg,./t/b7.jpg\nv\\a2.jpg,t\\b9.JPG\n"),
        ("pairs.csv", "rgb;thermal\nv/a1.jpg;t/b7.JPG\nv/a2.jpg;t/b9.JPG\n"),
        ("lists/pairs.tsv", "rgb\tthermal\nv/a1.jpg\tt/b7.JPG\nv/a2.jpg\tt/b9.JPG\n"),
        ("pairs.csv", "rgb,thermal\n/x/set/v/a1.jpg,C:\\set\\t\\b7.JPG\na2.jpg,b9.JPG\n"),
        ("pairs.csv", 'rgb,thermal\n"v/a1.jpg","t/b7.JPG"\n"v/a2.jpg","t/b9.JPG"\n'),
        ("pairs.csv", "rgb,thermal\nv/a1,t/b7\nv/a2,t/b9\n"),
        ("map.json", '{"v/a1.jpg": "t/b7.JPG", "v/a2.jpg": "t/b9.JPG"}'),
        ("map.json", '{"a1.jpg": "b7.jpg", "a2.jpg": "b9.jpg"}'),
    ],
)
def test_tables_of_any_form_pair_the_files(root: Path, name: str, table: str) -> None:
    pairs, problems = found(root, table, name)
    assert pairs == {"v/a1": ("t/b7.JPG", ""), "v/a2": ("t/b9.JPG", "")} and not problems


def test_columns_name_splits_labels_names_and_attributes(root: Path) -> None:
    write_image(root / "m/1.png", channels=1)
    write_image(root / "d/1.png", channels=1)
    head = "name,rgb,thermal,split,semantics,depth,hour"
    rows = "one,v/a1.jpg,t/b7.JPG,Train,m/1.png,d/1.png,day\n,v/a2.jpg,t/b9.JPG,testing,,,"
    write_text(root / "pairs.csv", f"{head}\n{rows}\n")
    layout = open_layout("paired_folders", str(root), {"pairs_file": "pairs.csv"})
    one, two = layout.scan()
    assert (one.name, one.files["semantics"]) == ("one", "m/1.png")
    assert one.files["depth"] == "d/1.png"
    assert getattr(one, "attributes", {}) == {"hour": "day"}
    assert [getattr(item, "split", "") for item in (one, two)] == ["train", "test"]
    assert layout.split_source == "column split of pairs.csv" and not layout.remarks


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("v/a2.jpg,t/b8.JPG", "missing_partner: pairs.csv line 3 names as thermal t/b8.JPG"),
        ("v/a3.jpg,t/b9.JPG", "line 3 names as rgb v/a3.jpg, which is not there"),
        ("v/a2.jpg,", "line 3 names as thermal no file"),
        ("v/a1.jpg,t/b9.JPG", "key_collision: pairs.csv line 3: v/a1.jpg is in the pair of"),
        ("v/a2.jpg,t/b7.JPG", "line 3: t/b7.JPG is in the pair of pairs.csv line 2"),
        ("v/a1.jpg,t/b7.JPG", "remove a line"),
    ],
)
def test_wrong_lines_are_problems_and_the_others_pairs(root: Path, rows: str, said: str) -> None:
    pairs, problems = found(root, f"rgb,thermal\nv/a1.jpg,t/b7.JPG\n{rows}\n")
    assert list(pairs) == ["v/a1"]
    assert len(problems) == 1 and said in problems[0]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("", "has no column rgb, but nothing"),
        ("visible,infrared\nv/a1.jpg,t/b7.JPG\n", "has no column rgb, but visible, infrared"),
        ("rgb,ir\nv/a1.jpg,t/b7.JPG\n", "no column thermal"),
        ("rgb,thermal,RGB\na,b,c\n", "two of its columns"),
        ("rgb,thermal\nv/a1.jpg,t/b7.JPG,x\n", "line 2 has more cells"),
        ("rgb,thermal,split\nv/a1.jpg,t/b7.JPG,mine\n", "the split 'mine' is none of train"),
        ("rgb,thermal\n", "found no pair"),
        ("rgb,thermal\n\0,a\n", "no text"),
    ],
)
def test_wrong_tables_are_refused(root: Path, table: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        found(root, table)
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["[1, 2]", '{"a": 1}', "{", '"a"', "", "[" * 100_000])
def test_wrong_maps_are_refused(root: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"map\.json"):
        found(root, text, "map.json")


def test_a_table_that_is_not_there_is_named(root: Path) -> None:
    for name in ("pairs.csv", "lists/pairs.csv"):
        with pytest.raises(InputError, match=name.replace(".", r"\.")):
            scan("paired_folders", root, pairs_file=name)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "pears.csv",
            "copy it into the dataset's folder or archive and write pairs_file=pears.csv",
        ),
        ("lists/pears.csv", "write pairs_file=pears.csv"),
        ("../outside.csv", "write pairs_file=outside.csv"),
        ("{beside}/outside.csv", "ingest depends on the dataset's own files: copy it"),
        ("{root}/lists/pairs.csv", "write its path within the dataset: pairs_file=lists/pairs.csv"),
        ("C:\\set\\lists\\pairs.csv", "write its path within the dataset: pairs_file=lists/pairs"),
        ("/", "copy it"),
        ("a\nb.csv", "copy it"),
    ],
)
def test_a_table_outside_is_not_read_and_the_way_out_is_told(
    tmp_path: Path, table: str, said: str
) -> None:
    root = tmp_path / "set"
    write_image(root / "v/a1.jpg")
    write_image(root / "t/b7.jpg", channels=1)
    for path in (root / "lists/pairs.csv", tmp_path / "outside.csv"):
        write_text(path, "rgb,thermal\nv/a1.jpg,t/b7.jpg\n")
    with pytest.raises(InputError) as caught:
        scan("paired_folders", root, pairs_file=table.format(root=root, beside=tmp_path))
    assert said in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"pairs_file": "pairs.csv", "rgb": "v/*.jpg"},
        {"pairs_file": "pairs.csv", "boxes": "b/*.xml"},
        {"pairs_file": "pairs.csv", "split_level": 1},
    ],
)
def test_a_table_takes_the_place_of_patterns(root: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ParamsError):
        open_layout("paired_folders", str(root), options)
