"""What every backend is asked, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twinband.registration.api import Registration


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
        """The transform that holds for all ``samples``; None if this backend cannot tell.

        Whatever the images show, it answers with a status and a reason, not with an exception.
        """
