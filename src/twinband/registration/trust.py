"""Trust in a pair's transform: supplied, declared, of its rig or its own, and failure.

A pair gets the first transform that there is, in this order. Whatever was not searched for here
is scored too, so that all pairs of a dataset can be compared.
"""

import csv
import importlib
import io
import json
import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import InputError, told
from twinband.core.outside import read_text
from twinband.registration.geometry import Frame, Matrix, grid_change
from twinband.registration.params import FailurePolicy
from twinband.registration.plausible import fits_worse, is_absurd, motion_px
from twinband.registration.quality import Status, score
from twinband.registration.reasons import FITS_WORSE
from twinband.registration.register import Registration
from twinband.shards.write import keep, read_kept

ENTRIES = [f"h{row}{column}" for row in range(3) for column in range(3)]
WHOLE_DATASET = "*"

Size = tuple[int, int]
Source = Literal["supplied", "declared", "rig", "sequence", "pair"]


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One pair to register: its name, its sequence (or its own key), RGB and thermal pixels."""

    name: str
    group: str
    rgb: NDArray[np.uint8]
    thermal: NDArray[Any]


class Backend(Protocol):
    """Estimates one transform for the samples of a rig, or for a single one."""

    def register(self, samples: Sequence[Sample]) -> Registration | None:
        """Estimate the transform that holds for all ``samples``; None if it cannot tell.

        Whatever the images show, it answers with a status and a reason, not with an exception.
        """


def open_backend(name: str, options: Mapping[str, Any]) -> Backend:
    """Open the backend of the module ``twinband.backends.NAME``.

    Raises:
        ValueError: there is no such backend, or it does not take these options.
    """
    module = f"twinband.backends.{name}"
    try:
        backend: Backend = importlib.import_module(module).open_backend(options)
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"the registration backend {name} cannot be opened: {error}") from None
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise ValueError(f"there is no registration backend {name} ({module})") from None
    return backend


class Calibration:
    """Backend that knows supplied transforms, and can tell nothing else.

    Attributes:
        refuted: names of those that the images of their rig speak against.
    """

    def __init__(
        self, matrices: Mapping[str, Matrix], refuted: Collection[str] = frozenset()
    ) -> None:
        self.matrices = matrices
        self.refuted = refuted

    def register(self, samples: Sequence[Sample]) -> Registration | None:
        """Look for the pair's own name, else its sequence's, else the rig's (``*``)."""
        [sample] = samples
        name = supplied_name(sample.name, sample.group, self.matrices)
        if name is None:
            return None
        found = supplied(sample.rgb, sample.thermal, self.matrices[name])
        if name in self.refuted and found.status != "failed":
            without = declared_aligned(sample.rgb, sample.thermal)
            return _refused(without, found.matrix, found.score, Frame.of(sample.thermal))
        return found


def supplied_name(name: str, group: str, matrices: Collection[str]) -> str | None:
    """Find the supplied transform of a pair: its own, its sequence's, or that of all."""
    return next((each for each in (name, group, WHOLE_DATASET) if each in matrices), None)


