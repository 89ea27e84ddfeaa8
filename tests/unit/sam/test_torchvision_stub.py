import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benches._sam_package import picture
from twinband.sam import torchvision_stub
from twinband.sam.build import ResizeLongestSide
from twinband.sam.torchvision_stub import stand_in

MODULES = ("ops", "transforms")


def loaded() -> set[str]:
    return {n for n in sys.modules if n.partition(".")[0] == "torchvision"}


@pytest.fixture(autouse=True)
def no_torchvision_yet() -> Iterator[None]:
    before = {name: sys.modules.pop(name) for name in loaded()}
    yield
    for name in loaded():
        del sys.modules[name]
    sys.modules.update(before)


def write_torchvision(folder: Path, first_line: str) -> None:
    for package in ("", *MODULES):
        (folder / "torchvision" / package).mkdir(parents=True, exist_ok=True)
        (folder / "torchvision" / package / "__init__.py").write_text("")
    (folder / "torchvision" / "__init__.py").write_text(first_line)
    (folder / "torchvision" / "ops" / "boxes.py").write_text("batched_nms = 'the real one'\n")


def test_it_is_there_only_while_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)  # as if it were not installed
    with stand_in():
        boxes = importlib.import_module("torchvision.ops.boxes")
        functional = importlib.import_module("torchvision.transforms.functional")
        assert boxes.batched_nms is torchvision_stub.batched_nms
        assert functional.resize is torchvision_stub.resize
    assert not loaded()


def test_it_goes_after_an_error_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ZeroDivisionError), stand_in():
        raise ZeroDivisionError
    assert not loaded()


def test_a_torchvision_that_works_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_torchvision(tmp_path, "")
    monkeypatch.syspath_prepend(tmp_path)
    with stand_in():
        boxes = importlib.import_module("torchvision.ops.boxes")
    assert boxes.batched_nms == "the real one"
    assert "torchvision.ops.boxes" in loaded()


def test_a_torchvision_that_does_not_import_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "raise RuntimeError('operator torchvision::nms does not exist')\n"
    write_torchvision(tmp_path, line)
    monkeypatch.syspath_prepend(tmp_path)
    with stand_in():
        boxes = importlib.import_module("torchvision.ops.boxes")
        assert boxes.batched_nms is torchvision_stub.batched_nms
    assert not loaded()


def test_other_libraries_do_not_take_it_for_the_real_one() -> None:
    """transformers and torchmetrics ask so whether torchvision is installed."""
    spec = importlib.util.find_spec("torchvision")
    assert spec is None or spec.origin is not None


@pytest.mark.parametrize("size", [(48, 64), (300, 200), (31, 117)])
def test_the_package_resizes_as_pillow_does(size: tuple[int, int]) -> None:
    image = picture(*size, seed=3)
    resized = ResizeLongestSide(128).apply_image(image)
    assert max(resized.shape[:2]) == 128
    height, width = resized.shape[:2]
    expected = Image.fromarray(image).resize((width, height), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(resized, np.asarray(expected))
