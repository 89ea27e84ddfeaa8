"""Small datasets to evaluate on, and tiny models to evaluate."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from tests.made.raw_pairs import encoded, ingest_folder, scene, write
from tests.made.registered_pairs import register_pairs
from twinband.evaluation.benchmark import Inputs
from twinband.networks.build import build
from twinband.networks.weights import WEIGHTS, save_weights

Draw = Callable[[str, np.random.Generator], NDArray[np.uint8]]
SETTINGS: dict[str, Any] = {"image_px": 16, "patch_px": 8, "width": 32, "depth": 2, "heads": 2}


def stripes(label: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """Upright stripes for a person, lying ones for a car, with noise."""
    wave = np.sin(np.arange(32) * 0.8 + random.uniform(0, 6)) * 80 + 128
    image = np.tile(wave, (32, 1)) + random.normal(0, 10, (32, 32))
    return np.clip(image if label == "person" else image.T, 0, 255).astype(np.uint8)


def noise(label: str, random: np.random.Generator) -> NDArray[np.uint8]:
    """Nothing of the class."""
    small = random.integers(0, 256, (8, 8)).astype(np.float32)
    return cv2.resize(small, (32, 32)).astype(np.uint8)


def write_crops(root: Path, rgb: Draw, thermal: Draw, hours: tuple[str, ...] = ("day",)) -> Path:
    """Crops in class folders: 12 of two classes to train on and 8 to test on, each hour."""
    random = np.random.default_rng(0)
    for hour in hours:
        for split, count in (("train", 12), ("test", 8)):
            for label in ("person", "car"):
                for number in range(count):
                    for modality, draw in (("rgb", rgb), ("thermal", thermal)):
                        pixels = draw(label, random)
                        name = f"{split}{number}.png"
                        path = root / hour / split / modality / label / name
                        write(path, encoded(pixels, ".png"))
    return root


def write_mfnet(root: Path, train: int = 6, test: int = 4, classes: int = 2) -> Path:
    """Street scenes in MFNet's layout: a box that thermal shows warm, of the class 1 (or the one
    after the other up to ``classes - 1``) on 0; half of them by night."""
    random = np.random.default_rng(1)
    for split, count in (("train", train), ("test", test)):
        names = [f"{split}{number:02d}{'DN'[number % 2]}" for number in range(count)]
        write(root / f"{split}.txt", "\n".join(names).encode())
        for number, name in enumerate(names):
            rgb, thermal = scene(len(split) * 100 + number)
            left, top = random.integers(0, 4, 2) * 8
            labels = np.zeros(thermal.shape, np.uint8)
            labels[top : top + 24, left : left + 32] = 1 + number % (classes - 1)
            thermal = np.where(labels > 0, 220 + thermal // 16, thermal // 4).astype(np.uint8)
            four = np.dstack([rgb[..., ::-1], thermal])  # OpenCV's order
            write(root / "images" / f"{name}.png", bytes(cv2.imencode(".png", four)[1]))
            write(root / "labels" / f"{name}.png", encoded(labels, ".png"))
    return root


def untrained(path: Path, **changes: Any) -> Path:
    """A file that describes a tiny encoder."""
    described = {"kind": "vit", "seed": 0, "settings": SETTINGS, **changes}
    return write(path, json.dumps(described).encode())


def untrained_multimae(folder: Path) -> Path:
    """A folder with a tiny MultiMAE, which encodes both images together and predicts either."""
    torch.manual_seed(0)
    decoder = {"decoder_width": 16, "decoder_depth": 1, "decoder_heads": 2}
    save_weights(build("multimae_tiny", **SETTINGS, **decoder), folder / WEIGHTS)
    return folder


def prepared(root: Path, base: Path, **ingest: Any) -> Inputs:
    """The raw dataset at ``root`` ingested and registered below ``base``, with a tiny encoder."""
    ingest_folder(root, base, near_duplicate_bits=-1, **ingest)
    register_pairs(base, aligned=True)
    return Inputs(
        pairs=base / "pairs",
        registered=base / "registered",
        model=untrained(base / "untrained.json"),
        work=base / "evaluation",
        progress=lambda done, total: None,
    )


def crops(base: Path, rgb: Draw, thermal: Draw, hours: tuple[str, ...] = ("day",)) -> Inputs:
    """Crops written by ``write_crops``, ready to evaluate on."""
    return prepared(write_crops(base / "raw", rgb, thermal, hours), base, reader="class_folders")


def streets(base: Path, **sizes: int) -> Inputs:
    """Scenes written by ``write_mfnet``, ready to evaluate on."""
    return prepared(write_mfnet(base / "raw", **sizes), base, reader="mfnet")
