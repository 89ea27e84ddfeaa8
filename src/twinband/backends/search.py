"""The search over orientation fields (``twinband.registration.register``) as a backend."""

from collections.abc import Mapping, Sequence
from typing import Any

from twinband.registration.quality import Options
from twinband.registration.register import Registration, register_rig
from twinband.registration.trust import Backend, Sample


class _Search:
    def __init__(self, options: Mapping[str, Any]) -> None:
        Options(**options)  # an unknown option is said at once, not at the first pair
        self.options = dict(options)

    def register(self, samples: Sequence[Sample]) -> Registration:
        return register_rig([(s.rgb, s.thermal) for s in samples], **self.options)


def open_backend(options: Mapping[str, Any]) -> Backend:
    """Options are the fields of ``quality.Options``.

    Raises:
        TypeError: an unknown option, or a number that is none.
        ValueError: an unknown model.
    """
    return _Search(options)
