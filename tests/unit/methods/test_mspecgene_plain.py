"""M-SpecGene against a plain implementation with one encoder pass for each modality."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.made.models import SIZES, pairs
from tests.made.plain_mspecgene import PlainMSpecGene, copy_weights, published_name
from twinband.methods.mspecgene.model import MSpecGene, MSpecGeneConfig
from twinband.networks.build import build


def plain_of(model: MSpecGene) -> PlainMSpecGene:
    config = model.config
    names = ("image_px", "patch_px", "width", "depth", "heads")
    decoders = ("decoder_width", "decoder_depth", "decoder_heads")
    sizes: dict[str, Any] = {name: getattr(config, name) for name in (*names, *decoders)}
    plain = PlainMSpecGene(**sizes)
    copy_weights(model, plain)
    return plain


def shown(counts: tuple[int, int], length: int, batch: int = 2) -> dict[str, Tensor]:
    """Disjoint random patches, as many of RGB and of thermal as ``counts`` says."""
    generator = torch.Generator().manual_seed(2)
    order = torch.rand(batch, length, generator=generator).argsort(1)
    found = {}
    parts = order[:, : sum(counts)].split(counts, 1)
    for name, places in zip(("rgb", "thermal"), parts, strict=True):
        found[name] = torch.zeros(batch, length, dtype=torch.bool).scatter(1, places, True)
    return found


def assert_equal(model: MSpecGene, inputs: dict[str, Tensor], visible: dict[str, Tensor]) -> None:
    """Compare predictions, losses and gradients."""
    plain = plain_of(model)
    with torch.no_grad():
        ours, theirs = model.reconstruct(inputs, visible), plain(inputs, visible)
    assert ours.keys() == theirs.keys()
    for name, prediction in ours.items():
        torch.testing.assert_close(prediction, theirs[name], atol=1e-4, rtol=1e-4, msg=name)
    losses, expected = model.loss(inputs, visible), plain.loss(inputs, visible)
    assert losses.keys() == expected.keys()
    for name, loss in losses.items():
        torch.testing.assert_close(loss, expected[name], atol=1e-4, rtol=1e-4, msg=name)
    losses["total"].backward()
    expected["total"].backward()
    gradients = {name: parameter.grad for name, parameter in plain.named_parameters()}
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        other = gradients[published_name(name)]
        assert other is not None
        torch.testing.assert_close(parameter.grad, other, atol=1e-4, rtol=1e-3, msg=name)


@pytest.mark.parametrize("counts", [(4, 4), (5, 2), (1, 9)])
def test_it_computes_what_a_plain_implementation_does(counts: tuple[int, int]) -> None:
    torch.manual_seed(0)
    model = MSpecGene(MSpecGeneConfig(**SIZES, shared_decoder_norm=True))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    assert_equal(model, pairs(), shown(counts, 16))


@pytest.mark.slow
def test_the_base_model_computes_what_a_plain_one_does() -> None:
    torch.manual_seed(0)
    model = build("mspecgene_base", shared_decoder_norm=True)
    assert isinstance(model, MSpecGene)
    assert_equal(model, pairs(batch=1, height=224, width=224), shown((10, 28), 196, batch=1))
