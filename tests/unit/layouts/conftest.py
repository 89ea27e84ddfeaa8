"""Each layout is written once for all its tests."""

from collections.abc import Callable
from functools import cache

import pytest

from tests.made.written import COUNTS, Sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Sample]:
    """The written dataset of a layout."""

    @cache
    def written(layout: str) -> Sample:
        root = tmp_path_factory.mktemp(layout)
        return Sample(layout, root, COUNTS.get(layout, 12)).write()

    return written
