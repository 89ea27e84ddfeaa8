import pytest
import torch
from torch import Tensor

from tests.made.models import SIZES, FixedSampler, RandomSampler, mspecgene, pairs
from twinband.methods.mspecgene.model import MSpecGene, MSpecGeneConfig
from twinband.networks.patches import masked_loss
from twinband.pretraining.start import open_arm

RGB, THERMAL = [5, 0, 9], [12, 3]


def test_losses_add_up_and_the_sampler_hears_them_in_training_only() -> None:
    sampler = RandomSampler(5, 2)
    model = mspecgene(sampler)
    losses = model(pairs())
    torch.testing.assert_close(losses["loss"], losses["loss_rgb"] + losses["loss_thermal"])
    assert losses["loss"].requires_grad
    assert not losses["loss_rgb"].requires_grad and not losses["loss_thermal"].requires_grad
    assert (losses["kept_rgb"], losses["kept_thermal"]) == (5, 2)
    assert sampler.losses == (losses["loss_rgb"], losses["loss_thermal"])
    model.eval()(pairs())
    assert sampler.heard == 1


def test_losses_by_the_parts() -> None:
    model, batch = mspecgene(FixedSampler(RGB, THERMAL)), pairs()
    sequences, kept = {}, {"rgb": torch.tensor([RGB] * 2), "thermal": torch.tensor([THERMAL] * 2)}
    decoders = {"rgb": model.decoder_rgb, "thermal": model.decoder_thermal}
    for name, decoder in decoders.items():
        encoded = model.encoder.encode(model.encoder.tokens(batch[name])[:, kept[name][0]])
        sequences[name] = decoder.sequence(encoded, kept[name], (4, 4))
    losses = model(batch)
    for name, other, cross in (
        ("rgb", "thermal", model.cross_rgb),
        ("thermal", "rgb", model.cross_thermal),
    ):
        prediction = decoders[name].predict(cross(sequences[name], sequences[other]))
        expected = masked_loss(prediction, batch[name], kept[name], 8)
        torch.testing.assert_close(losses[f"loss_{name}"], expected.detach())


def test_the_sampler_sees_detached_tokens_with_positions_without_the_class_token() -> None:
    sampler = RandomSampler()
    model, batch = mspecgene(sampler), pairs()
    model(batch)
    assert sampler.seen is not None
    for seen, name in zip(sampler.seen, ("rgb", "thermal"), strict=True):
        assert not seen.requires_grad
        torch.testing.assert_close(seen, model.encoder.tokens(batch[name]).detach())


def test_the_gradient_reaches_every_parameter() -> None:
    model = mspecgene()
    model(pairs())["loss"].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().max() > 0, name


