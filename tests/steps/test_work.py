"""Publishing finished outputs."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline_steps.harness.work import content_digest, publish, work_folder, work_root
from tests.made.raw_pairs import contents, write
from twinband.shards.write import remove


def test_where_linked_folders_lead_is_part_of_an_input(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / "raw" / name / "a.jpg", name.encode())
    digests = set()
    for target in ("one", "two"):
        (tmp_path / "raw/train").unlink(missing_ok=True)
        (tmp_path / "raw/train").symlink_to(target)
        digests.add(content_digest(tmp_path / "raw"))
    assert len(digests) == 2


def staged_folder(base: Path) -> Path:
    for name in ("a", "sub/b"):
        write(base / "work" / "out" / name, name.encode())
    return base / "work" / "out"


@pytest.mark.parametrize("before", ["nothing", "folder", "file", "link"])
def test_a_folder_replaces_whatever_stood_there(tmp_path: Path, before: str) -> None:
    target = tmp_path / "data" / "made-up"
    if before == "folder":
        write(target / "old", b"old")
    elif before == "file":
        write(target, b"old")
    elif before == "link":
        write(tmp_path / "elsewhere" / "old", b"old")
        target.parent.mkdir()
        target.symlink_to(tmp_path / "elsewhere")
    staged = staged_folder(tmp_path)
    publish(staged, target)
    assert contents(target) == {"a": b"a", "sub/b": b"sub/b"} == contents(staged)
    assert not target.is_symlink() and sorted(p.name for p in target.parent.iterdir()) == [
        "made-up"
    ]
    assert sorted(p.name for p in staged.parent.iterdir()) == ["out"]
    if before == "link":
        assert contents(tmp_path / "elsewhere") == {"old": b"old"}


def test_a_file_is_published_and_its_copy_kept(tmp_path: Path) -> None:
    staged = write(tmp_path / "work" / "m.json", b"new")
    target = write(tmp_path / "metrics" / "m.json", b"old")
    publish(staged, target)
    assert staged.read_bytes() == target.read_bytes() == b"new"


def test_half_an_old_folder_never_stands_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed while the old output is deleted, the new one must already be in place."""
    target = tmp_path / "data" / "made-up"
    write(target / "old-1", b"")
    write(target / "old-2", b"")

    def killed(path: Path) -> None:
        for file in sorted(path.rglob("*")):
            file.unlink()
            raise KeyboardInterrupt

    staged = staged_folder(tmp_path)
    monkeypatch.setattr(shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        publish(staged, target)
    assert contents(target) == {"a": b"a", "sub/b": b"sub/b"}


def test_another_file_system_gets_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def across(self: Path, target: Path) -> Path:
        if self.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", across)
    target = tmp_path / "data" / "made-up"
    write(target / "old", b"old")
    publish(staged_folder(tmp_path), target)
    publish(write(tmp_path / "work" / "m.json", b"new"), tmp_path / "metrics" / "m.json")
    assert contents(target) == {"a": b"a", "sub/b": b"sub/b"}
    assert contents(tmp_path / "metrics") == {"m.json": b"new"}
    assert sorted(p.name for p in target.parent.iterdir()) == ["made-up"]


def test_a_full_disk_is_no_other_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="No space left"):
        publish(staged_folder(tmp_path), tmp_path / "data" / "made-up")


def test_a_full_disk_leaves_no_half_made_copy_beside_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree

    def across(self: Path, target: Path) -> Path:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    def half(source: Any, target: Any, *rest: Any, **options: Any) -> Any:
        if Path(target).parent.name != "data":
            return copy(source, target, *rest, **options)
        write(target / "a", b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "rename", across)
    monkeypatch.setattr(shutil, "copytree", half)
    staged = staged_folder(tmp_path)
    with pytest.raises(OSError, match="No space left"):
        publish(staged, tmp_path / "data" / "made-up")
    assert list((tmp_path / "data").iterdir()) == []
    assert [path.name for path in staged.parent.iterdir()] == [staged.name]


def test_what_a_killed_process_had_begun_to_write_goes_when_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    with work_folder("stage", "f" * 16) as folder:
        write(folder / "shards/shard-000000.12345.tmp", b"half")
        write(folder / "run/.losses.csv.12345.tmp", b"half")
        kept = write(folder / "shards/shard-000001.tar", b"whole")
    with work_folder("stage", "f" * 16):
        assert not list(folder.rglob("*.tmp")) and kept.is_file()


def test_without_hard_links_files_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(source: Path, target: Path) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    publish(staged_folder(tmp_path), tmp_path / "out")
    assert contents(tmp_path / "out") == {"a": b"a", "sub/b": b"sub/b"}


def test_work_stands_in_the_repository_that_dvc_was_called_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    assert work_root() == tmp_path / ".work"
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "main"))
    with work_folder("ingest@a", "0123") as folder:
        assert folder == tmp_path / "main" / ".work" / "ingest@a" / "0123"
        assert (folder / "owner.pid").read_text() == str(os.getpid())


def test_removing_a_link_leaves_what_it_points_to(tmp_path: Path) -> None:
    write(tmp_path / "kept" / "file", b"x")
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    remove(tmp_path / "link")
    remove(tmp_path / "nothing")
    assert contents(tmp_path) == {"kept/file": b"x"}
