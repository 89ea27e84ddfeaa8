"""One shard of the product ``registered``: decide on every pair and write what changed.

Images are never copied: the shard holds only what registration made anew (the moved image, its
validity, labels that moved with it) and a JSON with the transform and its quality;
``twinband.shards.registered`` lays it over the pair.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from twinband.core.errors import InputError
from twinband.core.images import encode_png
from twinband.registration.geometry import (
    Frame,
    Matrix,
    corner_error_px,
    grid_change,
    inverted,
    resampled,
)
from twinband.registration.label_ground import Ground, find_ground
from twinband.registration.labels import Move, moved_boxes, moved_label_images
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
from twinband.shards.product import read_manifest
from twinband.shards.read import Product, decode_field
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
    with ShardWriter(task.path, COLUMNS) as writer:
        for key in task.keys:
            sample = pairs.sample(key)
            decision, policy = handled(
                decisions.get(key) or trust.decide(sample),
                settings.on_failure,
                decisions.get(lenders.get(key, "")),
            )
            fields, row = _registered(sample, pairs.fields(key), decision, policy, settings)
            row |= _corner_errors(sample, decision, task.truth)
            writer.add(key, fields, {**OK, **row})
    return writer.shard


class Pairs:
    """Samples of the product ``pairs`` by key, read as often as asked for: memory holds one.

    Raises:
        InputError: the folder is no finished product.
    """

    def __init__(self, folder: Path, keys: Sequence[str]) -> None:
        self._product = Product("pairs", folder)
        table = read_manifest(folder, ["key", "name", "group"])
        wanted = set(keys)
        self._row = {key: row for row, key in enumerate(self._product.keys) if key in wanted}
        self._names = {key: table["name"][row].as_py() for key, row in self._row.items()}
        self._groups = {key: table["group"][row].as_py() for key, row in self._row.items()}
        self._last: tuple[str, dict[str, bytes]] = ("", {})

    def fields(self, key: str) -> dict[str, bytes]:
        """Read all members of a pair, as bytes."""
        if self._last[0] != key:
            self._last = (key, self._product.fields(self._row[key]))
        return self._last[1]

    def sample(self, key: str) -> Sample:
        """Decode the pair's images.

        Raises:
            InputError: they are damaged.
        """
        fields = self.fields(key)
        with self._product.blamed(self._row[key]):
            images = dict(
                decode_field(field, data)
                for field, data in fields.items()
                if field.partition(".")[0] in ("rgb", "thermal")
            )
            return Sample(self._names[key], self._groups[key], images["rgb"], images["thermal"])


def _decided_together(
    pairs: Pairs, keys: Sequence[str], trust: Trust
) -> tuple[dict[str, Decision], dict[str, str]]:
    """Decide on all pairs, and for failed ones on the pair that lends its transform.

    A pass over all pairs before any is written, since the best of a sequence may come last.
    """
    decisions, alike = {}, {}
    for key in keys:
        sample = pairs.sample(key)
        decisions[key] = trust.decide(sample)
        alike[key] = (sample.group, sample.rgb.shape[:2], sample.thermal.shape[:2])
    return decisions, lend(decisions, alike)


def _registered(
    sample: Sample,
    members: Mapping[str, bytes],
    decision: Decision,
    policy: str,
    settings: RegisterParams,
) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Make members and manifest columns of one pair.

    Args:
        members: of the product ``pairs``.
    """
    labels = json.loads(members["json"])["labels"]
    ground = _ground(sample, members, labels, settings.labels_on)
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
        fields = moved_label_images(members, move, ground.stands_on)
        fields[f"{move.modality}.png"] = encode_png(onto)
        fields["valid.png"] = encode_png(valid.astype(np.uint8) * 255)
        labels = moved_boxes(labels, move, ground.stands_on)
    row = {
        **_row(decision, policy, settings),
        "shift_tolerance_px": in_file_px(settings.shift_tolerance_working_px, Frame.of(still)),
        **_residuals(residual_shifts(still, onto, valid)),
        "resampled": resample,
        "valid_fraction": float(valid.mean()),
    }
    metadata = json.dumps({"registered": row, "labels": labels}, sort_keys=True)
    return {**fields, "json": metadata.encode()}, {**row, "detail": "; ".join(ground.remarks)}


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
