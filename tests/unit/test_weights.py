"""Checksums of weights, and what is said of weights that do not fit."""

import errno
import hashlib
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError

from tests.made.raw_pairs import write
from twinband.core.errors import InputError
from twinband.core.params import OutsideWeights, ParamsError, validate
from twinband.shards.sums import check_sums, sha256_of, write_sums
from twinband.weights import (
    check_sha256,
    find_weights,
    misfits,
    read_safetensors,
    weights_file,
    write_safetensors,
)

DATA = b"some weights"
SHA256 = hashlib.sha256(DATA).hexdigest()


NONE = Path("models/none.json")


def outside(**changes: Any) -> OutsideWeights:
    return validate(OutsideWeights, {"sha256": SHA256, **changes}, "outside")


def test_weights_of_the_project(tmp_path: Path) -> None:
    folder = tmp_path / "sam"
    write_sums(write(folder / "weights.safetensors", DATA))
    weights = find_weights(folder, None, None)
    assert (weights.path, weights.name) == (folder, str(folder))
    write(folder / "README.md", b"a card changes nothing")
    assert find_weights(folder, None, None) == weights
    write_sums(write(folder / "config.json", b"{}"))
    with_settings = find_weights(folder, None, None)
    assert with_settings.sha256 != weights.sha256
    write_sums(write(folder / "weights.safetensors", DATA + b"!"))
    assert find_weights(folder, None, None).sha256 != with_settings.sha256


@pytest.mark.parametrize("name", ["weights.safetensors", "config.json"])
def test_damaged_weights_of_the_project(tmp_path: Path, name: str) -> None:
    files = [write(tmp_path / file, DATA) for file in ("weights.safetensors", "config.json")]
    write_sums(*files)
    write(tmp_path / name, DATA[:-1])
    with pytest.raises(InputError, match=rf"{name}: damaged.*`git checkout -- "):
        find_weights(tmp_path, None, None)


def test_weights_of_the_project_need_their_checksums(tmp_path: Path) -> None:
    write(tmp_path / "weights.safetensors", DATA)
    with pytest.raises(InputError, match=r"weights\.safetensors: no SHA256SUMS beside it"):
        find_weights(tmp_path, None, None)


def test_missing_weights_of_the_project(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sam: no weights there .*`git checkout -- .*sam`"):
        find_weights(tmp_path / "sam", None, tmp_path)


def test_weights_outside(tmp_path: Path) -> None:
    write(tmp_path / "vit_b.pth", DATA)
    weights = find_weights(NONE, outside(name="vit_b.pth", sha256=SHA256.upper()), tmp_path)
    assert weights.path == tmp_path / "vit_b.pth" and weights.name == "vit_b.pth"
    write(tmp_path / "dpt/model.safetensors", DATA)
    assert weights_file(tmp_path / "dpt") == tmp_path / "dpt/model.safetensors"
    weights = find_weights(NONE, outside(name="dpt", revision="main"), tmp_path)
    assert weights.path == tmp_path / "dpt"


def test_other_weights_than_promised(tmp_path: Path) -> None:
    write(tmp_path / "vit_b.pth", DATA + b"!")
    with pytest.raises(InputError, match=rf"vit_b.pth: its SHA-256 is [0-9a-f]+, not {SHA256}"):
        find_weights(NONE, outside(name="vit_b.pth"), tmp_path)


def test_weights_in_the_hub_s_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write(tmp_path / "snapshot/config.json", b"{}")
    write(tmp_path / "snapshot/pytorch_model.bin", DATA)

    def look(name: str, file: str, revision: str) -> str | None:
        return str(config) if (name, file, revision) == ("a/b", "config.json", "1f") else None

    monkeypatch.setattr("twinband.weights.try_to_load_from_cache", look)
    weights = find_weights(NONE, outside(name="a/b", revision="1f"), None)
    assert weights.path == tmp_path / "snapshot" and weights.name == "a/b"


@pytest.mark.parametrize(
    ("changes", "set_", "words"),
    [
        (
            {"name": "vit_b.pth"},
            True,
            ["vit_b.pth are missing", "{root}/vit_b.pth", "set TWINBAND_WEIGHTS to its folder"],
        ),
        ({"name": "vit_b.pth"}, False, ["TWINBAND_WEIGHTS, which is not set"]),
        (
            {"name": "Some/model", "revision": "1f"},
            True,
            [
                *("(revision 1f)", "{root}/Some/model", "hub's cache"),
                "hf download Some/model --revision 1f",
            ],
        ),
        ({"name": "not/a/hub/id", "revision": "1f"}, True, ["not/a/hub/id", "are missing"]),
    ],
)
def test_missing_weights_outside(
    tmp_path: Path, changes: dict[str, str], set_: bool, words: list[str]
) -> None:
    with pytest.raises(InputError) as error:
        find_weights(NONE, outside(**changes), tmp_path if set_ else None)
    for word in words:
        assert word.format(root=tmp_path) in str(error.value)


def test_weights_outside_need_a_checksum() -> None:
    with pytest.raises(ParamsError, match=r"outside\.sha256: missing"):
        validate(OutsideWeights, {"name": "vit_b.pth"}, "outside")
    with pytest.raises(ParamsError, match=r"outside\.sha256: .*pattern"):
        outside(name="vit_b.pth", sha256="1f")


def test_a_checksum_is_that_of_the_content(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(b"weights")
    digest = hashlib.sha256(b"weights").hexdigest()
    assert sha256_of(path) == digest
    check_sha256(path, digest.upper())
    with pytest.raises(InputError, match=rf"weights.pth: its SHA-256 is {digest}, not 00"):
        check_sha256(path, "0" * 64)


def test_what_is_written_is_read_and_equals_are_equal_bytes(tmp_path: Path) -> None:
    tensors = {"b": torch.arange(6).view(2, 3).T, "a": torch.ones(1, dtype=torch.float16)}
    one, two = tmp_path / "new/1.safetensors", tmp_path / "new/2.safetensors"
    write_safetensors(tensors, one, {"kind": "vit", "settings": {"depth": 2}})
    write_safetensors(
        dict(reversed(tensors.items())), two, {"settings": {"depth": 2}, "kind": "vit"}
    )
    assert one.read_bytes() == two.read_bytes()
    found, text = read_safetensors(one)
    assert list(found) == ["a", "b"] and torch.equal(found["b"], tensors["b"])
    assert text == '{"kind": "vit", "settings": {"depth": 2}}'
    check_sums(one.parent, one.name, two.name)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(tensors: object, path: Path, metadata: object) -> None:
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("twinband.weights.save_file", full)
    with pytest.raises(OSError, match="No space left"):
        write_safetensors({}, tmp_path / "1.safetensors", {})
    assert list(tmp_path.iterdir()) == []


def test_each_kind_of_misfit_is_a_line() -> None:
    own = {name: torch.zeros(2) for name in ("same", "gone", "head.weight", "size")}
    tensors = {"same": torch.zeros(2), "more": torch.zeros(1), "size": torch.zeros(3)}
    assert misfits(own, own) == ""
    assert misfits(tensors, own, fresh=("head.",)) == (
        "\n  missing: gone\n  unexpected: more\n  of another size: size (3,) instead of (2,)"
    )
    many = {str(number): torch.zeros(1) for number in range(20)}
    assert misfits({}, many).endswith("10, 11 and 8 more")


def test_a_full_disk_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left (os error 28)")

    monkeypatch.setattr("twinband.weights.save_file", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_safetensors({"a": torch.zeros(1)}, tmp_path / "a.safetensors", {})
    assert not list(tmp_path.iterdir())
