"""Links within tars and zips: followed alike, or told."""

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.made.raw_pairs import encoded, scene
from twinband.core.errors import BadSample, InputError
from twinband.ingest import links
from twinband.ingest.dataset import open_files, open_layout
from twinband.ingest.layout import Entry

Contents = Mapping[str, bytes | str]  # a file's bytes, or where a link leads
FILES: Contents = {"v/1.jpg": b"one", "v/2.jpg": b"two", "t/1.jpg": b"three"}


def link_in_zip(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system = 3  # Unix
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def write_zip(path: Path, contents: Contents) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            if isinstance(content, str):
                archive.writestr(link_in_zip(name), content)
            else:
                archive.writestr(name, content)
    return path


def write_tar(path: Path, contents: Contents) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in contents.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


WRITERS: dict[str, Callable[[Path, Contents], Path]] = {"zip": write_zip, "tar": write_tar}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize(
    ("own", "found"),
    [
        ({"v/9.jpg": "1.jpg"}, {"v/9.jpg": b"one"}),
        ({"v/9.jpg": "./1.jpg"}, {"v/9.jpg": b"one"}),
        ({"v/9.jpg": "../t/1.jpg"}, {"v/9.jpg": b"three"}),
        ({"9.jpg": "v/2.jpg"}, {"9.jpg": b"two"}),
        ({"w": "v"}, {"w/1.jpg": b"one", "w/2.jpg": b"two"}),
        ({"w": "v/"}, {"w/1.jpg": b"one", "w/2.jpg": b"two"}),
        ({"a/b": "../v"}, {"a/b/1.jpg": b"one", "a/b/2.jpg": b"two"}),
        ({"a.jpg": "b.jpg", "b.jpg": "v/1.jpg"}, {"a.jpg": b"one", "b.jpg": b"one"}),
        ({"w": "x", "x": "t"}, {"w/1.jpg": b"three", "x/1.jpg": b"three"}),
        ({"a.jpg": "none.jpg"}, {"a.jpg": None}),
        ({"a.jpg": "/etc/passwd"}, {"a.jpg": None}),
        ({"a.jpg": "../../etc/passwd"}, {"a.jpg": None}),
        ({"a.jpg": "b.jpg", "b.jpg": "a.jpg"}, {"a.jpg": None, "b.jpg": None}),
        ({"a.jpg": "a.jpg"}, {"a.jpg": None}),
        ({"v/self": "."}, {"v/self/1.jpg": b"one", "v/self/2.jpg": b"two"}),
    ],
)
def test_links_are_followed_or_told(
    tmp_path: Path, kind: str, own: Contents, found: Mapping[str, bytes | None]
) -> None:
    for contents in ({**FILES, **own}, {**own, **FILES}):  # a link may come before what it means
        files = open_files(str(WRITERS[kind](tmp_path / "set", contents)))
        more = {path for path in files.paths() if path not in FILES}
        assert {path for path in more if "self/self" not in path} == set(found)
        for path, data in found.items():
            if data is not None:
                assert files.read(path) == data
                continue
            with pytest.raises(BadSample) as caught:
                files.read(path)
            assert caught.value.reason == "not_a_file" and "\n" not in caught.value.detail


def test_links_of_a_zip_are_pairs(tmp_path: Path) -> None:
    rgb, thermal = map(encoded, scene(1))
    contents: Contents = {
        "raw/v/1.jpg": rgb,
        "raw/t/1.jpg": thermal,
        "raw/v/2.jpg": "1.jpg",
        "raw/t/2.jpg": "1.jpg",
        "crop_LR_visible": "raw/v",
        "cropinfrared": "raw/t",
    }
    layout = open_layout("roadscene", str(write_zip(tmp_path / "set.zip", contents)), {})
    entries = [item for item in layout.scan() if isinstance(item, Entry)]
    assert [entry.name for entry in entries] == ["1", "2"]
    assert [layout.load(entry).rgb.data for entry in entries] == [rgb, rgb]


@pytest.mark.parametrize("kind", WRITERS)
def test_links_without_end_are_refused(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MOST_LINKED_FILES", 50)
    contents = {**FILES, **{f"w{n}": "v" for n in range(100)}}
    with pytest.raises(InputError, match="links lead to more than 50 files"):
        open_files(str(WRITERS[kind](tmp_path / "set", contents)))


@pytest.mark.parametrize("text", [b"\xff\xfe", b"x" * 5000, b""])
def test_links_that_say_nothing_are_told(tmp_path: Path, text: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        archive.writestr(link_in_zip("a.jpg"), text)
        archive.writestr("b.jpg", b"x")
    with pytest.raises(BadSample, match="a link in the zip to no file of it"):
        open_files(str(tmp_path / "set.zip")).read("a.jpg")
