"""The datasets that these tests read."""

from tests.made.written import sample

__all__ = ["sample"]
