"""Zips and tars: read as their folders are, with or without a folder around everything."""

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.made.layouts import write_text
from tests.made.raw_pairs import (
    contents,
    encoded,
    ingest_folder,
    rows_by_name,
    scene,
    write,
    write_pairs,
)
from twinband.core.errors import BadSample, InputError
from twinband.ingest.dataset import open_files, open_layout
from twinband.ingest.inventory import read_inventory, write_inventory
from twinband.ingest.layout import Entry


def zipped(root: Path, path: Path, around: str = "", **how: Any) -> Path:
    with zipfile.ZipFile(path, "w", **how) as archive:
        for file in sorted(root.rglob("*")):
            archive.write(file, f"{around}{file.relative_to(root)}")
    return path


def tarred(root: Path, path: Path, around: str = ".", mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        tar.add(root, arcname=around)
    return path


PACKED: dict[str, Callable[[Path, Path], Path]] = {
    "set.zip": zipped,
    "deflated.zip": lambda r, p: zipped(r, p, compression=zipfile.ZIP_DEFLATED),
    "around.zip": lambda r, p: zipped(r, p, "RoadScene-master/"),
    "around-twice.zip": lambda r, p: zipped(r, p, "a/b/"),
    "dots.zip": lambda r, p: zipped(r, p, "./"),
    "no-suffix": zipped,
    "set.tar": tarred,
    "around.tar": lambda r, p: tarred(r, p, "RoadScene"),
    "set.tar.gz": lambda r, p: tarred(r, p, mode="w:gz"),
    "around.tgz": lambda r, p: tarred(r, p, "a/b/c", mode="w:gz"),
    "set.tar.bz2": lambda r, p: tarred(r, p, mode="w:bz2"),
    "set.tar.xz": lambda r, p: tarred(r, p, mode="w:xz"),
}


@pytest.mark.parametrize("name", PACKED)
def test_an_archive_gives_what_its_folder_gives(tmp_path: Path, name: str) -> None:
    root = write_pairs(tmp_path / "raw", 3)
    write_text(root / "attributes.csv", "name,hour,split\np001,day,test\n")
    archive = PACKED[name](root, tmp_path / name)
    inventory = tmp_path / "made-up.csv"
    write_inventory(open_files(str(archive)), inventory)
    assert len(read_inventory(inventory)) == 7
    folder = rows_by_name(ingest_folder(root, tmp_path / "folder"))
    packed = rows_by_name(ingest_folder(archive, tmp_path / "packed", inventory=str(inventory)))
    assert packed["p001"]["split"] == "test" and packed.keys() == folder.keys()
    for key, row in packed.items():
        assert row["rgb_path"].endswith(folder[key].pop("rgb_path"))
        assert row["thermal_path"].endswith(folder[key].pop("thermal_path"))
        assert folder[key].items() <= row.items()
    if "around" not in name:
        assert contents(tmp_path / "packed/pairs") == contents(tmp_path / "folder/pairs")


@pytest.mark.parametrize(
    ("reader", "options", "files"),
    [
        ("roadscene", {}, ("crop_LR_visible/1.jpg", "cropinfrared/1.jpg")),
        ("llvip", {}, ("visible/val/1.jpg", "infrared/val/1.jpg")),
        ("vt5000", {}, ("Train/RGB/1.jpg", "Train/T/1.jpg")),
        ("vt5000", {}, ("RGB/1.jpg", "T/1.jpg")),
        ("rgbt234", {}, ("walk/visible/1v.jpg", "walk/infrared/1i.jpg")),
        ("rgbt210", {}, ("walk/visible/1v.jpg", "walk/infrared/1i.jpg")),
        ("gtot", {}, ("walk/v/1v.jpg", "walk/i/1i.jpg")),
        ("lasher", {}, ("trainingset/walk/visible/v1.jpg", "trainingset/walk/infrared/i1.jpg")),
        ("vtuav", {}, ("train_ST_001/walk/rgb/1.jpg", "train_ST_001/walk/ir/1.jpg")),
        ("class_folders", {}, ("18/val/rgb/car/1.jpg", "18/val/thermal/car/1.jpg")),
        ("paired_folders", {"rgb": "v/*.jpg", "thermal": "t/*.jpg"}, ("v/1.jpg", "t/1.jpg")),
        ("paired_folders", {"pairs_file": "pairs.csv"}, ("v/1.jpg", "t/1.jpg")),
    ],
)
@pytest.mark.parametrize("around", ["set", "größe/set v1.0", "a/b/c/d"])
def test_every_reader_looks_into_a_folder_around_everything(
    tmp_path: Path, reader: str, options: dict[str, str], files: tuple[str, str], around: str
) -> None:
    inner = tmp_path / around
    for path, pixels in zip(files, scene(1), strict=True):
        write(inner / path, encoded(pixels))
    write_text(inner / "pairs.csv", "rgb,thermal\nv/1.jpg,t/1.jpg\n")
    write_text(tmp_path / "README.txt", "beside it")
    layout = open_layout(reader, str(tmp_path), options)
    [entry] = layout.scan()
    assert isinstance(entry, Entry)
    assert sorted(entry.files.values()) == sorted(f"{around}/{path}" for path in files)
    assert layout.load(entry).rgb.data and not layout.untaken
    if reader != "class_folders":  # which takes the last of these folders for its own
        assert layout.remarks == [f"everything is in the folder {around}"]


def test_two_folders_at_the_top_are_not_around_everything(tmp_path: Path) -> None:
    write_pairs(tmp_path / "a", 1)
    write_pairs(tmp_path / "b", 1)
    with pytest.raises(InputError, match="at its top there is: a, b"):
        list(open_layout("roadscene", str(tmp_path), {}).scan())


def test_hard_links_of_a_tar_are_files(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 2)
    for folder in ("crop_LR_visible", "cropinfrared"):
        os.link(root / folder / "p000.jpg", root / folder / "p009.jpg")
    for around in (".", "RoadScene"):
        layout = open_layout("roadscene", str(tarred(root, tmp_path / "set.tar", around)), {})
        entries = {item.name: item for item in layout.scan() if isinstance(item, Entry)}
        assert list(entries) == ["p000", "p001", "p009"]
        assert layout.load(entries["p009"]).rgb.data == layout.load(entries["p000"]).rgb.data


def test_links_within_a_tar_are_followed(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 2)
    for folder in ("crop_LR_visible", "cropinfrared"):
        (root / folder).rename(root / f"real-{folder}")
        (root / folder).symlink_to(f"real-{folder}")
        (root / f"real-{folder}/p007.jpg").symlink_to("p001.jpg")
        (root / f"real-{folder}/loop").symlink_to(f"../{folder}")
        (root / f"real-{folder}/up").symlink_to("..")
    (root / "out").symlink_to("/etc")
    layout = open_layout("roadscene", str(tarred(root, tmp_path / "set.tar")), {})
    entries = {item.name: item for item in layout.scan() if isinstance(item, Entry)}
    assert list(entries) == ["p000", "p001", "p007"]
    assert layout.load(entries["p001"]).rgb.data
    files = open_files(str(tmp_path / "set.tar"))
    assert files.read("real-cropinfrared/p007.jpg") == files.read("cropinfrared/p001.jpg")


@pytest.mark.parametrize(
    ("begin", "kind"), [(b"Rar!\x1a\7\1\0", "rar"), (b"7z\xbc\xaf\x27\x1c", "7z")]
)
def test_other_archives_are_named(tmp_path: Path, begin: bytes, kind: str) -> None:
    (tmp_path / "set").write_bytes(begin + bytes(2000))
    with pytest.raises(InputError, match=f"a {kind} archive; unpack it"):
        open_files(str(tmp_path / "set"))


def write_members(path: Path, *members: tuple[zipfile.ZipInfo | str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def reason_of(path: Path, name: str) -> str:
    with pytest.raises(BadSample) as caught:
        open_files(str(path)).read(name)
    assert "\n" not in caught.value.detail
    return f"{caught.value.reason}: {caught.value.detail}"


def test_members_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.jpg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    odd = zipfile.ZipInfo("odd.jpg")
    odd.compress_type = zipfile.ZIP_BZIP2
    path = write_members(tmp_path / "set.zip", (link, b"/etc/passwd"), (odd, b"x"), ("a.jpg", b"x"))
    assert reason_of(path, "link.jpg").startswith(
        "not_a_file: link.jpg: a link in the zip to no file"
    )
    assert "odd.jpg: packed in a way that is not read (number 12)" in reason_of(path, "odd.jpg")
    assert reason_of(path, "none.jpg") == "unreadable: none.jpg: not in the zip"
    data = bytearray(path.read_bytes())
    for header, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.rindex(header) + offset] |= 1
    path.write_bytes(bytes(data))
    assert "a.jpg: encrypted; unpack the zip with its password" in reason_of(path, "a.jpg")


def test_too_large_and_damaged_members_are_told(tmp_path: Path) -> None:
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.jpg", bytes(65 << 20))
        archive.writestr("a.jpg", b"abcdefgh" * 40)
    assert reason_of(path, "bomb.jpg").startswith("too_large: bomb.jpg: 65 MiB")
    data = path.read_bytes()
    begin = data.rindex(b"a.jpg", 0, data.index(b"PK\1\2")) + 5
    path.write_bytes(data[:begin] + b"\0\1\2" + data[begin + 3 :])
    assert reason_of(path, "a.jpg").startswith("unreadable: a.jpg: ")


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("crop_LR_visible\\a.jpg", "crop_LR_visible/a.jpg"),
        ("./a//b.jpg", "a/b.jpg"),
        ("größe.jpg", "größe.jpg"),
        ("__MACOSX/a.jpg", None),
        (".hidden/a.jpg", None),
        ("folder/", None),
        ("folder\\", None),
        ("a\x1b.jpg", None),
    ],
)
def test_names_of_members_are_plain_paths(tmp_path: Path, name: str, kept: str | None) -> None:
    path = write_members(tmp_path / "set.zip", (name, b"x"))
    assert list(open_files(str(path)).paths()) == ([kept] if kept else [])


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/a.jpg", "a/../../b.jpg", "..\\a.jpg"])
def test_members_that_climb_out_are_refused(tmp_path: Path, name: str) -> None:
    path = write_members(tmp_path / "set.zip", (name, b"x"))
    with pytest.raises(InputError, match="escapes the archive"):
        open_files(str(path))


