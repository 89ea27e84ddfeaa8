"""Which transform a pair gets: the first that there is, in order of trust."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from twinband.registration import measure
from twinband.registration.api import Registration
from twinband.registration.backends._base import Backend, Sample
from twinband.registration.rig import Rig

Source = Literal["supplied", "declared", "rig", "sequence", "pair"]


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
        """The transform of one pair."""
        supplied = self.calibration.register([sample])
        if supplied is not None:
            return Decision(supplied, "supplied")
        if self.aligned:
            return Decision(measure.declared_aligned(sample.rgb, sample.thermal), "declared")
        for name in (sample.group, ""):
            rig = self.rigs.get(name)
            if rig is not None and rig.holds_for(sample):
                shared = measure.of_rig(sample.rgb, sample.thermal, rig.registration)
                return Decision(shared, "sequence" if name else "rig")
        alone = self.estimator.register([sample])
        if alone is None:
            alone = measure.declared_aligned(sample.rgb, sample.thermal)
            alone = replace(alone, status="failed", reason="backend_cannot_tell")
        return Decision(alone, "pair")
