"""Reading files of outside: only files, only so much, and never waiting."""

import os
from pathlib import Path

import pytest

from twinband.core.errors import BadSample, InputError
from twinband.core.outside import Limits, read_file, read_text

SMALL = Limits(file_mib=1)


def reason(path: Path, limits: Limits = SMALL) -> str:
    with pytest.raises(BadSample) as caught:
        read_file(path, "its name", limits)
    assert caught.value.detail.startswith("its name: ")
    return caught.value.reason


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(1 << 20))
    assert len(read_file(path, "x", SMALL)) == 1 << 20
    path.write_bytes(bytes((1 << 20) + 1))
    assert reason(path) == "too_large"


def test_a_file_without_end_that_states_no_size_is_read_up_to_the_limit() -> None:
    if Path("/proc/kallsyms").exists() and os.access("/proc/kallsyms", os.R_OK):
        assert reason(Path("/proc/kallsyms")) in ("too_large", "unreadable")


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/tmp"])
def test_devices_and_folders_are_no_files(path: str) -> None:
    assert reason(Path(path)) == "not_a_file"


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    assert reason(tmp_path / "pipe") == reason(tmp_path / "link") == "not_a_file"
    with pytest.raises(InputError, match="a pipe"):
        read_text(tmp_path / "pipe")


def test_names_that_no_system_has_are_unreadable(tmp_path: Path) -> None:
    for name in ("x" * 5_000, "a\0b", "none"):
        assert reason(tmp_path / name) == "unreadable"


def test_the_message_names_the_parameter_where_there_is_one(tmp_path: Path) -> None:
    class InParams(Limits):
        section = "some.section"

    os.truncate(os.open(tmp_path / "hole", os.O_CREAT | os.O_WRONLY), 1 << 40)
    with pytest.raises(BadSample, match=r"1048576 MiB; .* 64 MiB .* raise some\.section\.file_mib"):
        read_file(tmp_path / "hole", "x", InParams())
    with pytest.raises(BadSample, match="make it smaller"):
        read_file(tmp_path / "hole", "x")


def test_text_is_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"\xef\xbb\xbfgr\xc3\xb6\xc3\x9fe")
    assert read_text(path) == "größe"
    path.write_bytes("größe".encode("latin-1"))
    with pytest.raises(InputError, match=r"list\.txt is no UTF-8 text \(byte 2\)"):
        read_text(path)
