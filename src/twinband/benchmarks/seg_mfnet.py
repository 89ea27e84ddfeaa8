"""Benchmark of frozen features on MFNet: semantic segmentation by a light head.

MFNet's protocol: all nine ids count, ``unlabeled`` too; the confusion matrix is counted over the
whole set; a class in neither truth nor predictions is left out of the mean. Only the head is
trained, on both modalities, so scores do not compare with those of networks trained as a whole; it
is scored with both and with either hidden. Of models that predict a hidden modality the predicted
images are compared with the true ones too, beside the training mean as the trivial baseline.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from twinband.core.errors import InputError
from twinband.core.images import encode_png
from twinband.core.params import Params
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
from twinband.evaluation.facts import MODALITY_BIAS, WAYS, modality_bias
from twinband.evaluation.features import (
    FULL,
    OTHER,
    FrozenEncoder,
    Size,
    Ways,
    fixed_threads,
    hidden_name,
)
from twinband.evaluation.head import CachedBatches, Head, head_settings
from twinband.evaluation.mfnet_figures import CLASSES, Example, plot_examples, plot_iou
from twinband.evaluation.model import load_model
from twinband.evaluation.predicted import (
    ImageErrors,
    TrainingMean,
    errors_of,
    prediction_facts,
)
from twinband.metrics.segmentation import (
    Counts,
    Shares,
    class_iou,
    confusion_matrix,
    mean_accuracy,
    mean_iou,
)
from twinband.shards.registered import RegisteredPair
from twinband.training.loop import train


class Options(Params):
    """Options of features and of the head's training.

    Attributes:
        height_px: height that images are scaled to, of whole patches; labels keep their size.
        width_px: width that images are scaled to.
        encode_batch: pairs that go through the encoder together.
        hiding: ways of hiding a modality; ``predicted`` counts only for models that predict.
        hidden: channels between the head's two layers.
        epochs: times that the head sees each training pair.
        batch: pairs of a training step.
        base_lr: peak learning rate of a batch of 256 pairs.
        threads: threads of PyTorch; features and weights differ between one thread and two.
    """

    height_px: Annotated[int, Field(ge=8, le=4096)]
    width_px: Annotated[int, Field(ge=8, le=4096)]
    encode_batch: Annotated[int, Field(ge=1)] = 4
    hiding: Ways = WAYS
    hidden: Annotated[int, Field(ge=1)]
    epochs: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1)]
    base_lr: Annotated[float, Field(gt=0)]
    threads: Annotated[int, Field(ge=1)] = 1


@dataclass(frozen=True, slots=True)
class Prediction:
    """The outcome for a test pair.

    Attributes:
        ids: predicted from both modalities, ``H,W``.
        confusion: by what is hidden.
        images: errors of the images that the model predicts, by modality.
    """

    ids: NDArray[np.uint8]
    confusion: dict[str, Counts]
    images: dict[str, ImageErrors]


class Benchmark(Base[Options]):
    """Trains the head on the split ``train`` and scores it on all others (``val``, ``test``)."""

    Options = Options

    def run(self, inputs: Inputs) -> Scores:
        pairs = open_pairs(inputs)
        if not pairs.train.any() or not pairs.test.any():
            raise InputError(f"{pairs.name}: needs pairs to train and to test on")
        with fixed_threads(self.options.threads):
            encoder = FrozenEncoder(load_model(inputs.model), self._size)
            mean = TrainingMean()
            head = self._trained(encoder, pairs, inputs, mean)
            predictions = list(self._predictions(encoder, head, pairs, inputs, mean))
        return self._scores(pairs, predictions)

    @property
    def _size(self) -> Size:
        return self.options.height_px, self.options.width_px

    def _trained(
        self, encoder: FrozenEncoder, pairs: Pairs, inputs: Inputs, mean: TrainingMean
    ) -> Head:
        """Train the head; ``mean`` takes in the images that it is trained on."""
        options = self.options
        maps, labels = [], []
        for encoded in encoder.batches(pairs.select(pairs.train), options.encode_batch):
            maps.append(encoded.full.map)
            labels += [self._scaled(_truth(pair, pairs)) for pair in encoded.pairs]
            mean.add(encoded.images)
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
        self,
        encoder: FrozenEncoder,
        head: Head,
        pairs: Pairs,
        inputs: Inputs,
        mean: TrainingMean,
    ) -> Iterator[Prediction]:
        done, total = int(pairs.train.sum()), len(pairs.keys)
        test = pairs.select(pairs.test)
        for encoded in encoder.batches(test, self.options.encode_batch):
            maps = {
                name: features.map
                for name, features in encoded.variants(self.options.hiding).items()
            }
            errors = errors_of(encoded, encoder.predicts, mean)
            for row, (pair, images) in enumerate(zip(encoded.pairs, errors, strict=True)):
                shown = {name: features[row, None] for name, features in maps.items()}
                yield _predict(head, _truth(pair, pairs), shown, images)
            done += len(encoded.pairs)
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
        low, high = bootstrap(counts[FULL], mean_iou, self.seed)
        overall = {name: by_group["overall"] for name, by_group in means.items()}
        bias = modality_bias("mIoU", overall, (low, high))
        predicted = self._predicted(predictions)
        absent = [name for name in CLASSES if name not in iou["full"]]
        return Scores(
            summary=(
                f"mIoU {full['overall']:.3f} (95 % interval {low:.3f} to {high:.3f})"
                + _in_words(overall, predicted)
            ),
            headline=_headline(overall, predicted),
            facts={
                "mean_iou": full,
                "mean_accuracy": _by_hour(counts["full"], hours, mean_accuracy),
                "mean_iou_interval_95": [low, high],
                "class_iou": iou["full"],
                "classes_absent": ", ".join(absent) or "none",
                MODALITY_BIAS: bias.plain(),
                "mean_iou_drop": {
                    name: {
                        "all_hours" if group == "overall" else group: full[group] - value
                        for group, value in by_group.items()
                    }
                    for name, by_group in means.items()
                    if name != "full"
                },
                **({"predicted_images": predicted} if predicted else {}),
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

    def _predicted(self, predictions: list[Prediction]) -> dict[str, dict[str, Any]]:
        """Score predicted images by modality; pairs without a thermal image do not count."""
        modalities = [m for m in OTHER if any(m in p.images for p in predictions)]
        return {
            modality: prediction_facts(
                [p.images[modality] for p in predictions if modality in p.images], self.seed
            )
            for modality in modalities
        }


def _headline(
    overall: Mapping[str, float], predicted: Mapping[str, Mapping[str, Any]]
) -> dict[str, float]:
    """Choose at most eight numbers; of the predicted images the worse modality's."""
    named = {"zeros": "", "skipped": "_skipped", "predicted": "_predicted"}
    hidden = {
        f"mean_iou_no_{modality}{ending}": overall[hidden_name(modality, way)]
        for way, ending in named.items()
        for modality in ("thermal", "rgb")
        if hidden_name(modality, way) in overall
    }
    ratios = [facts["mse_to_training_mean"] for facts in predicted.values()]
    worst = {"predicted_mse_to_training_mean": max(ratios)} if ratios else {}
    return {"mean_iou": overall[FULL], **hidden, **worst}


