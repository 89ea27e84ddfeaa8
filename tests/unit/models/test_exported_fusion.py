"""Networks of fusion for others: any size, checked before they are written."""

import importlib.util
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from tests.unit.fusion.test_networks import settled
from twinband.cli import app
from twinband.core.errors import InputError
from twinband.fusion.files import read_fusion, save_fusion
from twinband.fusion.network import NetworkFusion
from twinband.fusion.student import SageStudent
from twinband.models.exported_fusion import LAYOUTS, export_fusion

with_onnx = pytest.mark.skipif(
    importlib.util.find_spec("onnxruntime") is None, reason="needs pip install twinband[export]"
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_fusion("sage", {"width": 4}, settled(SageStudent(4), scale=0.2), tmp_path / "sage")
    return tmp_path / "sage"


@pytest.mark.parametrize("layout", [pytest.param("onnx", marks=with_onnx), "torch-export"])
def test_it_runs_at_any_size_and_gives_the_same(layout: str, model: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["export", str(model), "--layout", layout, "-o", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.output
    file = tmp_path / "out" / LAYOUTS[layout]
    assert file.is_file() and (tmp_path / "out/SHA256SUMS").is_file()
    assert "multiples of 4" in (tmp_path / "out/README.md").read_text()
    fusion = read_fusion(model)
    assert isinstance(fusion, NetworkFusion)
    pair = torch.rand(2, 1, 1, 48, 200).unbind()
    if layout == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        fed = {"visible": pair[0].numpy(), "infrared": pair[1].numpy()}
        found = torch.from_numpy(session.run(None, fed)[0])
    else:
        found = torch.export.load(file).module()(*pair)
    torch.testing.assert_close(found, fusion.network(*pair), atol=1e-4, rtol=0)


def test_wrong_layouts_and_folders_are_told(model: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="layouts of a network of fusion are onnx"):
        export_fusion(model, "timm", tmp_path / "out")
    with pytest.raises(InputError, match="no such file of weights"):
        export_fusion(tmp_path, "onnx", tmp_path / "out")
    assert not (tmp_path / "out").exists()
