"""Public sets of images and label images on disk, a pair at a time, in their exact layouts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.made.layouts import HEIGHT, WIDTH, pixels
from twinband.core.images import decode
from twinband.ingest.check import Checked, check_pair
from twinband.ingest.dataset import open_layout
from twinband.ingest.layout import Entry

Members = Mapping[str, Any]  # pixels or an image of Pillow's, by relative path


def rgb(seed: int = 0) -> NDArray[np.uint8]:
    """``24,32,3`` noise."""
    return pixels(3, seed)


def grey(seed: int = 0) -> NDArray[np.uint8]:
    """``24,32`` noise."""
    return pixels(1, seed)


def deep(seed: int = 0) -> NDArray[np.uint16]:
    """``24,32`` counts of 16 bits."""
    return np.random.default_rng(seed).integers(0, 1 << 16, (HEIGHT, WIDTH), dtype=np.uint16)


def ids(number: int, seed: int = 0) -> NDArray[np.uint8]:
    """``24,32`` ids below ``number``, each of them at least once."""
    values = (np.arange(HEIGHT * WIDTH) + seed) % number
    return values.reshape(HEIGHT, WIDTH).astype(np.uint8)


def write_set(root: Path, *members: Members) -> Path:
    """Write images by their paths."""
    for path, image in ((path, own) for part in members for path, own in part.items()):
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not isinstance(image, Image.Image):
            image = Image.fromarray(image)
        image.save(place)
    return root


def pst900(split: str = "train", name: str = "31_bag1a_frame7", seed: int = 0) -> Members:
    return {
        f"{split}/rgb/{name}.png": rgb(seed),
        f"{split}/thermal/{name}.png": grey(seed),
        f"{split}/thermal_raw/{name}.png": deep(seed),
        f"{split}/depth/{name}.png": deep(seed + 1),
        f"{split}/labels/{name}.png": ids(5, seed),
    }


def fmb(split: str = "train/", name: str = "00001", seed: int = 0) -> Members:
    return {
        f"{split}Visible/{name}.png": rgb(seed),
        f"{split}Infrared/{name}.png": grey(seed),
        f"{split}Label/{name}.png": ids(15, seed),
        f"{split}color/{name}.png": rgb(seed + 1),
    }


def msrs(split: str = "train/", name: str = "00001D", seed: int = 0) -> Members:
    return {
        f"{split}vi/{name}.png": rgb(seed),
        f"{split}ir/{name}.png": grey(seed),
        f"{split}Segmentation_labels/{name}.png": ids(9, seed),
    }


def semanticrt(name: str = "190001", seed: int = 0) -> Members:
    return {
        f"rgb/{name}.jpg": rgb(seed),
        f"thermal/{name}.jpg": grey(seed),
        f"labels/{name}.png": ids(13, seed),
        f"binary_labels/{name}.png": ids(2, seed),
    }


def mvseg(video: str = "INO_1", number: str = "00001", seed: int = 0) -> Members:
    return {
        f"data/{video}/visible/{number}v.png": rgb(seed),
        f"data/{video}/infrared/{number}i.png": grey(seed),
        f"data/{video}/label/{number}l.png": ids(26, seed),
    }


def cart(flight: str = "duck_ONR_2023-03-21", number: str = "00010", seed: int = 0) -> Members:
    root = "labeled_rgbt_pairs"
    return {
        f"{root}/color/{flight}_eo-{number}.jpg": rgb(seed),
        f"{root}/thermal8/{flight}_thermal-{number}.jpg": grey(seed),
        f"{root}/thermal16/{flight}_thermal-{number}.tiff": deep(seed),
        f"{root}/annotations/{flight}_mask-{number}.png": ids(12, seed),
    }


def mfnet_apart(name: str = "00001D", modal: str = "Thermal", seed: int = 0) -> Members:
    return {
        f"RGB/{name}.png": rgb(seed),
        f"{modal}/{name}.png": grey(seed),
        f"Label/{name}.png": ids(9, seed),
    }


def cityscapes(split: str = "train", name: str = "aachen_000000_000019", seed: int = 0) -> Members:
    city = name.partition("_")[0]
    return {
        f"leftImg8bit/{split}/{city}/{name}_leftImg8bit.png": rgb(seed),
        f"gtFine/{split}/{city}/{name}_gtFine_labelIds.png": ids(34, seed),
        f"gtFine/{split}/{city}/{name}_gtFine_color.png": rgb(seed + 1),
        f"gtFine/{split}/{city}/{name}_gtFine_instanceIds.png": deep(seed),
    }


def gtav(name: str = "00001", seed: int = 0) -> Members:
    label = Image.fromarray(ids(34, seed).astype(np.uint8), "P")
    # As in the published files the palette is a colour for each id, and none of them its id.
    label.putpalette(
        [(7 * value + 40 * channel + 11) % 256 for value in range(256) for channel in range(3)]
    )
    return {f"images/{name}.png": rgb(seed), f"labels/{name}.png": label}


def bdd100k(split: str = "train", name: str = "0004a4c0-d4dff0ad", seed: int = 0) -> Members:
    return {
        f"images/10k/{split}/{name}.jpg": rgb(seed),
        f"labels/sem_seg/masks/{split}/{name}.png": train_ids(seed),
    }


def mapillary(split: str = "train", name: str = "_1Gn_xkw", seed: int = 0) -> Members:
    folder = {"train": "training", "val": "validation"}[split]
    return {
        f"{folder}/images/{name}.jpg": rgb(seed),
        f"{folder}/labels/{name}.png": ids(66, seed),
        f"cityscapes_trainIdLabel/{split}/label/{name}.png": train_ids(seed),
    }


def mapillary_half(name: str = "_1Gn_xkw", seed: int = 0) -> Members:
    return {
        f"half/val_img/{name}.png": rgb(seed),
        f"half/val_label/{name}.png": train_ids(seed),
    }


def acdc(
    condition: str = "fog", split: str = "train", frame: str = "000001", seed: int = 0
) -> Members:
    place = f"{condition}/{split}/GOPR0475/GOPR0475_frame_{frame}"
    return {
        f"rgb_anon/{place}_rgb_anon.png": rgb(seed),
        f"gt/{place}_gt_labelTrainIds.png": train_ids(seed),
        f"gt/{place}_gt_labelIds.png": ids(34, seed),
        f"gt/{place}_gt_labelColor.png": rgb(seed + 1),
        f"rgb_anon/{condition}/{split}_ref/GOPR0475/x_{frame}_rgb_ref_anon.png": rgb(seed + 2),
    }


def nyuv2(name: str = "0", seed: int = 0) -> Members:
    return {
        f"RGB/{name}.jpg": rgb(seed),
        f"HHA/{name}.jpg": rgb(seed + 1),
        f"Depth/{name}.png": deep(seed),
        f"Label/{name}.png": ids(41, seed),
    }


def train_ids(seed: int = 0) -> NDArray[np.uint8]:
    """Ids of the 19 classes, and 255."""
    values = ids(20, seed)
    values[values == 19] = 255
    return values


def checked(reader: str, root: Path, name: str, **options: Any) -> Checked:
    """A pair as ingest checks it, by its name."""
    layout = open_layout(reader, str(root), options)
    [entry] = [item for item in layout.scan() if isinstance(item, Entry) and item.name == name]
    return check_pair(layout, entry)


def member(pair: Checked, name: str) -> NDArray[Any]:
    """The pixels of a shard's member."""
    return decode(pair.fields[name], name).pixels


def remarks(reader: str, root: Path, **options: Any) -> str:
    """What a scan remarks, as one text."""
    layout = open_layout(reader, str(root), options)
    list(layout.scan())
    return "\n".join(layout.remarks)
