"""Registration backend: the search over orientation fields (``twinband.registration.register``)."""

from collections.abc import Mapping, Sequence
from typing import Any

from twinband.registration.quality import Options
from twinband.registration.register import Registration, register_rig
from twinband.registration.trust import Backend, Sample


def open_backend(options: Mapping[str, Any]) -> Backend:
    """Make the backend; ``options`` are the fields of ``quality.Options``.

    Raises:
        TypeError: an unknown option, or a value that is not a number.
        ValueError: an unknown model.
    """
    return _Search(options)


class _Search:
    def __init__(self, options: Mapping[str, Any]) -> None:
        Options.of(options)  # an unknown option fails at once, not at the first pair
        self.options = dict(options)

    def register(self, samples: Sequence[Sample]) -> Registration:
        return register_rig([(s.rgb, s.thermal) for s in samples], **self.options)