def restored(model: MSpecGene, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    found = model.draw(batch)
    return found["rgb"].restored, found["thermal"].restored


def patch(place: int) -> tuple[slice, slice]:
    row, column = divmod(place, 4)
    return slice(8 * row, 8 * row + 8), slice(8 * column, 8 * column + 8)


def test_thermal_is_predicted_with_the_help_of_visible_rgb_through_cross_attention_only() -> None:
    model, batch = mspecgene(FixedSampler(RGB, THERMAL)), pairs()
    _, thermal = restored(model, batch)
    seen = {**batch, "rgb": batch["rgb"].clone()}
    seen["rgb"][(..., *patch(RGB[0]))] += torch.randn(8, 8)
    assert not torch.allclose(restored(model, seen)[1], thermal)
    unseen = {**batch, "rgb": batch["rgb"].clone()}
    unseen["rgb"][(..., *patch(THERMAL[0]))] += torch.randn(8, 8)
    torch.testing.assert_close(restored(model, unseen)[1], thermal)
    for parameter in model.cross_thermal.attn.proj.parameters():
        torch.nn.init.zeros_(parameter)
    rgb, thermal = restored(model, batch)
    torch.testing.assert_close(restored(model, seen)[1], thermal)
    other = {**batch, "thermal": batch["thermal"] + torch.randn(32, 32)}
    assert not torch.allclose(restored(model, other)[0], rgb)


def test_both_cross_layers_read_what_the_other_was_before() -> None:
    """RGB's output must not change with the weights of thermal's cross-attention."""
    model, batch = mspecgene(FixedSampler(RGB, THERMAL)), pairs()
    rgb, thermal = restored(model, batch)
    for parameter in model.cross_thermal.parameters():
        torch.nn.init.normal_(parameter)
    changed_rgb, changed_thermal = restored(model, batch)
    torch.testing.assert_close(changed_rgb, rgb)
    assert not torch.allclose(changed_thermal, thermal)


def test_exchanged_images_use_the_other_decoder_and_the_other_count() -> None:
    model, batch = mspecgene(FixedSampler(RGB, THERMAL)), pairs()
    swapped = {"rgb": batch["thermal"], "thermal": batch["rgb"]}
    losses, exchanged = model(batch), model(swapped)
    assert (losses["kept_rgb"], losses["kept_thermal"]) == (3, 2)
    assert (exchanged["kept_rgb"], exchanged["kept_thermal"]) == (3, 2)
    assert exchanged["loss_rgb"] != losses["loss_thermal"]
    assert not any(
        a is b for a in model.decoder_rgb.parameters() for b in model.decoder_thermal.parameters()
    )


def test_the_encoder_is_shared_and_sees_each_modality_by_itself() -> None:
    model, batch = mspecgene(FixedSampler(RGB, THERMAL)), pairs()
    inputs: list[Tensor] = []
    model.encoder.blocks[0].register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    model(batch)
    assert [tuple(x.shape) for x in inputs] == [(2, 4, 24), (2, 3, 24)]
    tokens = model.encoder.tokens(batch["rgb"])
    torch.testing.assert_close(inputs[0][:, 1:], tokens[:, RGB])


def test_reconstructions() -> None:
    sampler = FixedSampler(RGB, THERMAL)
    model, batch = mspecgene(sampler), pairs()
    found = model.draw(batch)
    for name, kept in (("rgb", RGB), ("thermal", THERMAL)):
        drawn = found[name]
        assert drawn.truth is batch[name]
        for place in range(16):
            where = (..., *patch(place))
            assert (drawn.visible[:, place] == (place in kept)).all()
            same = torch.allclose(drawn.restored[where], batch[name][where], atol=1e-6)
            assert same == (place in kept)
    assert model.training and sampler.heard == 0
    assert sampler.modes == [False]
    assert not found["rgb"].restored.requires_grad


@pytest.mark.parametrize("size", [(24, 40), (48, 48)])
def test_other_grids_than_the_one_built_for(size: tuple[int, int]) -> None:
    losses = mspecgene()(pairs(height=size[0], width=size[1]))
    assert losses["loss"].isfinite()


def test_images_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="no whole number of 8 px patches"):
        mspecgene()(pairs(height=30))
    with pytest.raises(ValueError, match="smaller than a patch"):
        mspecgene()(pairs(height=4, width=4))
    with pytest.raises(ValueError, match="no sampler"):
        MSpecGene(MSpecGeneConfig(**SIZES))(pairs())


def test_flat_images_and_a_single_pair_are_finite() -> None:
    model = mspecgene()
    batch = {"rgb": torch.zeros(1, 3, 32, 32), "thermal": torch.full((1, 3, 32, 32), 2.5)}
    loss = model(batch)["loss"]
    loss.backward()
    assert loss.isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("name", ["rgb", "thermal"])
def test_nan_in_one_pixel_shows_in_the_loss(name: str) -> None:
    model = mspecgene(FixedSampler(RGB, THERMAL))
    for place in range(16):  # seen or not
        batch = pairs()
        batch[name][(1, 0, *patch(place))][0, 0] = torch.nan
        assert model(batch)["loss"].isnan()


def test_steps_are_repeatable() -> None:
    def steps() -> list[Tensor]:
        model, batch = mspecgene(), pairs()
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        torch.manual_seed(3)
        for _ in range(3):
            optimizer.zero_grad()
            model(batch)["loss"].backward()
            optimizer.step()
        return list(model.state_dict().values())

    assert all(torch.equal(one, other) for one, other in zip(steps(), steps(), strict=True))


def test_bfloat16_autocast_is_finite_and_near() -> None:
    model, batch = mspecgene(FixedSampler(RGB, THERMAL)), pairs()
    exact = model(batch)["loss"]
    with torch.autocast("cpu", torch.bfloat16):
        assert model.encoder.tokens(batch["rgb"]).dtype == torch.float32
        loss = model(batch)["loss"]
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, exact, rtol=0.02, atol=0)
    loss.backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())


def test_the_sampler_hears_how_far_training_is() -> None:
    sampler = RandomSampler()
    model = mspecgene(sampler)
    for step in range(5):
        model.before_step(step, 5)
    model.before_step(0, 1)
    assert sampler.progress == [0, 0.25, 0.5, 0.75, 1, 0]


@pytest.mark.parametrize("strategy", ["random", "gmm_cmss"])
def test_with_the_samplers_of_the_project(strategy: str) -> None:
    model = mspecgene(open_arm(strategy, patches=16, mask_ratio=0.75))
    for step in range(2):
        model.before_step(step, 2)
        losses = model(pairs())
        assert losses["loss"].isfinite()
        assert losses["kept_rgb"] + losses["kept_thermal"] == 8


def test_the_sampler_s_state_is_the_model_s() -> None:
    model = mspecgene()
    model(pairs())
    assert model.state_dict()["sampler.heard"] == 1
