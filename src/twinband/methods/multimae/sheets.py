"""Examples of what a trained MultiMAE predicts."""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor

from twinband.methods.multimae.config import MultiMaeConfig
from twinband.methods.multimae.modalities import MODALITIES, cut, folded, known
from twinband.networks.masked import Sheet

SAMPLES = 2
HINTS = (4, 3)  # every fourth row's every third patch of RGB is visible: one of them changes
RECOLOURED = (2, 0, 1)  # red becomes green, green blue, blue red


class Predictor(Protocol):
    """The model, as far as it is needed here."""

    config: MultiMaeConfig

    def reconstruct(
        self, inputs: Mapping[str, Tensor], visible: Mapping[str, Tensor]
    ) -> dict[str, Tensor]:
        """Predict all outputs."""
        ...


def predicted(model: Predictor, inputs: Mapping[str, Tensor]) -> Sheet:
    """Show some samples, each modality predicted from each other one that is seen whole."""
    names = list(inputs)
    rows: list[str] = []
    columns: dict[str, list[Tensor]] = {name: [] for name in names}
    for sample in _complete(inputs)[:SAMPLES]:
        own = {name: images[sample : sample + 1] for name, images in inputs.items()}
        prepared = {name: MODALITIES[name].prepared(image) for name, image in own.items()}
        rows.append("truth")
        for name in names:
            columns[name].append(prepared[name])
        for source in (name for name in names if name in model.config.modalities):
            answers = model.reconstruct(own, _only(model, own, source))
            rows.append(f"from {source}")
            for name in names:
                shown = prepared[name] if name == source else _image(name, answers)
                columns[name].append(prepared[name] if shown is None else shown)
    return Sheet(rows, {name: (name, torch.cat(images)) for name, images in columns.items()})


def recoloured(model: Predictor, inputs: Mapping[str, Tensor]) -> Sheet:
    """Show RGB predicted from thermal and a few of its own patches, before and after the middle one
    changes its colour, and the difference, five times as strong."""
    samples = _complete(inputs)[:SAMPLES]
    pair = {name: inputs[name][samples] for name in ("rgb", "thermal")}
    patch_px = model.config.patch_px
    rows, across = (side // patch_px for side in pair["rgb"].shape[2:])
    row, column = rows // 2, across // 2
    middle = row * across + column
    patches = cut(pair["rgb"], patch_px)
    changed = patches.clone()
    changed[:, middle] = patches[:, middle].unflatten(1, (3, -1))[:, list(RECOLOURED)].flatten(1)
    seen = torch.zeros(len(patches), rows, across, dtype=torch.bool, device=patches.device)
    seen[:, row % HINTS[0] :: HINTS[0], column % HINTS[1] :: HINTS[1]] = True
    seen = seen.flatten(1)
    visible = {"rgb": seen, "thermal": torch.ones_like(seen)}
    shown, answers = [], []
    for each in (patches, changed):
        image = folded(each, (rows, across), 3)
        shown.append(folded(each.where(seen[..., None], 0.0), (rows, across), 3))
        answers.append(model.reconstruct({**pair, "rgb": image}, visible)["rgb"])
    return Sheet(
        [f"sample {number}" for number, _ in enumerate(samples, 1)],
        {
            "thermal, all seen": ("thermal", pair["thermal"]),
            "RGB seen": ("rgb", shown[0]),
            "predicted": ("rgb", answers[0]),
            "one patch recoloured": ("rgb", shown[1]),
            "predicted then": ("rgb", answers[1]),
            "change x 5": ("rgb", 5 * (answers[1] - answers[0])),
        },
    )


def _complete(inputs: Mapping[str, Tensor]) -> list[int]:
    """List the samples that have every modality, or all if none has."""
    size = len(next(iter(inputs.values())))
    there = [
        all(bool(known(images[sample]).any()) for images in inputs.values())
        for sample in range(size)
    ]
    return [sample for sample in range(size) if there[sample]] or list(range(size))


def _only(model: Predictor, inputs: Mapping[str, Tensor], source: str) -> dict[str, Tensor]:
    visible = {}
    for name, images in inputs.items():
        side = MODALITIES[name].side(model.config.patch_px)
        patches = (images.shape[-2] // side) * (images.shape[-1] // side)
        visible[name] = torch.full((1, patches), name == source, device=images.device)
    return visible


def _image(name: str, answers: Mapping[str, Tensor]) -> Tensor | None:
    if name not in answers:
        return None
    return answers[name] if MODALITIES[name].channels else answers[name].argmax(1)
