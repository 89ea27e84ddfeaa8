"""The protocol of a dataset: what changes it, what does not, and what it is compared with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.made.layouts import write_image, write_text, write_voc
from tests.made.raw_pairs import RUNTIME, ingest_folder, write_pairs
from twinband.ingest.about import About, Release
from twinband.ingest.dataset import open_files, open_layout
from twinband.ingest.facts import Protocol
from twinband.ingest.inventory import read_inventory, write_inventory
from twinband.ingest.protocol import protocol_of
from twinband.readers.llvip import Layout

LISTS: dict[str, Any] = {"rgb": "vi/*.png", "thermal": "ir/*.png", "boxes": "xml/*.xml"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Four pairs with boxes and lists of their splits."""
    folder = tmp_path / "set"
    for name in "abcd":
        write_image(folder / f"vi/{name}.png", seed=ord(name))
        write_image(folder / f"ir/{name}.png", channels=1, seed=ord(name))
        write_voc(folder / f"xml/{name}.xml", [("person", (1, 2, 9, 9))])
    write_text(folder / "train.txt", "a\nb\nc\n")
    write_text(folder / "test.txt", "d\n")
    return folder


def scanned(root: Path, reader: str = "paired_folders", **options: Any) -> Protocol:
    layout = open_layout(reader, str(root), options or (LISTS if reader[0] == "p" else {}))
    list(layout.scan())
    return protocol_of(layout)


def test_it_names_lists_labels_splits_and_their_source(root: Path) -> None:
    found = scanned(root)
    assert found.split_source == "lists (test.txt, train.txt)"
    assert found.splits == {"test": 1, "train": 3}
    assert set(found.list_hashes) == {"train.txt", "test.txt"}
    assert (found.label_files, found.sequences, found.annotations) == (4, 0, "")
    hashes = [found.fingerprint, found.label_hash, *found.split_hashes.values()]
    assert all(len(digits) == 16 for digits in hashes + list(found.list_hashes.values()))
    assert len(set(hashes)) == 4
    words = found.in_words()
    assert words["splits"] == (
        f"test 1 ({found.split_hashes['test']}), train 3 ({found.split_hashes['train']})"
    )
    assert words["labels"] == f"4 files ({found.label_hash})" and "published" not in words


def _list_changes(root: Path) -> None:
    write_text(root / "train.txt", "a\nb\n")
    write_text(root / "test.txt", "d\nc\n")


def _list_in_other_words(root: Path) -> None:
    write_text(root / "train.txt", "vi/a.png\r\nvi/b.png\r\nvi/c.png\r\n")


def _label_changes(root: Path) -> None:
    write_voc(root / "xml/b.xml", [("person", (1, 2, 9, 10))])


def _label_goes(root: Path) -> None:
    (root / "xml/b.xml").unlink()


def _pair_goes(root: Path) -> None:
    (root / "vi/a.png").unlink()


def _attributes_come(root: Path) -> None:
    write_text(root / "attributes.csv", "name,hour\na,day\n")


def _image_changes(root: Path) -> None:
    write_image(root / "vi/a.png", seed=99)


def _stranger_comes(root: Path) -> None:
    write_text(root / "readme.md", "hello")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (_list_changes, {"splits", "split_hashes", "list_hashes"}),
        (_list_in_other_words, {"list_hashes"}),
        (_label_changes, {"label_hash"}),
        (_label_goes, {"label_hash", "label_files"}),
        (_pair_goes, {"splits", "split_hashes"}),
        (_attributes_come, {"list_hashes"}),
        (_image_changes, set()),
        (_stranger_comes, set()),
    ],
)
def test_it_changes_with_what_scores_depend_on(
    root: Path, change: Callable[[Path], None], parts: set[str]
) -> None:
    before = scanned(root).plain()
    change(root)
    after = scanned(root).plain()
    differing = {key for key in before if before[key] != after[key]}
    # A problem's label files are nobody's: of a pair that is gone its boxes are too.
    extra = {"label_hash", "label_files"} if change is _pair_goes else set()
    assert differing == parts | ({"fingerprint"} if parts else set()) | extra


