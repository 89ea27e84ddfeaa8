"""The reader ``lasher``."""

from pathlib import Path

import pytest

from tests.made.layouts import scan, write_text
from tests.made.tracking import write_lasher, write_lasher_lists
from twinband.ingest.dataset import open_dataset, open_layout

ODD_NAMES = ["boy`shead2", "leftgirl_quezhen", "walking-gai", "10runone"]


def scanned(root: Path) -> tuple[dict[str, str], list[str], str]:
    """Splits by sequence, remarks, and where the splits come from."""
    layout = open_layout("lasher", str(root), {})
    splits = {getattr(item, "group", ""): getattr(item, "split", "") for item in layout.scan()}
    return splits, layout.remarks, layout.split_source


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_names_and_stand_in_lists(tmp_path: Path, name: str) -> None:
    write_lasher(tmp_path, name)
    write_lasher(tmp_path, "1boygo")
    write_lasher_lists(tmp_path, ["1boygo"], [name])
    splits, remarks, source = scanned(tmp_path)
    assert splits == {name: "test", "1boygo": "train"} and not remarks
    assert source == "lists (testingsetList.txt, trainingsetList.txt)"


def test_boxes_of_any_line_end_are_read(tmp_path: Path) -> None:
    for name, end in (("a", "\r\n"), ("b", "\n")):
        write_lasher(tmp_path, name, end=end)
    write_text(tmp_path / "b/visible.txt", "1,1,5,6\n0,0,0,0\n3,3,-1,4\n\n")
    labels = [dict(pair.labels) for pair in open_dataset("lasher", str(tmp_path))]
    both = {"target_rgb": [2.0, 2.0, 7.0, 8.0], "target_thermal": [2.0, 2.0, 7.0, 8.0]}
    assert labels[1] == both
    assert [sorted(own) for own in labels[3:]] == [
        ["target_rgb", "target_thermal"],
        ["target_thermal"],
        ["target_thermal"],
    ]


def test_without_a_list_of_visible_the_common_one_counts(tmp_path: Path) -> None:
    write_lasher(tmp_path, "a")
    for name in ("visible", "infrared"):
        (tmp_path / f"a/{name}.txt").unlink()
    entries, _ = scan("lasher", tmp_path)
    assert entries["a/000000"].files["target_rgb"] == "a/init.txt"
    assert dict(open_dataset("lasher", str(tmp_path))[2].labels) == {
        "target_rgb": [3.0, 3.0, 8.0, 9.0]
    }


@pytest.mark.parametrize(
    ("folders", "split"),
    [
        ("trainingset", "train"),
        ("TrainingSet", "train"),
        ("TestingSet/testingset", "test"),
        ("LasHeR/testing", "test"),
        ("", ""),
        ("some", ""),
    ],
)
def test_folders_name_splits_without_lists(tmp_path: Path, folders: str, split: str) -> None:
    write_lasher(tmp_path / folders, "1boygo")
    splits, _, source = scanned(tmp_path)
    assert splits == {"1boygo": split} and bool(source) == bool(split)


@pytest.mark.parametrize(
    ("train", "test", "split", "said"),
    [
        (["a"], ["b"], "test", "sequences in no list, taken for test: 1 (e.g. c)"),
        (["a", "b"], None, "test", "sequences in no list, taken for test: 1 (e.g. c)"),
        (None, ["a", "b"], "train", "sequences in no list, taken for train: 1 (e.g. c)"),
        (
            ["a"],
            ["b", "gone", "c"],
            "test",
            "names in lists without a sequence here: 1 (e.g.",
        ),
        (["a", "c"], ["b", "c"], "test", "1 names stand in the lists of two splits (e.g. c)"),
    ],
)
def test_no_sequence_is_trained_on_by_mistake(
    tmp_path: Path, train: list[str] | None, test: list[str] | None, split: str, said: str
) -> None:
    for name in "abc":
        write_lasher(tmp_path, name, numbers=[1])
    write_lasher_lists(tmp_path, train, test)
    splits, remarks, _ = scanned(tmp_path)
    assert splits["c"] == split
    assert len(remarks) == 1 and remarks[0].startswith(said)


def test_lists_in_a_folder_around_everything_are_read(tmp_path: Path) -> None:
    root = tmp_path / "LasHeR v1"
    for name in "ab":
        write_lasher(root / "all set", name, numbers=[1])
    write_lasher_lists(root / "all set", ["a"], ["b"])
    splits, remarks, _ = scanned(tmp_path)
    assert splits == {"a": "train", "b": "test"}
    assert remarks == ["everything is in the folder LasHeR v1/all set"]


def test_names_that_are_not_unique_keep_their_folders(tmp_path: Path) -> None:
    for folder in ("trainingset", "testingset"):
        write_lasher(tmp_path / folder, "a", numbers=[1])
    splits, _, _ = scanned(tmp_path)
    assert splits == {"trainingset/a": "train", "testingset/a": "test"}


def test_flags_of_a_sequence_are_attributes(tmp_path: Path) -> None:
    for name in "ab":
        write_lasher(tmp_path, name, numbers=[1])
    flags = ["0"] * 19
    flags[5] = flags[13] = "1"
    write_text(tmp_path / "AttriSeqsTxt/a.txt", ",".join(flags))
    write_text(tmp_path / "AttriSeqsTxt/b.txt", "1,0,x")
    layout = open_layout("lasher", str(tmp_path), {})
    first, second = layout.scan()
    assert getattr(first, "attributes", {}) == {"challenges": "LI TC"}
    assert getattr(second, "attributes", {}) == {}
    assert "AttriSeqsTxt/b.txt: left out" in layout.remarks[0]
