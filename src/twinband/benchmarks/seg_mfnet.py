"""Benchmark of frozen features on MFNet: semantic segmentation by a light head.

MFNet's protocol: all nine ids count, ``unlabeled`` too; the confusion matrix is counted over the
whole set; a class in neither truth nor predictions is left out of the mean. Only the head is
trained, so scores do not compare with those of networks trained as a whole.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import cv2
import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from twinband.core.errors import InputError
from twinband.core.images import encode_png, to_eight_bits
from twinband.core.params import Params
from twinband.drawing import svg
from twinband.evaluation.benchmark import Benchmark as Base
from twinband.evaluation.benchmark import (
    Inputs,
    Pairs,
    Scores,
    bootstrap,
    by_hour,
    json_member,
    open_pairs,
)
from twinband.evaluation.features import (
    Size,
    check_size,
    encode,
    encode_blank,
    fixed_threads,
    load_encoder,
    with_missing,
)
from twinband.evaluation.figures import grouped_bars, jpg, show_image
from twinband.evaluation.head import CachedBatches, Head, head_settings
from twinband.metrics.segmentation import (
    Counts,
    Shares,
    class_iou,
    confusion_matrix,
    mean_accuracy,
    mean_iou,
)
from twinband.networks.masked import refold
from twinband.networks.vit import VisionTransformer
from twinband.shards.registered import RegisteredPair
from twinband.training.loop import train

CLASSES = (
    "unlabeled",
    "car",
    "person",
    "bike",
    "curve",
    "car_stop",
    "guardrail",
    "color_cone",
    "bump",
)
PALETTE = np.asarray(  # as MFNet's authors draw the classes
    [
        (0, 0, 0),
        (64, 0, 128),
        (64, 64, 0),
        (0, 128, 192),
        (0, 0, 192),
        (128, 128, 0),
        (64, 64, 128),
        (192, 128, 128),
        (192, 64, 0),
    ],
    np.uint8,
)
# Bars of the IoU plot, by what is missing.
SERIES = {"full": "both", "no_thermal_zeros": "rgb", "no_rgb_zeros": "thermal"}


class Options(Params):
    """Options of features and of the head's training.

    Attributes:
        height_px: height that images are scaled to, of whole patches; labels keep their size.
        width_px: width that images are scaled to.
        encode_batch: pairs that go through the encoder together.
        hidden: channels between the head's two layers.
        epochs: times that the head sees each training pair.
        batch: pairs of a training step.
        base_lr: peak learning rate of a batch of 256 pairs.
        threads: threads of PyTorch; features and weights differ between one thread and two.
    """

    height_px: Annotated[int, Field(ge=8, le=4096)]
    width_px: Annotated[int, Field(ge=8, le=4096)]
    encode_batch: Annotated[int, Field(ge=1)] = 4
    hidden: Annotated[int, Field(ge=1)]
    epochs: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1)]
    base_lr: Annotated[float, Field(gt=0)]
    threads: Annotated[int, Field(ge=1)] = 1


@dataclass(frozen=True, slots=True)
class Prediction:
    """Ids predicted for a test pair from both modalities, and confusions by what is missing."""

    ids: NDArray[np.uint8]
    confusion: dict[str, Counts]


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """A test pair to draw, with true and predicted ids, all ``H,W`` (``rgb`` ``H,W,3``)."""

    hour: str
    rgb: NDArray[np.uint8]
    thermal: NDArray[Any]
    truth: NDArray[np.uint8]
    predicted: NDArray[np.uint8]


class Benchmark(Base[Options]):
    """Trains the head on the split ``train`` and scores it on all others (``val``, ``test``)."""

    Options = Options

    def run(self, inputs: Inputs) -> Scores:
        pairs = open_pairs(inputs)
        if not pairs.train.any() or not pairs.test.any():
            raise InputError(f"{pairs.name}: needs pairs to train and to test on")
        encoder = load_encoder(inputs.model)
        check_size(encoder, *self._size)
        with fixed_threads(self.options.threads):
            head = self._trained(encoder, pairs, inputs)
            predictions = list(self._predictions(encoder, head, pairs, inputs))
        return self._scores(pairs, predictions)

    @property
    def _size(self) -> Size:
        return self.options.height_px, self.options.width_px

    def _trained(self, encoder: VisionTransformer, pairs: Pairs, inputs: Inputs) -> Head:
        options = self.options
        maps, labels = [], []
        training = pairs.select(pairs.train)
        for batch_pairs, features in encode(encoder, training, self._size, options.encode_batch):
            maps.append(refold(features.map))
            labels += [self._scaled(_truth(pair, pairs)) for pair in batch_pairs]
            inputs.progress(len(labels), len(pairs.keys))
        cached = torch.cat(maps)
        settings = head_settings(
            pairs=len(labels),
            epochs=options.epochs,
            batch=options.batch,
            base_lr=options.base_lr,
            threads=options.threads,
            seed=self.seed,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            head = Head(cached, options.hidden, len(CLASSES))
            train(
                head,
                CachedBatches(
                    cached,
                    torch.from_numpy(np.stack(labels)),
                    pairs.keys[pairs.train].tolist(),
                    settings,
                ),
                settings,
                folder=inputs.work / "head",
                log=lambda step, values: None,
                progress=lambda done, total: None,
            )
        return head.eval()

    def _scaled(self, truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = self._size
        scaled: NDArray[Any] = cv2.resize(truth, (width, height), interpolation=cv2.INTER_NEAREST)
        return scaled

    def _predictions(
        self, encoder: VisionTransformer, head: Head, pairs: Pairs, inputs: Inputs
    ) -> Iterator[Prediction]:
        blank = encode_blank(encoder, self._size).map
        done, total = int(pairs.train.sum()), len(pairs.keys)
        test = pairs.select(pairs.test)
        for batch_pairs, features in encode(encoder, test, self._size, self.options.encode_batch):
            maps = features.map.unflatten(0, (-1, 2))
            for pair, (rgb, thermal) in zip(batch_pairs, maps, strict=True):
                variants = with_missing(rgb[None], thermal[None], blank)
                stacked = {name: torch.cat(variant, 1) for name, variant in variants.items()}
                yield _predict(head, _truth(pair, pairs), stacked)
            done += len(batch_pairs)
            inputs.progress(done, total)

    def _scores(self, pairs: Pairs, predictions: list[Prediction]) -> Scores:
        hours = pairs.hours[pairs.test]
        counts = {
            name: np.stack([prediction.confusion[name] for prediction in predictions])
            for name in predictions[0].confusion
        }
        means = {name: _by_hour(confusion, hours, mean_iou) for name, confusion in counts.items()}
        full = means["full"]
        iou = {name: _by_class(class_iou(confusion.sum(0))) for name, confusion in counts.items()}
        low, high = bootstrap(counts["full"], mean_iou, self.seed)
        absent = [name for name in CLASSES if name not in iou["full"]]
        return Scores(
            summary=(
                f"mIoU {full['overall']:.3f} (95 % interval {low:.3f} to {high:.3f}), "
                f"without thermal {means['no_thermal_zeros']['overall']:.3f}, "
                f"without RGB {means['no_rgb_zeros']['overall']:.3f}"
            ),
            headline={
                "mean_iou": full["overall"],
                "mean_iou_no_thermal": means["no_thermal_zeros"]["overall"],
                "mean_iou_no_rgb": means["no_rgb_zeros"]["overall"],
            },
            facts={
                "mean_iou": full,
                "mean_accuracy": _by_hour(counts["full"], hours, mean_accuracy),
                "mean_iou_interval_95": [low, high],
                "class_iou": iou["full"],
                "classes_absent": ", ".join(absent) or "none",
                "mean_iou_drop": {
                    name: {
                        "all_hours" if group == "overall" else group: full[group] - value
                        for group, value in by_group.items()
                    }
                    for name, by_group in means.items()
                    if name != "full"
                },
                "test_splits": pairs.test_splits(),
                "test_pairs": len(predictions),
                "train_pairs": int(pairs.train.sum()),
            },
            predictions=dict(
                zip(pairs.keys[pairs.test].tolist(), map(_members, predictions), strict=True)
            ),
            plots={
                "examples.jpg": plot_examples(_examples(pairs, predictions)),
                "iou.svg": plot_iou(iou),
            },
        )


def _truth(pair: RegisteredPair, pairs: Pairs) -> NDArray[np.uint8]:
    truth = pair.labels.get("semantics")
    if truth is None:
        raise InputError(f"{pairs.name}: it has pairs without semantics; use a dataset like MFNet")
    if truth.max() >= len(CLASSES):
        raise InputError(f"{pairs.name}: ids up to {truth.max()}, but MFNet's are 0 to 8")
    return np.asarray(truth, dtype=np.uint8)


def _predict(head: Head, truth: NDArray[np.uint8], features: Mapping[str, Tensor]) -> Prediction:
    """Predict in the size of the labels, from features ``1,2C,h,w`` by what is missing."""
    with torch.no_grad():
        logits = head.logits(torch.cat(list(features.values())), truth.shape)
    ids = dict(zip(features, logits.argmax(1).to(torch.uint8).numpy(), strict=True))
    return Prediction(
        ids["full"],
        {name: confusion_matrix(truth, guess, len(CLASSES)) for name, guess in ids.items()},
    )


def _by_hour(
    counts: Counts, hours: NDArray[np.str_], score: Callable[[Counts], NDArray[np.float64]]
) -> dict[str, float]:
    """Score the images' added confusions, overall and by hour."""
    return {group: float(score(counts[rows].sum(0))) for group, rows in by_hour(hours)}