def _in_words(overall: Mapping[str, float], predicted: Mapping[str, Mapping[str, Any]]) -> str:
    parts = [
        f", without {shown} {overall[name]:.3f}"
        for shown, name in (("thermal", "no_thermal_zeros"), ("RGB", "no_rgb_zeros"))
        if name in overall
    ]
    parts += [
        f"; {modality} predicted with {facts['mse_to_training_mean']:.2f} of the error of the "
        "training mean"
        for modality, facts in predicted.items()
    ]
    return "".join(parts)


def _truth(pair: RegisteredPair, pairs: Pairs) -> NDArray[np.uint8]:
    truth = pair.labels.get("semantics")
    if truth is None:
        raise InputError(f"{pairs.name}: it has pairs without semantics; use a dataset like MFNet")
    if truth.max() >= len(CLASSES):
        raise InputError(f"{pairs.name}: ids up to {truth.max()}, but MFNet's are 0 to 8")
    return np.asarray(truth, dtype=np.uint8)


def _predict(
    head: Head,
    truth: NDArray[np.uint8],
    features: Mapping[str, Tensor],
    images: dict[str, ImageErrors],
) -> Prediction:
    """Predict in the size of the labels, from features ``1,2C,h,w`` by what is hidden."""
    with torch.no_grad():
        logits = head.logits(torch.cat(list(features.values())), truth.shape)
    likeliest = logits.max(1).indices  # argmax takes five times as long
    ids = dict(zip(features, likeliest.to(torch.uint8).numpy(), strict=True))
    return Prediction(
        ids[FULL],
        {name: confusion_matrix(truth, guess, len(CLASSES)) for name, guess in ids.items()},
        images,
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
