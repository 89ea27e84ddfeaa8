import pytest
import torch

from tests.made.models import mae, pairs
from twinband.methods.mae.model import random_places


def test_losses() -> None:
    losses = mae()(pairs())
    torch.testing.assert_close(losses["loss"], (losses["loss_rgb"] + losses["loss_thermal"]) / 2)
    assert losses["loss"].requires_grad and not losses["loss_rgb"].requires_grad
    assert losses["kept_rgb"] == losses["kept_thermal"] == 4


def test_the_gradient_reaches_every_parameter() -> None:
    model = mae()
    model(pairs())["loss"].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def test_random_places_are_different_and_all_are_drawn() -> None:
    torch.manual_seed(0)
    places = random_places({"rgb": torch.empty(200, 3, 8, 8)}, 10, 4)
    assert places.shape == (400, 4)
    assert all(len(set(row)) == 4 for row in places.tolist())
    assert places.flatten().bincount().min() > 120  # 160 expected of each


def test_equal_seeds_give_equal_losses_and_masks_differ_between_images() -> None:
    model, batch = mae(), pairs()
    first, again = (mae_run(model, batch, seed) for seed in (5, 5))
    assert first == again != mae_run(model, batch, 6)
    visible = model.draw(batch)["rgb"].visible
    assert not torch.equal(visible[0], visible[1])


def mae_run(model: torch.nn.Module, batch: dict[str, torch.Tensor], seed: int) -> float:
    torch.manual_seed(seed)
    return float(model(batch)["loss"].detach())


def test_masks_depend_on_the_pair_s_seed_alone() -> None:
    seeds = torch.tensor([2**62 + 1, 7, 9])
    batch = {"rgb": torch.empty(3, 3, 8, 8), "seed": seeds}
    rgb, thermal = random_places(batch, 30, 10).chunk(2)
    alone = {"rgb": torch.empty(1, 3, 8, 8), "seed": seeds[1:2]}
    assert torch.equal(random_places(alone, 30, 10), torch.stack([rgb[1], thermal[1]]))
    different = {tuple(sorted(row)) for row in torch.cat([rgb, thermal]).tolist()}
    assert len(different) == 6 and all(len(set(row)) == 10 for row in different)


def test_half_batches_have_the_gradient_of_the_whole() -> None:
    model, batch = mae(), {**pairs(batch=4), "seed": torch.arange(4)}
    gradients = []
    for parts in (1, 2):
        model.zero_grad()
        for part in range(parts):
            given = {name: value.chunk(parts)[part] for name, value in batch.items()}
            (model(given)["loss"] / parts).backward()
        gradients.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for whole, halves in zip(*gradients, strict=True):
        torch.testing.assert_close(whole, halves, atol=1e-6, rtol=1e-4)


def test_mask_ratio_and_oblong_images() -> None:
    model = mae(mask_ratio=0.5)
    batch = pairs(height=24, width=56)
    torch.manual_seed(0)
    drawn = model.draw(batch)["thermal"]
    assert drawn.visible.sum(1).tolist() == [10, 10]  # half of 3 x 7, rounded down
    same = drawn.restored == batch["thermal"]
    cells = same.all(1).unflatten(2, (7, 8)).unflatten(1, (3, 8)).all(4).all(2)
    torch.testing.assert_close(cells.flatten(1), drawn.visible)
    assert model(batch)["kept_rgb"] == 10


def test_it_learns() -> None:
    model = mae()
    ramp = torch.linspace(-1, 1, 32)
    batch = {"rgb": ramp.expand(4, 3, 32, 32), "thermal": ramp[:, None].expand(4, 3, 32, 32)}
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3)
    torch.manual_seed(0)
    for _ in range(60):
        optimizer.zero_grad()
        loss = model(batch)["loss"]
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.5


@pytest.mark.parametrize("wrong", [0.0, 1.0, -0.1])
def test_a_mask_ratio_out_of_range_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match="mask_ratio must lie between 0 and 1"):
        mae(mask_ratio=wrong)
