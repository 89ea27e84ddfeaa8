import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.raw_pairs import write
from twinband.annotators.weights import find_weights, weights_file
from twinband.errors import InputError
from twinband.params.base import ParamsError, validate
from twinband.params.weights import WeightsSource

DATA = b"some weights"
SHA256 = hashlib.sha256(DATA).hexdigest()


def source(**changes: Any) -> WeightsSource:
    given = {"files": "models/none.json", "outside": "", "revision": "", "sha256": "", **changes}
    return validate(WeightsSource, given, "weights")


def test_weights_of_the_project(tmp_path: Path) -> None:
    folder = tmp_path / "sam"
    write(folder / "weights.safetensors", DATA)
    found = find_weights(source(files=str(folder)), None)
    assert (found.path, found.name) == (folder, str(folder))
    write(folder / "README.md", b"a card changes nothing")
    assert find_weights(source(files=str(folder)), None) == found
    write(folder / "config.json", b"{}")
    with_settings = find_weights(source(files=str(folder)), None)
    assert with_settings.sha256 != found.sha256
    write(folder / "weights.safetensors", DATA + b"!")
    assert find_weights(source(files=str(folder)), None).sha256 != with_settings.sha256


def test_missing_weights_of_the_project(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"sam: no weights there .*`git checkout -- .*sam`"):
        find_weights(source(files=str(tmp_path / "sam")), tmp_path)


def test_weights_outside(tmp_path: Path) -> None:
    write(tmp_path / "vit_b.pth", DATA)
    found = find_weights(source(outside="vit_b.pth", sha256=SHA256.upper()), tmp_path)
    assert found.path == tmp_path / "vit_b.pth" and found.name == "vit_b.pth"
    write(tmp_path / "dpt/model.safetensors", DATA)
    assert weights_file(tmp_path / "dpt") == tmp_path / "dpt/model.safetensors"
    found = find_weights(source(outside="dpt", revision="main", sha256=SHA256), tmp_path)
    assert found.path == tmp_path / "dpt"


def test_other_weights_than_promised(tmp_path: Path) -> None:
    write(tmp_path / "vit_b.pth", DATA + b"!")
    with pytest.raises(InputError, match=rf"vit_b.pth: its SHA-256 is [0-9a-f]+, not {SHA256}"):
        find_weights(source(outside="vit_b.pth", sha256=SHA256), tmp_path)


def test_weights_in_the_hub_s_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write(tmp_path / "snapshot/config.json", b"{}")
    write(tmp_path / "snapshot/pytorch_model.bin", DATA)

    def look(name: str, file: str, revision: str) -> str | None:
        return str(config) if (name, file, revision) == ("a/b", "config.json", "1f") else None

    monkeypatch.setattr("twinband.annotators.weights.try_to_load_from_cache", look)
    found = find_weights(source(outside="a/b", revision="1f", sha256=SHA256), None)
    assert found.path == tmp_path / "snapshot" and found.name == "a/b"


@pytest.mark.parametrize(
    ("changes", "set_", "words"),
    [
        (
            {"outside": "vit_b.pth"},
            True,
            ["vit_b.pth are missing", "{root}/vit_b.pth", "set TWINBAND_WEIGHTS to its folder"],
        ),
        ({"outside": "vit_b.pth"}, False, ["TWINBAND_WEIGHTS, which is not set"]),
        (
            {"outside": "Some/model", "revision": "1f"},
            True,
            [
                *("(revision 1f)", "{root}/Some/model", "hub's cache"),
                "hf download Some/model --revision 1f",
            ],
        ),
        ({"outside": "not/a/hub/id", "revision": "1f"}, True, ["not/a/hub/id", "are missing"]),
    ],
)
def test_missing_weights_outside(
    tmp_path: Path, changes: dict[str, str], set_: bool, words: list[str]
) -> None:
    with pytest.raises(InputError) as error:
        find_weights(source(sha256=SHA256, **changes), tmp_path if set_ else None)
    for word in words:
        assert word.format(root=tmp_path) in str(error.value)


def test_weights_outside_need_a_checksum() -> None:
    with pytest.raises(ParamsError, match=r"weights: .*sha256 of the weights vit_b\.pth"):
        source(outside="vit_b.pth")
