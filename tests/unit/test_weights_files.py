"""Checksums of weights, and what is said of weights that do not fit."""

import hashlib
from pathlib import Path

import pytest
import torch

from twinband.errors import InputError
from twinband.weights_files import (
    check_sha256,
    misfits,
    read_safetensors,
    sha256_of,
    write_safetensors,
)


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
    one, two = tmp_path / "1.safetensors", tmp_path / "2.safetensors"
    write_safetensors(tensors, one, {"kind": "vit", "settings": {"depth": 2}})
    write_safetensors(
        dict(reversed(tensors.items())), two, {"settings": {"depth": 2}, "kind": "vit"}
    )
    assert one.read_bytes() == two.read_bytes()
    found, text = read_safetensors(one)
    assert list(found) == ["a", "b"] and torch.equal(found["b"], tensors["b"])
    assert text == '{"kind": "vit", "settings": {"depth": 2}}'


def test_each_kind_of_misfit_is_a_line() -> None:
    own = {name: torch.zeros(2) for name in ("same", "gone", "head.weight", "size")}
    tensors = {"same": torch.zeros(2), "more": torch.zeros(1), "size": torch.zeros(3)}
    assert misfits(own, own) == ""
    assert misfits(tensors, own, fresh=("head.",)) == (
        "\n  missing: gone\n  unexpected: more\n  of another size: size (3,) instead of (2,)"
    )
    many = {str(number): torch.zeros(1) for number in range(20)}
    assert misfits({}, many).endswith("10, 11 and 8 more")