def read_homographies(path: Path) -> dict[str, Matrix]:
    """Read homographies by name from a CSV with the columns ``name`` and ``h00`` to ``h22``.

    They map thermal pixels to RGB pixels, pixel centres at integers; a name is that of a pair, of
    a sequence, or ``*``. Other columns are not looked at.

    Raises:
        InputError: it is no such table, a column is missing, a name stands twice, or a matrix has
            no inverse.
    """
    matrices: dict[str, Matrix] = {}
    try:
        reader = csv.DictReader(io.StringIO(read_text(path), newline=""))
        if missing := {"name", *ENTRIES}.difference(reader.fieldnames or ()):
            raise InputError(f"{path}: no column {', '.join(sorted(missing))}")
        for row in reader:
            where, name = f"{path}, line {reader.line_num}", row["name"]
            if name in matrices:
                raise InputError(f"{where}: {told(repr(name))} stands there twice")
            matrices[name] = _matrix(row, where)
    except csv.Error as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    return matrices


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """Pooled estimate, for pairs whose images have the sizes (width, height) of its own."""

    registration: Registration
    rgb_size: Size
    thermal_size: Size

    def holds_for(self, sample: Sample) -> bool:
        """Tell if the estimate may be used for this pair; never if it failed."""
        sizes = (_size(sample.rgb), _size(sample.thermal))
        return self.registration.status != "failed" and sizes == (self.rgb_size, self.thermal_size)

    def save(self, path: Path) -> None:
        """Keep it as JSON, every number exactly."""
        values = asdict(self.registration)
        values |= {name: values[name].tolist() for name in ("matrix", "estimate")}
        record = {"registration": values, "rgb": self.rgb_size, "thermal": self.thermal_size}
        keep(path, json.dumps(record).encode())

    @classmethod
    def load(cls, path: Path) -> "Rig":
        """Read what ``save`` wrote.

        Raises:
            WorkFailed: it went meanwhile.
        """
        record = json.loads(read_kept(path))
        values = record["registration"]
        values |= {name: np.array(values[name]) for name in ("matrix", "estimate")}
        return cls(Registration(**values), tuple(record["rgb"]), tuple(record["thermal"]))


def estimate_rig(samples: Iterable[Sample], estimator: Backend) -> Rig | None:
    """Pool the samples that have the first one's sizes; None if the backend cannot tell."""
    loaded = list(samples)
    sizes = (_size(loaded[0].rgb), _size(loaded[0].thermal))
    alike = [sample for sample in loaded if (_size(sample.rgb), _size(sample.thermal)) == sizes]
    pooled = estimator.register(alike)
    return None if pooled is None else Rig(pooled, *sizes)


def spread(keys: Sequence[str], count: int) -> list[str]:
    """Take ``count`` keys spread evenly over ``keys``, first and last included."""
    places = np.linspace(0, len(keys) - 1, count).round().astype(int)
    return [keys[int(place)] for place in places]


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """A pair's transform and where it comes from."""

    registration: Registration
    source: Source


@dataclass(frozen=True, slots=True)
class Trust:
    """The order of trust (spec/benchmarks.md E.4): supplied, declared, pooled, single.

    Attributes:
        calibration: knows supplied transforms.
        aligned: the dataset is declared aligned.
        rigs: pooled estimates by name of sequence; of the whole dataset as ``""``.
        estimator: for a pair by itself.
    """

    calibration: Backend
    aligned: bool
    rigs: Mapping[str, Rig]
    estimator: Backend

    def decide(self, sample: Sample) -> Decision:
        """Decide on the transform of one pair."""
        known = self.calibration.register([sample])
        if known is not None:
            return Decision(known, "supplied")
        if self.aligned:
            return Decision(declared_aligned(sample.rgb, sample.thermal), "declared")
        for name in (sample.group, ""):
            rig = self.rigs.get(name)
            if rig is not None and rig.holds_for(sample):
                shared = of_rig(sample.rgb, sample.thermal, rig.registration)
                return Decision(shared, "sequence" if name else "rig")
        alone = self.estimator.register([sample])
        if alone is None:
            alone = declared_aligned(sample.rgb, sample.thermal)
            alone = replace(alone, status="failed", reason="backend_cannot_tell")
        return Decision(alone, "pair")


def lend(decisions: Mapping[str, Decision], groups: Mapping[str, Hashable]) -> dict[str, str]:
    """Find for each failed pair the accepted pair of its sequence with the highest score, if any.

    Args:
        decisions: by key.
        groups: by key what pairs must have in common to lend: sequence and sizes of images;
            all pairs of one sequence are among ``decisions``.
    """
    best: dict[Hashable, str] = {}
    for key, decision in sorted(decisions.items()):
        group, score = groups[key], decision.registration.score
        if decision.registration.status != "accepted":
            continue
        if group not in best or score > decisions[best[group]].registration.score:
            best[group] = key
    failed = (k for k, decision in decisions.items() if decision.registration.status == "failed")
    return {key: best[groups[key]] for key in failed if groups[key] in best}