def _by_class(shares: Shares) -> dict[str, float]:
    """Name the shares by class, without the undefined ones."""
    named = zip(CLASSES, shares.tolist(), strict=True)
    return {name: share for name, share in named if np.isfinite(share)}


def _members(prediction: Prediction) -> dict[str, bytes]:
    iou = round(float(mean_iou(prediction.confusion["full"])), 4)
    return {"semantics.png": encode_png(prediction.ids), "json": json_member({"mean_iou": iou})}


def _examples(pairs: Pairs, predictions: list[Prediction]) -> list[Example]:
    """Pick the first test pair of each hour."""
    rows = np.flatnonzero(pairs.test)
    hours = pairs.hours[rows].tolist()
    examples = []
    for hour in sorted(set(hours)):
        number = hours.index(hour)
        pair = pairs[int(rows[number])]
        examples.append(
            Example(hour, pair.rgb, pair.thermal, _truth(pair, pairs), predictions[number].ids)
        )
    return examples


def plot_examples(examples: Sequence[Example]) -> bytes:
    """Plot a row for each example: RGB, thermal, truth, prediction; the classes' colours below."""
    figure = Figure(figsize=(8.4, 1.65 * len(examples) + 0.5), layout="constrained")
    for axes, example in zip(
        figure.subplots(len(examples), 4, squeeze=False), examples, strict=True
    ):
        show_image(axes[0], example.rgb)
        show_image(axes[1], to_eight_bits(example.thermal))
        show_image(axes[2], PALETTE[example.truth])
        show_image(axes[3], PALETTE[example.predicted])
        axes[0].set_ylabel(example.hour, fontsize=8)
    for axes, title in zip(
        figure.axes, ("RGB", "thermal", "truth", "predicted from both"), strict=False
    ):
        axes.set_title(title, fontsize=9)
    colours = [Patch(color=PALETTE[i] / 255, label=name) for i, name in enumerate(CLASSES)]
    figure.legend(
        handles=colours,
        loc="outside lower center",
        ncols=len(CLASSES),
        fontsize=7,
        frameon=False,
        handlelength=1,
        columnspacing=1,
    )
    return jpg(figure)


def plot_iou(iou: Mapping[str, Mapping[str, float]]) -> bytes:
    """Plot IoU by class, from both modalities and with one of them replaced by the mean colour.

    Args:
        iou: IoU by what is missing, then by class; classes absent from some of them count as 0.
    """
    classes = [name for name in CLASSES if any(name in by_class for by_class in iou.values())]
    series = {
        label: {name: iou[key].get(name, 0.0) for name in classes} for key, label in SERIES.items()
    }
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    grouped_bars(figure.subplots(), series, "IoU")
    figure.supxlabel(
        "one head, trained on both; rgb and thermal: the other image replaced by the mean colour",
        fontsize=8,
    )
    return svg(figure)
