"""Links in a dataset's folder: where they may lead, and loops."""

import os
from pathlib import Path

import pytest

from tests.made.raw_pairs import ingest_folder, rows_by_name, write, write_pair, write_pairs
from twinband.core.errors import BadSample, InputError
from twinband.ingest.dataset import Source, open_files, open_layout
from twinband.ingest.folder import MOST_LINKED_FOLDERS
from twinband.ingest.inventory import read_inventory, write_inventory


def linked(root: Path, target: Path) -> Path:
    """Link both folders of RoadScene to those below ``target``."""
    root.mkdir(parents=True)
    for name in ("crop_LR_visible", "cropinfrared"):
        (root / name).symlink_to(target / name)
    return root


def test_linked_folders_within_all_outside_data_are_followed(tmp_path: Path) -> None:
    write_pairs(tmp_path / "data/elsewhere", 3)
    root = linked(tmp_path / "data/set", tmp_path / "data/elsewhere")
    files = open_files(str(root), within=str(tmp_path / "data"))
    assert len(files.paths()) == 6 and not files.refused
    assert files.read("cropinfrared/p001.jpg")[:2] == b"\xff\xd8"


def test_linked_folders_out_of_them_are_told_and_not_followed(tmp_path: Path) -> None:
    write_pairs(tmp_path / "disk", 3)
    root = linked(tmp_path / "data/set", tmp_path / "disk")
    with pytest.raises(InputError, match=r"crop_LR_visible: a link out of the dataset .* TWINBAND"):
        list(open_layout("roadscene", str(root), {}, within=str(tmp_path / "data")).scan())
    (root / "cropinfrared").unlink()
    write_pair(root.parent / "other", "p000", 1)
    (root / "cropinfrared").symlink_to("../other/cropinfrared")
    files = open_files(str(root), within=str(tmp_path / "data"))
    assert files.paths() == ["cropinfrared/p000.jpg"]
    assert [(r.path, r.reason) for r in files.refused] == [("crop_LR_visible", "link_outside")]


def test_a_root_and_all_data_may_themselves_be_links_to_another_disk(tmp_path: Path) -> None:
    write_pairs(tmp_path / "disk/set", 2)
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    (tmp_path / "set").symlink_to(tmp_path / "disk/set")
    for root in (tmp_path / "data/set", tmp_path / "set"):
        files = open_files(str(root), within=str(tmp_path / "data"))
        assert all(files.read(path) for path in files.paths()) and len(files.paths()) == 4


def test_an_inventory_does_not_lead_out_either(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.jpg", b"secret")
    root = write_pairs(tmp_path / "data/set", 1)
    inventory = tmp_path / "set.csv"
    write_inventory(open_files(str(root)), inventory)
    lines = inventory.read_text() + f"../../secret.jpg,6,{'0' * 64}\n"
    inventory.write_text(lines)
    files = open_files(str(root), read_inventory(inventory), within=str(tmp_path / "data"))
    with pytest.raises(BadSample, match="link_outside"):
        files.read(os.path.relpath(secret, root))


def test_loops_of_links_end_and_nothing_is_lost(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "set", 2)
    (root / "a").mkdir()
    (root / "b").mkdir()
    for place, target in (("a/b", root / "b"), ("b/a", root / "a"), ("a/top", root), ("me", root)):
        (root / place).symlink_to(target)
    write(root / "b/x.jpg", b"x")
    paths = open_files(str(root)).paths()
    assert {"a/b/x.jpg", "b/x.jpg", "crop_LR_visible/p000.jpg"} <= set(paths)
    assert len(paths) == len(set(paths)) < 20


def test_links_that_multiply_are_stopped(tmp_path: Path) -> None:
    for level in range(8):
        folder = tmp_path / f"level{level}"
        folder.mkdir()
        for number in range(10):
            (folder / str(number)).symlink_to(tmp_path / f"level{level + 1}")
    (tmp_path / "level8").mkdir()
    with pytest.raises(InputError, match=f"more than {MOST_LINKED_FOLDERS} linked folders"):
        open_files(str(tmp_path)).paths()


def test_an_inventory_leaves_out_what_is_never_read(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "set", 1)
    os.mkfifo(root / "pipe")
    (root / "secret").symlink_to("/etc/passwd")
    (root / "folder").symlink_to("/etc")
    (root / "hole").touch()
    os.truncate(root / "hole", 1 << 40)
    left_out = write_inventory(open_files(str(root)), tmp_path / "set.csv")
    assert sorted((r.path, r.reason) for r in left_out) == [
        ("folder", "link_outside"),
        ("hole", "too_large"),
        ("pipe", "not_a_file"),
        ("secret", "link_outside"),
    ]
    assert len(read_inventory(tmp_path / "set.csv")) == 2


def test_names_that_are_formulas_are_text_in_an_inventory_and_come_back(tmp_path: Path) -> None:
    names = ["=1+1", "+1", "-1", "@A1", "'=1", "'a"]
    for name in names:
        write(tmp_path / "set" / name, b"x")
    write_inventory(open_files(str(tmp_path / "set")), tmp_path / "set.csv")
    lines = (tmp_path / "set.csv").read_text().splitlines()
    assert not [line for line in lines if line[0] in "=+-@"]
    assert sorted(read_inventory(tmp_path / "set.csv")) == sorted(names)


def test_a_secret_that_is_linked_to_is_in_no_file_of_the_product(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "set", 2)
    secret = write(tmp_path / "secret.jpg", b"the secret of this machine")
    (root / "crop_LR_visible/p001.jpg").unlink()
    (root / "crop_LR_visible/p001.jpg").symlink_to(secret)
    row = rows_by_name(ingest_folder(root, tmp_path))["p001"]
    assert (row["status"], row["reason"]) == ("quarantined", "link_outside")
    made = [path for path in (tmp_path / "pairs").rglob("*") if path.is_file()]
    assert made and not [path for path in made if b"the secret" in path.read_bytes()]


def test_a_source_takes_the_folder_of_all_data_to_its_workers(tmp_path: Path) -> None:
    write_pairs(tmp_path / "data/elsewhere", 2)
    root = linked(tmp_path / "data/set", tmp_path / "data/elsewhere")
    source = Source.of("roadscene", str(root), {}, within=str(tmp_path / "data"))
    assert len(list(source.open().scan())) == 2


@pytest.mark.parametrize("root", ["x" * 5_000, "nothing://there", "/dev/null", "s3//none", ""])
def test_a_root_that_is_none_is_one_line(root: str) -> None:
    with pytest.raises(InputError) as caught:
        open_files(root or "/nonexistent")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 6_000
