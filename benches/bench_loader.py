"""Registered pairs out of shards as augmented batches of 224 px, beside a plain pipeline.

The baseline in the same run is what one writes first: webdataset over tars of the same files,
Pillow, NumPy, and PyTorch's DataLoader, with the same two workers. Both crop and flip RGB and
thermal alike and end in normalised float32 tensors. Runs take turns; the median of each counts.
"""

import functools
import io
import itertools
import json
import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import webdataset
from numpy.typing import NDArray
from PIL import Image

from benches._record import record
from tests.made.products import write_product
from tests.made.training import settings_of
from twinband.shards.read import open_products
from twinband.training.data import PairBatches
from twinband.training.pixels import DecodedPixels, PairPixels

PAIRS, SHARDS, BATCH, BATCHES, ROUNDS, WORKERS = 256, 4, 16, 48, 3, 2
WIDTH, HEIGHT, SIZE = 640, 512, 224
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


def made_pairs(folder: Path) -> None:
    """Write pairs, labels of depth and classes, and the plain pipeline's tars of the same files."""
    generator = np.random.default_rng(0)
    shards: dict[str, list[dict[str, dict[str, bytes]]]] = {}
    registered = {"thermal_present": True, "training": True, "shift_tolerance_px": 0.0}
    note = json.dumps({"registered": registered, "labels": {}}).encode()
    depth = json.dumps({"offset": 0.0, "scale": 1.0, "inverse": True, "scale_m": None}).encode()
    for number in range(SHARDS):
        keys = [f"{number}-{index:03d}" for index in range(PAIRS // SHARDS)]
        pairs = {key: _images(generator) for key in keys}
        field = _smooth(generator, 1, noise=1)[..., 0]
        classes, far = _png(field // 20), _png(field.astype(np.uint16) * 200)
        products = {
            "pairs": pairs,
            "registered": {key: {"json": note} for key in keys},
            "depth": {key: {"depth.png": far, "json": depth} for key in keys},
            "semantics": {key: {"classes.png": classes} for key in keys},
        }
        for product, samples in products.items():
            shards.setdefault(product, []).append(samples)
        with webdataset.TarWriter(str(folder / f"plain-{number}.tar"), encoder=False) as writer:
            for key, members in pairs.items():
                labels = {"depth.png": far, "classes.png": classes}
                writer.write({"__key__": key, **members, **labels})
    for product, of_product in shards.items():
        write_product(folder / product, of_product, product)


def _images(generator: np.random.Generator) -> dict[str, bytes]:
    rgb, thermal = _smooth(generator, 3), _smooth(generator, 1)[..., 0]
    return {"rgb.jpg": _jpeg(rgb), "thermal.jpg": _jpeg(thermal), "json": b"{}"}


def _smooth(generator: np.random.Generator, channels: int, noise: int = 25) -> NDArray[np.uint8]:
    coarse = generator.integers(0, 230, (HEIGHT // 16, WIDTH // 16, channels), np.uint8)
    image = cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    image = image.reshape(HEIGHT, WIDTH, channels)
    return image + generator.integers(0, noise, image.shape, np.uint8)


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes()


def _png(pixels: NDArray[Any]) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def plain_view(sample: dict[str, Any], labels: bool) -> dict[str, NDArray[Any]]:
    """Crop, flip and normalise one sample of the plain pipeline."""
    images = {name: Image.open(io.BytesIO(sample[name])) for name in sample if "." in name}
    rgb, thermal = images["rgb.jpg"].convert("RGB"), images["thermal.jpg"].convert("L")
    box = _plain_crop(*rgb.size)
    flip = random.random() < 0.5

    def shown(image: Image.Image, size: int, how: Image.Resampling) -> Image.Image:
        view = image.crop(box).resize((size, size), how)
        return view.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if flip else view

    bicubic = Image.Resampling.BICUBIC
    colours = np.asarray(shown(rgb, SIZE, bicubic), np.float32) / 255
    levels = np.asarray(shown(thermal, SIZE, bicubic), np.float32)[..., None] / 255
    arrays = {
        "rgb": ((colours - MEAN) / STD).transpose(2, 0, 1),
        "thermal": ((np.repeat(levels, 3, 2) - MEAN) / STD).transpose(2, 0, 1),
    }
    if labels:
        depth = Image.fromarray(np.asarray(images["depth.png"], np.float32))
        classes = images["classes.png"]
        arrays["depth"] = np.asarray(shown(depth, SIZE, Image.Resampling.BILINEAR))[None]
        shown_classes = shown(classes, SIZE // 4, Image.Resampling.NEAREST)
        arrays["semseg"] = np.asarray(shown_classes, np.int64)
    return {name: np.ascontiguousarray(array) for name, array in arrays.items()}


def _plain_crop(width: int, height: int) -> tuple[int, int, int, int]:
    while True:
        area = width * height * random.uniform(0.2, 1.0)
        ratio = math.exp(random.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if w <= width and h <= height:
            left, top = random.randint(0, width - w), random.randint(0, height - h)
            return left, top, left + w, top + h


def plain_batches(folder: Path, labels: bool) -> Iterator[dict[str, torch.Tensor]]:
    """Run the plain pipeline, without end."""
    tars = [str(path) for path in sorted(folder.glob("plain-*.tar"))]
    dataset = (
        webdataset.WebDataset(tars, resampled=True, shardshuffle=False)
        .shuffle(64)
        .map(functools.partial(plain_view, labels=labels))
    )
    loader = torch.utils.data.DataLoader(dataset, batch_size=BATCH, num_workers=WORKERS)
    yield from loader


def opened_pairs(folder: Path, labels: bool) -> PairPixels:
    """Open what ``made_pairs`` wrote."""
    names = ("pairs", "registered", *(("depth", "semantics") if labels else ()))
    return PairPixels({"made-up": open_products({name: folder / name for name in names})})


def our_batches(folder: Path, labels: bool, decoded: bool) -> Iterator[dict[str, torch.Tensor]]:
    """Run the project's loader, from shards or from pixels decoded beforehand."""
    pairs = opened_pairs(folder, labels)
    pixels = DecodedPixels(pairs, folder / "decoded.bin", 1 << 40) if decoded else pairs
    settings = settings_of(batch_size=BATCH, steps=10**6)
    batches = PairBatches(pixels, settings, size_px=SIZE, shift_tolerance=False, workers=WORKERS)
    yield from batches.starting_at(0)


def seconds_of(batches: Iterable[Any]) -> float:
    """Time ``BATCHES`` batches, after the workers have started."""
    stream = iter(batches)
    for _ in itertools.islice(stream, 2 * WORKERS):
        pass
    begin = time.perf_counter()
    for _ in itertools.islice(stream, BATCHES):
        pass
    return time.perf_counter() - begin


def main() -> None:
    """Measure and record."""
    rows: list[dict[str, float | int | str]] = []
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made_pairs(folder)
        for labels in (False, True):
            runs: dict[str, Callable[[], Iterable[Any]]] = {
                "plain": functools.partial(plain_batches, folder, labels),
                "from shards": functools.partial(our_batches, folder, labels, False),
                "decoded beforehand": functools.partial(our_batches, folder, labels, True),
            }
            seconds: dict[str, list[float]] = {run: [] for run in runs}
            for _ in range(ROUNDS):
                for run, batches in runs.items():
                    seconds[run].append(seconds_of(batches()))
            medians = {run: statistics.median(values) for run, values in seconds.items()}
            rows += [
                {
                    "labels": int(labels),
                    "loader": run,
                    "pairs_a_second": round(BATCH * BATCHES / median, 1),
                    "ratio_to_plain": round(medians["plain"] / median, 2),
                }
                for run, median in medians.items()
            ]
    record("loader", *rows)


if __name__ == "__main__":
    main()
