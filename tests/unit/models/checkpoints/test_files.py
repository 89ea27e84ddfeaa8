"""Files of ``torch.save`` with more in them than tensors are read, and nothing in them is run."""

import argparse
import collections
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.made import checkpoints as made
from tests.made.models import SIZES, mae
from twinband.core.errors import InputError
from twinband.models import build, checkpoints
from twinband.models.checkpoints.files import read_contents


class Hub:
    """As mmengine's: a class that a reader has not."""

    def __init__(self) -> None:
        self.log: Any = np.arange(3.0)
        self.methods = [getattr, np.mean]


class Touching:
    """Runs code when it is unpickled, by whichever of pickle's ways."""

    def __init__(self, target: Path, ways: Callable[[Path], tuple[Any, ...]]) -> None:
        self.target = target
        self.ways = ways

    def __reduce__(self) -> tuple[Any, ...]:
        return self.ways(self.target)


WAYS: dict[str, Callable[[Path], tuple[Any, ...]]] = {
    "call": lambda target: (Path.touch, (target,)),
    "eval": lambda target: (eval, (f"open({str(target)!r}, 'w')",)),
    "state": lambda target: (getattr, (target, "touch"), {"a": 1}),
    "items": lambda target: (collections.UserList, (), None, iter([target]), None),
    "pairs": lambda target: (collections.UserDict, (), None, None, iter([(target, target)])),
}


def with_hub(tmp_path: Path, **more: Any) -> tuple[Path, dict[str, torch.Tensor]]:
    weights = made.as_published(made.mspecgene(**made.SMALL, decoder_width=16, decoder_depth=1))
    path = tmp_path / "M-SpecGene_VIT-B.pth"
    saved = {
        "meta": {"cfg": argparse.Namespace(seed=0), "epoch": 500},
        "state_dict": collections.OrderedDict(weights),
        "message_hub": Hub(),
        "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.1}]},
        **more,
    }
    torch.save(saved, path)
    return path, weights


def test_m_specgene_s_file_with_its_message_hub(tmp_path: Path) -> None:
    path, weights = with_hub(tmp_path)
    found = read_contents(path)
    assert set(found.tensors) == set(weights)
    assert all(torch.equal(found.tensors[key], value) for key, value in weights.items())
    assert found.left_out == dict.fromkeys(
        ("meta", "message_hub", "optimizer"), "beside the model's tensors"
    )
    model = build("mspecgene_base", **SIZES)
    report = checkpoints.load(model, path)
    assert report.layout == "mspecgene" and report.untouched == ()
    assert "message_hub" in report.left_out


@pytest.mark.parametrize("way", WAYS)
def test_nothing_in_a_file_is_run(tmp_path: Path, way: str) -> None:
    target = tmp_path / "touched"
    hostile = Touching(target, WAYS[way])
    path, weights = with_hub(tmp_path, message_hub=hostile)
    found = read_contents(path)
    assert set(found.tensors) == set(weights)
    torch.save({"model": {"weight": hostile, "bias": torch.zeros(2)}}, path)
    found = read_contents(path)
    assert set(found.tensors) == {"bias"} and found.left_out == {"weight": "no tensor"}
    torch.save(hostile, path)
    with pytest.raises(InputError, match=r"M-SpecGene_VIT-B\.pth: holds a PassedOver"):
        read_contents(path)
    assert not target.exists()


def test_a_bare_pickle_is_refused(tmp_path: Path) -> None:
    path, target = tmp_path / "weights.pth", tmp_path / "touched"
    path.write_bytes(pickle.dumps(Touching(target, WAYS["call"]), protocol=2))
    with pytest.raises(InputError, match="cannot be read as tensors only"):
        read_contents(path)
    assert not target.exists()


def test_tensors_of_all_kinds_come_back(tmp_path: Path) -> None:
    matrix = torch.arange(12.0).view(3, 4)
    saved = {
        "half": torch.randn(3).half(),
        "bfloat16": torch.randn(2).bfloat16(),
        "int64": torch.tensor(7),
        "bool": torch.tensor([True, False]),
        "empty": torch.zeros(0, 3),
        "view": matrix.T[1:, ::2],
        "parameter": torch.nn.Parameter(matrix),
    }
    torch.save(saved, tmp_path / "kinds.pth")
    found = read_contents(tmp_path / "kinds.pth").tensors
    for key, value in saved.items():
        assert found[key].dtype == value.dtype and torch.equal(found[key], value), key


def test_older_files_and_safetensors(tmp_path: Path) -> None:
    state = mae().encoder.state_dict()
    torch.save({"model": state}, tmp_path / "old.pth", _use_new_zipfile_serialization=False)
    save_file(state, tmp_path / "new.safetensors")
    for name in ("old.pth", "new.safetensors"):
        found = read_contents(tmp_path / name).tensors
        assert all(torch.equal(found[key], value) for key, value in state.items())


def rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, change(name, content))


@pytest.mark.parametrize(
    "change",
    [
        lambda name, content: content[:-8] if "/data/" in name else content,
        lambda name, content: content[:-8] if name.endswith("data.pkl") else content,
        lambda name, content: b"big" if name.endswith("byteorder") else content,
    ],
    ids=["values", "pickle", "order"],
)
def test_a_damaged_file_is_told(tmp_path: Path, change: Callable[[str, bytes], bytes]) -> None:
    path = tmp_path / "weights.pth"
    torch.save({"weight": torch.arange(8.0)}, path)
    rewritten(path, change)
    with pytest.raises(InputError, match=r"weights\.pth: not a whole file of torch\.save"):
        read_contents(path)


def test_what_holds_no_tensors_is_told(tmp_path: Path) -> None:
    torch.save({"model": {"epoch": 3}}, tmp_path / "none.pth")
    with pytest.raises(InputError, match=r"none\.pth: holds no tensors .* but epoch"):
        read_contents(tmp_path / "none.pth")
    with pytest.raises(InputError, match=r"away\.pth: no such file of weights"):
        read_contents(tmp_path / "away.pth")
