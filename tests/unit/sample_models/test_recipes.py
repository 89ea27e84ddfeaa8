"""Where training begins: positions, attention, a last layer that is not dead."""

import pytest
import torch

from tests.unit.sample_models.test_tasks import small_sam
from twinband.annotators.dpt import raw_depth
from twinband.sample_models.recipes import RECIPES, placed, sines


def test_a_cell_is_told_its_row_and_its_column() -> None:
    found = sines(3, 5, 8)
    assert found.shape == (3, 5, 8)
    angles = [2.0, 2.0 * 10000**-0.5]
    of_two = torch.tensor([*angles]).sin().tolist() + torch.tensor([*angles]).cos().tolist()
    assert found[2, 0].tolist() == pytest.approx([*of_two, 0, 0, 1, 1])
    assert found[0, 2].tolist() == pytest.approx([0, 0, 1, 1, *of_two])


def test_patches_attend_to_their_like_and_take_their_own_away() -> None:
    torch.manual_seed(0)
    attention = placed(small_sam(64).sam).image_encoder.blocks[0].attn
    query, key, value = attention.qkv.weight.detach().split(32)
    for head in (slice(0, 16), slice(16, 32)):
        product = query[head].T @ key[head]
        assert product.trace() / 32 > 0.3
    product = attention.proj.weight.detach() @ value
    assert product.trace().item() / 32 == pytest.approx(-0.4, abs=0.1)


def test_an_untrained_dpt_sees_something_everywhere() -> None:
    torch.manual_seed(0)
    model = RECIPES["dpt"].build().eval()
    with torch.no_grad():
        found = raw_depth(model, torch.randn(1, 3, 64, 96))
    assert found.shape == (1, 64, 96)
    assert found.min() > 0
