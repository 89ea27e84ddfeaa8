"""One transform for a rig or sequence, estimated once from pairs spread over it and kept."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinband.registration.api import Registration
from twinband.registration.backends._base import Backend, Sample
from twinband.shards.write import write_atomically

Size = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Rig:
    """The pooled estimate, for pairs whose images have the sizes (width, height) of its own."""

    registration: Registration
    rgb_size: Size
    thermal_size: Size

    def holds_for(self, sample: Sample) -> bool:
        """Whether the estimate may be used for this pair; never if it failed."""
        sizes = (_size(sample.rgb), _size(sample.thermal))
        return self.registration.status != "failed" and sizes == (self.rgb_size, self.thermal_size)

    def save(self, path: Path) -> None:
        """As JSON, every number exactly."""
        values = asdict(self.registration)
        values |= {name: values[name].tolist() for name in ("matrix", "estimate")}
        record = {"registration": values, "rgb": self.rgb_size, "thermal": self.thermal_size}
        write_atomically(path, json.dumps(record).encode())

    @classmethod
    def load(cls, path: Path) -> "Rig":
        record = json.loads(path.read_bytes())
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
    """``count`` keys spread evenly over ``keys``, first and last included."""
    places = np.linspace(0, len(keys) - 1, count).round().astype(int)
    return [keys[int(place)] for place in places]


def _size(image: np.ndarray[Any, Any]) -> Size:
    return image.shape[1], image.shape[0]
