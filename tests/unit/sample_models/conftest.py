"""A few rendered scenes, the same for all tests here."""

from collections.abc import Sequence

import pytest

from tests.made.raw_pairs import RUNTIME
from tests.unit.networks.conftest import one_thread
from twinband.sample_models.scenes import LabelledScene, rendered_scenes

__all__ = ["one_thread", "scenes"]


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Sequence[LabelledScene]:
    """Five scenes of 128x96, one an hour."""
    work = tmp_path_factory.mktemp("scenes")
    return rendered_scenes("train", 5, seed=3, size=(128, 96), work=work, runtime=RUNTIME)
