"""Lists of SHA-256 beside the files that they speak for."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.made.raw_pairs import write
from twinband.core.errors import InputError
from twinband.shards.sums import SUMS, broken_sums, check_sums, read_sums, write_sums


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_sums(write(tmp_path / "b.bin", b"two"), write(tmp_path / "a.json", b"{}"))
    return tmp_path


def test_files_as_they_were_written_are_fine(folder: Path) -> None:
    check_sums(folder)
    check_sums(folder, "a.json", "b.bin")
    assert list(read_sums(folder)) == ["a.json", "b.bin"] and broken_sums(folder) == []


def test_coreutils_agree(folder: Path) -> None:
    sha256sum = shutil.which("sha256sum")
    assert sha256sum is not None
    subprocess.run([sha256sum, "--check", "--strict", SUMS], cwd=folder, check=True)


def test_files_written_later_are_added_and_those_gone_left_out(folder: Path) -> None:
    (folder / "a.json").unlink()
    write_sums(write(folder / "c.bin", b"three"))
    assert list(read_sums(folder)) == ["b.bin", "c.bin"]


def flip(path: Path) -> None:
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])


def test_what_is_damaged_gone_or_not_listed_is_an_error_with_a_remedy(folder: Path) -> None:
    flip(folder / "b.bin")
    with pytest.raises(InputError, match=r"b\.bin: damaged, .* `dvc checkout .*`dvc repro`"):
        check_sums(folder)
    (folder / "b.bin").unlink()
    with pytest.raises(InputError, match=r"b\.bin cannot be read \(No such file"):
        check_sums(folder)
    write(folder / "b.bin", b"two")
    with pytest.raises(InputError, match=r"c\.bin: SHA256SUMS does not list it"):
        check_sums(folder, "c.bin")


@pytest.mark.parametrize("text", ["", "\xff", "no list", "0" * 64, f"{'0' * 64}  ../b.bin"])
def test_a_damaged_list_is_an_error(folder: Path, text: str) -> None:
    (folder / SUMS).write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=SUMS):
        check_sums(folder)
    assert len(broken_sums(folder)) == 1


def test_a_list_is_only_missed_where_it_is_needed(tmp_path: Path) -> None:
    check_sums(tmp_path)
    with pytest.raises(InputError, match=r"a\.bin: no SHA256SUMS .*sha256sum a\.bin > SHA256SUMS"):
        check_sums(tmp_path, "a.bin")
