"""Depth by DPT: the package's own answer, sizes, options, and files that are not whole."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from transformers import DPTImageProcessorPil

from tests.made.annotators import build_dpt, save_dpt, weights
from twinband.annotators.dpt import nearest_multiples, open_annotator, raw_depth
from twinband.core.errors import InputError
from twinband.weights import Weights


def image(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize(("kind", "side"), [("plain", 64), ("hybrid", 64), ("backbone", 56)])
def test_raw_depth_is_the_packages_own_on_squares(kind: str, side: int) -> None:
    model = build_dpt(kind)
    pixels = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        expected = model(pixels).predicted_depth
        assert float(expected.std()) > 0
        torch.testing.assert_close(raw_depth(model, pixels), expected)


@pytest.mark.parametrize(("kind", "patch"), [("plain", 16), ("hybrid", 16), ("backbone", 14)])
def test_raw_depth_takes_any_sides(kind: str, patch: int) -> None:
    """What lies above in the picture lies above in the answer: rows and columns are not mixed."""
    model = build_dpt(kind)
    pixels = torch.zeros(1, 3, 4 * patch, 8 * patch)
    with torch.inference_mode():
        plain = raw_depth(model, pixels)[0]
        pixels[..., : patch // 2, -patch:] = 3.0
        changed = (raw_depth(model, pixels)[0] - plain).abs()
    assert plain.shape[1] == 2 * plain.shape[0]
    rows, columns = plain.shape[0] // 4, plain.shape[1] // 4
    assert changed[:rows, -columns:].mean() > 1.5 * changed[-rows:, :columns].mean()


@pytest.mark.parametrize(
    ("size", "side_px", "multiple", "expected"),
    [
        ((480, 640), 384, 32, (384, 512)),
        ((640, 480), 384, 32, (512, 384)),
        ((192, 256), 192, 32, (192, 256)),
        ((500, 900), 384, 32, (384, 704)),  # 691 lies nearer to 704 than to 672
        ((10, 1000), 20, 32, (32, 1984)),  # never nothing; 62.5 goes to the even 62
        ((56, 70), 56, 14, (56, 70)),
    ],
)
def test_both_sides_go_to_the_nearest_multiple(
    size: tuple[int, int], side_px: int, multiple: int, expected: tuple[int, int]
) -> None:
    assert nearest_multiples(*size, side_px, multiple) == expected


def test_an_image_of_the_models_own_size_is_answered_as_by_the_package(tmp_path: Path) -> None:
    folder = save_dpt(tmp_path / "dpt")
    annotator = open_annotator(weights(folder), {}, "cpu")
    shown = image(64, 64)
    (label,) = annotator.labels([shown])
    pixels = DPTImageProcessorPil.from_pretrained(folder)(shown, return_tensors="pt")
    with torch.inference_mode():
        expected = build_dpt()(**pixels).predicted_depth[0]
    np.testing.assert_allclose(label.values, expected.numpy(), rtol=1e-4)
    assert label.inverse and label.scale_m is None and label.values.dtype == np.float32


def test_images_are_prepared_as_by_the_package(tmp_path: Path) -> None:
    """Off by its rounding to whole levels; it also cuts what overshoots between its two passes,
    so this is an image where nothing does."""
    folder = save_dpt(tmp_path / "dpt")
    annotator = open_annotator(weights(folder), {}, "cpu")
    shown = image(100, 150) // 2 + 64
    pixels = DPTImageProcessorPil.from_pretrained(folder)(shown, return_tensors="pt")[
        "pixel_values"
    ]
    stack = torch.from_numpy(shown.transpose(2, 0, 1)[None].astype(np.float32))
    own = annotator._preprocessing.pixels(stack, (64, 96))
    assert own.shape == pixels.shape
    assert float((own - pixels).abs().max()) <= 1.01 / 127.5


def test_labels_come_in_order_on_each_images_own_grid(tmp_path: Path) -> None:
    annotator = open_annotator(weights(save_dpt(tmp_path / "dpt")), {}, "cpu")
    images = [image(60, 90, 0), image(90, 60, 1), image(60, 90, 2)]
    labels = annotator.labels(images)
    assert [label.values.shape for label in labels] == [(60, 90), (90, 60), (60, 90)]
    for shown, label in zip(images, labels, strict=True):
        (alone,) = annotator.labels([shown])
        np.testing.assert_allclose(alone.values, label.values, rtol=1e-4)
    (zoomed,) = annotator.labels(images[:1], zoom=2.0)
    assert not np.allclose(zoomed.values, labels[0].values)


def test_options_say_what_the_values_mean(tmp_path: Path) -> None:
    who = weights(save_dpt(tmp_path / "dpt", "backbone", multiple=14))
    (metric,) = open_annotator(who, {"output": "metric"}, "cpu").labels([image(60, 60)])
    assert not metric.inverse and metric.scale_m == 1.0
    (scaled,) = open_annotator(who, {"scale_m": 10.0}, "cpu").labels([image(60, 60)])
    assert scaled.inverse and scaled.scale_m == 10.0
    smaller = open_annotator(who, {"side_px": 28}, "cpu")
    assert "28 px" in smaller.rule and "multiple of 14 px" in smaller.rule
    assert not np.allclose(smaller.labels([image(60, 60)])[0].values, scaled.values)


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"sidepx": 64}, TypeError, "sidepx"),
        ({"side_px": -1}, ValueError, "side_px must be a positive number, not -1"),
        ({"output": "depth"}, ValueError, "inverse or metric"),
        ({"output": "metric", "scale_m": 2.0}, ValueError, "scale_m is for inverse depth"),
    ],
)
def test_wrong_options_are_told(
    tmp_path: Path, options: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        open_annotator(weights(save_dpt(tmp_path / "dpt")), options, "cpu")


def test_weights_that_no_answer_depends_on_may_lack_and_no_others(tmp_path: Path) -> None:
    """Official files leave out what the first fusion would add."""
    folder = save_dpt(tmp_path / "dpt", "hybrid")
    shown = image(64, 96)
    (whole,) = open_annotator(weights(folder), {}, "cpu").labels([shown])
    file = folder / "model.safetensors"
    kept = load_file(file)
    unused = [name for name in kept if "fusion_stage.layers.0.residual_layer1" in name]
    assert unused
    save_file({n: t for n, t in kept.items() if n not in unused}, file, {"format": "pt"})
    (without,) = open_annotator(weights(folder), {}, "cpu").labels([shown])
    np.testing.assert_array_equal(whole.values, without.values)
    del kept["head.head.0.weight"]
    save_file(kept, file, {"format": "pt"})
    with pytest.raises(InputError, match=r"lacks 1 weights .*head\.head\.0\.weight"):
        open_annotator(weights(folder), {}, "cpu")


def test_a_folder_without_settings_and_a_file_are_refused(tmp_path: Path) -> None:
    folder = save_dpt(tmp_path / "dpt")
    settings = folder / "preprocessor_config.json"
    said = json.loads(settings.read_text())
    settings.unlink()
    with pytest.raises(InputError, match=r"preprocessor_config\.json does not say"):
        open_annotator(weights(folder), {}, "cpu")
    settings.write_text(json.dumps(said))
    file = Weights(folder / "model.safetensors", "", "file")
    with pytest.raises(InputError, match=r"model\.safetensors is a file"):
        open_annotator(file, {}, "cpu")
    (folder / "config.json").unlink()
    with pytest.raises(InputError, match="holds no DPTForDepthEstimation"):
        open_annotator(weights(folder), {}, "cpu")


def test_levels_may_be_normalised_without_rescaling(tmp_path: Path) -> None:
    """Mean and deviation are then of levels up to 255."""
    folder = save_dpt(tmp_path / "dpt")
    (expected,) = open_annotator(weights(folder), {}, "cpu").labels([image(64, 64)])
    settings = folder / "preprocessor_config.json"
    said = json.loads(settings.read_text())
    said |= {"do_rescale": False, "image_mean": [127.5] * 3, "image_std": [127.5] * 3}
    settings.write_text(json.dumps(said))
    (same,) = open_annotator(weights(folder), {}, "cpu").labels([image(64, 64)])
    np.testing.assert_allclose(same.values, expected.values, rtol=1e-5)


def test_official_bin_files_are_read_and_never_run(tmp_path: Path) -> None:
    """Older repositories hold a pickle; only tensors are taken from it."""
    folder = save_dpt(tmp_path / "dpt")
    (expected,) = open_annotator(weights(folder), {}, "cpu").labels([image(64, 96)])
    kept = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(kept, folder / "pytorch_model.bin")
    (found,) = open_annotator(weights(folder), {}, "cpu").labels([image(64, 96)])
    np.testing.assert_array_equal(found.values, expected.values)
    torch.save({**kept, "trap": Trap(tmp_path / "sprung")}, folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="holds more than tensors"):
        open_annotator(weights(folder), {}, "cpu")
    assert not (tmp_path / "sprung").exists()


class Trap:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)
