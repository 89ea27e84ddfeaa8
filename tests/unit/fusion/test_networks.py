"""Networks of fusion: sizes, published weights, and tiles that nobody sees."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch

from twinband.core.errors import InputError
from twinband.core.images import decode
from twinband.fusion.interface import load_fusion
from twinband.fusion.network import NetworkFusion
from twinband.fusion.published import SEAFUSION_REACH, load_published
from twinband.fusion.seafusion import SeaFusion
from twinband.fusion.student import SageStudent
from twinband.fusion_methods.sage import REACH, STRIDE

DATA = os.environ.get("TWINBAND_TEST_DATA", "")
needs_data = pytest.mark.skipif(
    not (Path(DATA) / "sage").is_dir() or not DATA,
    reason="set TWINBAND_TEST_DATA to the folder that holds sage and seafusion",
)


def settled(network: torch.nn.Module, scale: float = 0.3) -> torch.nn.Module:
    """Weights and statistics as of a network that has seen something."""
    generator = torch.Generator().manual_seed(0)
    for name, tensor in network.state_dict().items():
        if tensor.is_floating_point():
            drawn = torch.rand(tensor.shape, generator=generator)
            tensor.copy_(0.5 + drawn if "running_var" in name else scale * (drawn - 0.4))
    return network.eval()


def images(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    pair = generator.random((2, height, width), np.float32)
    return pair[0], pair[1]


def test_the_student_has_its_published_size_and_features() -> None:
    student = SageStudent().eval()
    assert sum(p.numel() for p in student.parameters()) == 135_617
    assert sum(b.numel() for b in student.buffers()) == 1_105
    assert len(student.state_dict()) == 121
    pair = torch.rand(2, 2, 1, 48, 64)
    sizes = [tuple(each.shape[1:]) for each in student.features(*pair)]
    assert sizes == [(32, 48, 64), (32, 24, 32), (32, 12, 16), (32, 24, 32), (32, 48, 64)]
    odd = torch.rand(2, 1, 1, 101, 133)
    with torch.no_grad():
        assert student(*odd).shape == (1, 1, 101, 133) and student(*odd).abs().max() <= 1


@pytest.mark.parametrize("sizes", [((8, 9), (9, 8)), ((3, 64), (3, 64))])
def test_images_that_do_not_fit_are_told(sizes: tuple[tuple[int, int], tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match=r"of one size|4 pixels a side"):
        SageStudent()(*(torch.rand(1, 1, *size) for size in sizes))


def test_convolutions_of_the_student_cost_what_is_published() -> None:
    macs = 0

    def count(module: torch.nn.Module, _: object, output: torch.Tensor) -> None:
        nonlocal macs
        assert isinstance(module, torch.nn.Conv2d)
        macs += output[0].numel() * module.weight[0].numel()

    student = SageStudent().eval()
    for module in student.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    with torch.no_grad():
        student(*torch.rand(2, 1, 1, 32, 48))
    assert macs == 65_056 * 32 * 48


@pytest.mark.parametrize("size", [(132, 140), (129, 163)])
def test_tiles_make_the_untiled_image(size: tuple[int, int]) -> None:
    student = settled(SageStudent(width=4))
    pair = images(*size)
    whole = NetworkFusion(student, STRIDE, REACH).fuse_luma(*pair)
    tiled = NetworkFusion(student, STRIDE, REACH, 64 * 64).fuse_luma(*pair)
    assert whole.shape == size and np.ptp(whole) > 0.05
    np.testing.assert_allclose(tiled, whole, atol=1e-5)


@pytest.mark.parametrize(
    ("network", "reach", "furthest"),
    [(SageStudent(width=4), REACH, 37), (SeaFusion(), SEAFUSION_REACH, 9)],
)
def test_no_output_looks_further_than_its_reach(
    network: torch.nn.Module, reach: int, furthest: int
) -> None:
    pair = torch.rand(2, 1, 1, 160, 160, dtype=torch.float64, requires_grad=True)
    settled(network, 0.03).double()(*pair)[..., 80, 80].sum().backward()
    assert pair.grad is not None
    seen = pair.grad.abs().sum((0, 1, 2)).nonzero()
    assert (seen - 80).abs().max() == furthest <= reach


def saved(path: Path, state: object) -> Path:
    torch.save(state, path)
    return path


def test_other_files_are_told(tmp_path: Path) -> None:
    weights = {"module1.0.weight": torch.zeros(32, 2, 3, 3)}
    with pytest.raises(InputError, match="does not fit SageStudent"):
        load_published(saved(tmp_path / "part.pt", weights))
    with pytest.raises(InputError, match=r"no network of fusion .* head\.weight"):
        load_fusion(saved(tmp_path / "vit.pt", {"head.weight": torch.zeros(2)}))
    with pytest.raises(InputError, match="holds no weights by name"):
        load_published(saved(tmp_path / "list.pt", [torch.zeros(2)]))
    (tmp_path / "text.pt").write_text("no weights")
    with pytest.raises(InputError, match="cannot be read as tensors only"):
        load_published(tmp_path / "text.pt")
    with pytest.raises(InputError, match=r"neither a file nor a method of fusion.*average, dwt"):
        load_fusion("averag")


@needs_data
@pytest.mark.parametrize(
    ("folder", "file", "visible", "names"),
    [
        ("sage", "student_checkpoint.pt", "vis", ("00000", "00002", "00004")),
        (
            *("seafusion", "fusionmodel_final.pth", "vi"),
            ("00537D", "00858N", "049", "17", "21", "36"),
        ),
    ],
)
def test_published_images_are_reproduced(
    folder: str, file: str, visible: str, names: tuple[str, ...]
) -> None:
    root = Path(DATA) / folder
    fusion = load_fusion(root / file)
    for name in names:
        colours, infrared, published = (
            decode((root / of / f"{name}.png").read_bytes(), name).pixels
            for of in (visible, "ir", "published")
        )
        difference = np.abs(fusion.fuse(colours, infrared).astype(int) - published)
        assert difference.max() <= 1, name
        assert (difference.max(-1) == 0).mean() > 0.999, name