def test_coco_files_are_hashed_as_lists(root: Path) -> None:
    coco = {
        "images": [{"id": 1, "file_name": "a.png"}],
        "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}],
        "categories": [{"id": 1, "name": "person"}],
    }
    write_text(root / "boxes.json", json.dumps(coco))
    options = {"rgb": "vi/*.png", "thermal": "ir/*.png", "coco_boxes": "boxes.json"}
    assert set(scanned(root, **options).list_hashes) == {"boxes.json", "train.txt", "test.txt"}


def test_an_inventory_gives_the_same(root: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "set.csv"
    write_inventory(open_files(str(root)), inventory)
    layout = open_layout("paired_folders", str(root), LISTS, read_inventory(inventory))
    list(layout.scan())
    assert protocol_of(layout) == scanned(root)


def test_one_folder_around_everything_changes_nothing_but_its_paths(
    root: Path, tmp_path: Path
) -> None:
    around = tmp_path / "outer" / "set"
    around.parent.mkdir()
    root.rename(around)
    outer, inner = scanned(around.parent), scanned(around)
    assert outer.list_hashes == inner.list_hashes and outer.split_hashes == inner.split_hashes


def test_labels_that_cannot_be_read_are_part_of_it(root: Path) -> None:
    before = scanned(root)
    (root / "xml/a.xml").unlink()
    (root / "xml/a.xml").symlink_to("/etc/hostname")
    after = scanned(root)
    assert after.label_files == before.label_files and after.label_hash != before.label_hash


def write_llvip(root: Path, train: int, test: int) -> None:
    for number in range(train + test):
        place = f"{'train' if number < train else 'test'}/{number:06d}.jpg"
        write_image(root / "visible" / place)
        write_image(root / "infrared" / place, channels=1)


@pytest.mark.parametrize(
    ("pairs", "release", "words"),
    [
        ((2, 1), "small", "as small"),
        (
            (1, 2),
            "",
            "other counts than small pairs 3, train 2, test 1; large pairs 9; tracks sequences 3",
        ),
        ((4, 5), "large", "as large"),
    ],
)
def test_counts_are_compared_with_the_published_ones(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pairs: tuple[int, int],
    release: str,
    words: str,
) -> None:
    releases = {
        "small": Release(3, {"train": 2, "test": 1}),
        "large": Release(9),
        "tracks": Release(3, unit="sequences"),
        "unknown": Release(0),
    }
    about = About("x", "detection", releases, "", "", "", "", "")
    monkeypatch.setattr(Layout, "about", about)
    write_llvip(tmp_path, *pairs)
    found = scanned(tmp_path, "llvip")
    assert found.release == release
    assert found.in_words()["published"] == words


def test_it_stands_in_the_product_and_its_card_whatever_the_workers(tmp_path: Path) -> None:
    raw = write_pairs(tmp_path / "raw", 5)
    write_text(raw / "train.txt", "p000\np001\n")
    cards = []
    for workers in (1, 2):
        base = tmp_path / str(workers)
        base.mkdir()
        ingest_folder(raw, base, runtime=RUNTIME.model_copy(update={"workers": workers}))
        found = Protocol.model_validate_json((base / "pairs/protocol.json").read_bytes())
        assert found == scanned(raw, "roadscene")
        cards.append((base / "pairs/README.md").read_text())
    assert cards[0] == cards[1] and f"| fingerprint | {found.fingerprint} |" in cards[0]
    assert found.splits == {"train": 2, "unnamed": 3}
    # A run that finds all shards finished gives the same.
    ingest_folder(raw, base)
    assert Protocol.model_validate_json((base / "pairs/protocol.json").read_bytes()) == found