def test_a_tar_that_ends_with_a_zip_is_a_tar(tmp_path: Path) -> None:
    root = write_pairs(tmp_path / "raw", 1)
    zipped(root, root / "z.zip")
    assert zipfile.is_zipfile(tarred(root, tmp_path / "set.tar"))
    assert len(open_files(str(tmp_path / "set.tar")).paths()) == 3


@pytest.mark.parametrize("cut", [5, 100, 2000, -10, -1])
def test_a_zip_that_was_cut_is_told_in_a_line(tmp_path: Path, cut: int) -> None:
    path = zipped(write_pairs(tmp_path / "raw", 2), tmp_path / "set.zip")
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"cannot read the zip .*set\.zip: .*fetch it again"):
        open_files(str(path))


STREAM = io.BytesIO()
with zipfile.ZipFile(STREAM, "w", zipfile.ZIP_DEFLATED) as _archive:
    for _number in range(3):
        _archive.writestr(f"crop_LR_visible/{_number}.jpg", encoded(scene(_number)[0]))
        _archive.writestr(f"cropinfrared/{_number}.jpg", encoded(scene(_number)[1]))
WHOLE = STREAM.getvalue()
DIRECTORY = WHOLE.index(b"PK\1\2")


@settings(
    derandomize=True,
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    flips=st.dictionaries(
        st.one_of(st.integers(4, len(WHOLE) - 1), st.integers(DIRECTORY, len(WHOLE) - 1)),
        st.integers(0, 255),
        max_size=8,
    ),
    cut=st.one_of(st.just(0), st.integers(4, len(WHOLE))),
)
def test_a_damaged_zip_ends_in_rows_or_a_line(
    tmp_path: Path, flips: dict[int, int], cut: int
) -> None:
    data = bytearray(WHOLE)
    for place, value in flips.items():
        data[place] = value
    path = tmp_path / "set.zip"
    path.write_bytes(bytes(data[: cut or None]))
    try:
        layout = open_layout("roadscene", str(path), {})
        items = list(layout.scan())
    except InputError as error:
        assert "\n" not in str(error)
        return
    for item in items:
        if isinstance(item, Entry):
            try:
                layout.load(item)
            except BadSample as bad:
                assert "\n" not in bad.detail
