"""One thread for models this small."""

from tests.unit.networks.conftest import one_thread

__all__ = ["one_thread"]
