"""One shard of the product ``registered``: decide on every pair and write what changed.

Images are never copied: the shard holds only what registration made anew (the moved image, its
validity, labels that moved with it) and a JSON with the transform and its quality;
``twinband.shards.registered`` lays it over the pair.
"""

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from twinband.core.errors import InputError
from twinband.core.images import encode_png
from twinband.core.thermal import Levels, ThermalLevels, image_levels, sequence_levels
from twinband.registration.geometry import (
    Frame,
    Matrix,
    corner_error_px,
    grid_change,
    inverted,
    resampled,
)
from twinband.registration.label_ground import Ground, find_ground
from twinband.registration.labels import Move, moved_boxes, moved_data, moved_label_images
from twinband.registration.pairs import Opened, Pairs
from twinband.registration.params import RegisterParams
from twinband.registration.residual import Residuals, residual_shifts
from twinband.registration.trust import (
    Calibration,
    Decision,
    Rig,
    Sample,
    Trust,
    handled,
    lend,
    open_backend,
)
from twinband.registration.working import in_file_px
from twinband.shards.write import OK, Shard, ShardWriter

NUMBER = pa.float64()
# Columns of the manifest of `registered` beyond those of every product.
COLUMNS = [
    pa.field("registration", pa.string()),
    pa.field("registration_reason", pa.string()),
    pa.field("source", pa.string()),
    pa.field("policy", pa.string()),
    pa.field("grid", pa.string()),
    pa.field("resampled", pa.bool_()),
    *[
        pa.field(name, NUMBER)
        for name in (
            *("score", "score_before", "forward_backward_px", "motion_px"),
            *("residual_px_median", "residual_px_p90", "valid_fraction"),
            *("corner_error_px_before", "corner_error_px", "shift_tolerance_px"),
        )
    ],
    pa.field("thermal_present", pa.bool_()),
    pa.field("training", pa.bool_()),
    pa.field("matrix", pa.list_(NUMBER)),
    pa.field("estimate", pa.list_(NUMBER)),
]


@dataclass(frozen=True, slots=True)
class ShardTask:
    """Work of one worker: ``keys`` of ``pairs`` become the shard at ``path``.

    Attributes:
        homographies: supplied transforms by name.
        refuted: names of those that their rig's images speak against.
        truth: true transforms by name of a pair.
        rigs: file of each pooled estimate, by sequence (``""`` for the whole dataset).
    """

    path: Path
    pairs: Path
    keys: tuple[str, ...]
    settings: RegisterParams
    homographies: Mapping[str, Matrix]
    refuted: frozenset[str]
    truth: Mapping[str, Matrix]
    rigs: Mapping[str, Path]


def write_registered_shard(task: ShardTask) -> Shard:
    """Write the shard; whatever the images show, every pair gets a status and a reason."""
    settings = task.settings
    pairs = Pairs(task.pairs, task.keys)
    trust = Trust(
        calibration=Calibration(task.homographies, task.refuted),
        aligned=settings.aligned,
        rigs={name: Rig.load(path) for name, path in task.rigs.items()},
        estimator=open_backend(settings.backend, settings.options),
    )
    decisions: dict[str, Decision] = {}
    lenders: dict[str, str] = {}
    if settings.on_failure == "use_rig" and not settings.aligned:
        decisions, lenders = _decided_together(pairs, task.keys, trust)
    shared = _levels_of_sequences(pairs, task.keys, settings.thermal_levels)
    with ShardWriter(task.path, COLUMNS) as writer:
        for key in task.keys:
            pair = pairs.open(key)
            if pair.counts is None:
                fields, row = without_thermal(pair, settings)
                writer.add(key, fields, {**OK, **row})
                continue
            sample = pair.sample()
            decision, policy = handled(
                decisions.get(key) or trust.decide(sample),
                settings.on_failure,
                decisions.get(lenders.get(key, "")),
            )
            levels = shared.get(pair.group) or _levels(pair, settings.thermal_levels)
            fields, row = _registered(pair, sample, decision, policy, levels, settings)
            row |= _corner_errors(sample, decision, task.truth)
            writer.add(key, fields, {**OK, **row})
    return writer.shard


def _levels(pair: Opened, choice: ThermalLevels) -> Levels:
    """Choose the levels of one pair.

    Raises:
        InputError: the choice needs temperatures, and the dataset has none.
    """
    try:
        return image_levels(np.asarray(pair.counts), choice, pair.data, pair.radiometry)
    except ValueError as error:
        raise InputError(f"the pair {pair.name}: {error}") from None


def _levels_of_sequences(
    pairs: Pairs, keys: Sequence[str], choice: ThermalLevels
) -> dict[str, Levels]:
    """Choose the levels that the frames of each sequence share; a sequence is never in two shards.

    Nothing where every image has its own.
    """
    if choice.rule != "sequence":
        return {}
    members: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        members[pairs.groups[key]].append(key)
    opened = ((name, map(pairs.open, own)) for name, own in members.items() if len(own) > 1)
    return {
        name: sequence_levels(
            ((pair.counts, pair.data) for pair in frames if pair.counts is not None), choice
        )
        for name, frames in opened
    }


