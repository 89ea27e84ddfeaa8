"""Models by name: SAGE's beside those of the pipeline."""

import pytest
import torch

from twinband import models


def size(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def test_sages_networks_have_their_published_sizes() -> None:
    assert size(models.build("sage_student")) == 135_617
    assert size(models.build("sage_teacher", masks=4, compatible=True)) == 2_787_025
    assert size(models.build("sage_teacher", masks=4)) == 2_639_505


def test_other_models_are_those_of_the_pipeline() -> None:
    assert models.build("mspecgene_tiny").kind == "mspecgene"
    with pytest.raises(ValueError, match=r"unknown model 'sage'; known are .*sage_student"):
        models.build("sage")