def handled(
    decision: Decision, policy: FailurePolicy, lender: Decision | None = None
) -> tuple[Decision, str]:
    """Apply the policy to a failed pair; returns its decision and the policy, empty if none.

    A pair that may use its sequence's transform and finds none is kept as it is.

    Args:
        lender: of the pair whose transform it may use.
    """
    if decision.registration.status != "failed":
        return decision, ""
    if policy != "use_rig":
        return decision, policy
    if lender is None:
        return decision, "keep_identity"
    registration = replace(decision.registration, matrix=lender.registration.matrix)
    return Decision(registration, decision.source), "use_rig"


def supplied(rgb: NDArray[Any], thermal: NDArray[Any], matrix: Matrix) -> Registration:
    """Score a transform taken on trust: accepted unless it is absurd or the images refute it."""
    target, source = Frame.of(rgb), Frame.of(thermal)
    if is_absurd(matrix, source, target):
        return _refused(declared_aligned(rgb, thermal), matrix, 0.0, source)
    found = _described(rgb, thermal, matrix, "accepted", "")
    if fits_worse([(rgb, thermal)], matrix, [found.score], [found.score_before]):
        return _refused(declared_aligned(rgb, thermal), matrix, found.score, source)
    return found


def declared_aligned(rgb: NDArray[Any], thermal: NDArray[Any]) -> Registration:
    """Score a pair taken for aligned, apart from the sizes of its images, on trust."""
    return _described(
        rgb, thermal, grid_change(Frame.of(thermal), Frame.of(rgb)), "already_aligned", "declared"
    )


def of_rig(rgb: NDArray[Any], thermal: NDArray[Any], rig: Registration) -> Registration:
    """Score the rig's transform for one of its pairs."""
    own = _described(rgb, thermal, rig.matrix, rig.status, rig.reason)
    return replace(rig, matrix=own.matrix, score=own.score, score_before=own.score_before)


def _refused(without: Registration, matrix: Matrix, score: float, source: Frame) -> Registration:
    """Leave the pair as it is ``without`` the supplied matrix, which is only told."""
    return replace(
        without,
        estimate=matrix,
        status="failed",
        reason=FITS_WORSE,
        score=score,
        motion_px=motion_px(matrix, without.matrix, source),
    )


def _described(
    rgb: NDArray[Any], thermal: NDArray[Any], matrix: Matrix, status: Status, reason: str
) -> Registration:
    target, source = Frame.of(rgb), Frame.of(thermal)
    still = grid_change(source, target)
    before = score(rgb, thermal, still)
    same = np.array_equal(matrix, still)
    return Registration(
        matrix=matrix,
        estimate=matrix,
        status=status,
        reason=reason,
        score=before if same else score(rgb, thermal, matrix),
        score_before=before,
        forward_backward_px=math.nan,
        motion_px=motion_px(matrix, still, source),
    )


def _matrix(row: Mapping[str, str], where: str) -> Matrix:
    try:
        matrix = np.array([float(row[entry]) for entry in ENTRIES]).reshape(3, 3)
    except (TypeError, ValueError):
        raise InputError(f"{where}: h00 to h22 must be nine numbers") from None
    if not np.isfinite(matrix).all() or abs(matrix[2, 2]) < 1e-9:
        raise InputError(f"{where}: h00 to h22 must be finite, and h22 not 0")
    with np.errstate(all="ignore"):
        matrix = matrix / matrix[2, 2]
        size = abs(np.linalg.det(matrix))
    if not np.isfinite(matrix).all():
        raise InputError(f"{where}: h00 to h22 are too large beside h22")
    if size < 1e-6:
        raise InputError(f"{where}: this matrix has no inverse")
    return matrix


def _size(image: np.ndarray[Any, Any]) -> Size:
    return image.shape[1], image.shape[0]