def _decided_together(
    pairs: Pairs, keys: Sequence[str], trust: Trust
) -> tuple[dict[str, Decision], dict[str, str]]:
    """Decide on all pairs, and for failed ones on the pair that lends its transform.

    A pass over all pairs before any is written, since the best of a sequence may come last.
    """
    decisions, alike = {}, {}
    for key in keys:
        pair = pairs.open(key)
        if pair.counts is None:
            continue
        sample = pair.sample()
        decisions[key] = trust.decide(sample)
        alike[key] = (sample.group, sample.rgb.shape[:2], sample.thermal.shape[:2])
    return decisions, lend(decisions, alike)


def _registered(
    pair: Opened,
    sample: Sample,
    decision: Decision,
    policy: str,
    levels: Levels,
    settings: RegisterParams,
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Make members and manifest columns of one pair."""
    ground = _ground(sample, pair.members, pair.labels, settings.labels_on)
    labels: Mapping[str, Any] = pair.labels
    matrix = decision.registration.matrix
    if settings.grid == "rgb":
        still, moving, move = sample.rgb, sample.thermal, Move.onto(sample.rgb, "thermal", matrix)
    else:
        back = inverted(matrix)
        still, moving, move = sample.thermal, sample.rgb, Move.onto(sample.thermal, "rgb", back)
    onto, valid = moving, np.ones((move.height, move.width), np.bool_)
    fields: dict[str, bytes] = {}
    resample = not move.changes_nothing(moving)
    if resample:
        onto, valid = resampled(moving, move.matrix, move.width, move.height)
        fields = moved_label_images(pair.members, move, ground.stands_on)
        labels = moved_boxes(labels, move, ground.stands_on)
    if pair.data is not None:
        held = moved_data(pair.data, move) if move.modality == "thermal" else pair.data
        valid = valid & held
        if move.modality == "thermal":
            onto = np.where(held, onto, 0).astype(onto.dtype)
    if resample:
        fields[f"{move.modality}.png"] = encode_png(onto)
    if resample or not valid.all():
        fields["valid.png"] = encode_png(valid.astype(np.uint8) * 255)
    row = {
        **_row(decision, policy, settings),
        "shift_tolerance_px": in_file_px(settings.shift_tolerance_working_px, Frame.of(still)),
        **_residuals(residual_shifts(still, onto, valid)),
        "resampled": resample,
        "valid_fraction": float(valid.mean()),
    }
    stored = {"registered": {**row, "thermal_levels": asdict(levels)}, "labels": labels}
    metadata = json.dumps(stored, sort_keys=True)
    return {**fields, "json": metadata.encode()}, {**row, "detail": "; ".join(ground.remarks)}


def without_thermal(
    pair: Opened, settings: RegisterParams
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Make members and manifest columns of a pair of a dataset without thermal images: its RGB
    image and its labels stay as they are.

    Raises:
        InputError: the grid is to be that of thermal.
    """
    if settings.grid != "rgb":
        raise InputError(f"the pair {pair.name} has no thermal image: set the grid to rgb")
    row = {
        "registration": "absent",
        "registration_reason": "no_thermal",
        "source": "none",
        "policy": "single_modality",
        "grid": "rgb",
        "shift_tolerance_px": in_file_px(settings.shift_tolerance_working_px, Frame.of(pair.rgb)),
        "resampled": False,
        "valid_fraction": 1.0,
        "thermal_present": False,
        "training": True,
        "matrix": np.eye(3).ravel().tolist(),
        "estimate": np.eye(3).ravel().tolist(),
    }
    metadata = json.dumps({"registered": row, "labels": pair.labels}, sort_keys=True)
    return {"json": metadata.encode()}, row


def _ground(
    sample: Sample, members: Mapping[str, bytes], labels: Mapping[str, Any], labels_on: str
) -> Ground:
    frames = {"rgb": Frame.of(sample.rgb), "thermal": Frame.of(sample.thermal)}
    sizes = {modality: (frame.width, frame.height) for modality, frame in frames.items()}
    try:
        return find_ground(members, labels, sizes, labels_on)
    except InputError as error:
        raise InputError(f"the pair {sample.name}: {error}") from None


def _row(decision: Decision, policy: str, settings: RegisterParams) -> dict[str, Any]:
    registration = decision.registration
    numbers = {
        name: getattr(registration, name)
        for name in ("score", "score_before", "forward_backward_px", "motion_px")
    }
    return {
        "registration": registration.status,
        "registration_reason": registration.reason,
        "source": decision.source,
        "policy": policy,
        "grid": settings.grid,
        **{name: value if math.isfinite(value) else None for name, value in numbers.items()},
        "thermal_present": policy != "single_modality",
        "training": policy != "drop",
        "matrix": registration.matrix.ravel().tolist(),
        "estimate": registration.estimate.ravel().tolist(),
    }


def _residuals(residuals: Residuals) -> dict[str, float | None]:
    lengths = residuals.lengths_px
    median, p90 = np.percentile(lengths, (50, 90)).tolist() if lengths.size else (None, None)
    return {"residual_px_median": median, "residual_px_p90": p90}


def _corner_errors(
    sample: Sample, decision: Decision, truth: Mapping[str, Matrix]
) -> dict[str, float]:
    """Measure corner errors of doing nothing and of the transform, where the true one is known."""
    if sample.name not in truth:
        return {}
    true = truth[sample.name]
    target, source = Frame.of(sample.rgb), Frame.of(sample.thermal)
    with np.errstate(all="ignore"):  # a true transform may be absurd
        errors = {
            "corner_error_px_before": corner_error_px(grid_change(source, target), true, source),
            "corner_error_px": corner_error_px(decision.registration.matrix, true, source),
        }
    return errors if all(map(math.isfinite, errors.values())) else {}
