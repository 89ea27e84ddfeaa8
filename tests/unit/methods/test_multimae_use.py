"""MultiMAE in use: any modalities in, features, predictions, pictures, and where it starts."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.made.models import SIZES, mae, pairs
from twinband.arms.dirichlet import Arm
from twinband.core.normalise import one_channel, three_channels
from twinband.methods.multimae.config import MultiMaeConfig
from twinband.methods.multimae.depth import standardised_depth
from twinband.methods.multimae.model import MultiMae
from twinband.networks.build import load_model
from twinband.networks.sampler import Sampler
from twinband.networks.weights import read_weights, save_weights

ALL = ("rgb", "thermal", "depth", "semseg")


def multimae(*modalities: str, **sizes: Any) -> MultiMae:
    torch.manual_seed(0)
    model = MultiMae(
        MultiMaeConfig(**{**SIZES, "classes": 5, "modalities": modalities or ALL, **sizes})
    )
    model.sampler = Arm(16, visible=8)
    return model


def batch(size: int = 3) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    found = pairs(size)
    found["thermal"] = three_channels(one_channel(found["thermal"]))
    depth = torch.rand(size, 1, 32, 32, generator=generator)
    classes = torch.randint(0, 5, (size, 8, 8), generator=generator)
    return {**found, "depth": depth, "semseg": classes}


def test_thermal_as_one_channel_and_back() -> None:
    one = torch.randn(2, 1, 4, 4)
    torch.testing.assert_close(one_channel(three_channels(one)), one, atol=1e-6, rtol=1e-5)
    mean, std = torch.tensor([123.675, 116.28, 103.53]), torch.tensor([58.395, 57.12, 57.375])
    level = torch.full((1, 3, 1, 1), 200.0)
    normal = (level - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    torch.testing.assert_close(three_channels(one_channel(normal)), normal)


def test_a_training_step_has_a_loss_a_part_for_each_output_and_counts() -> None:
    model = multimae()
    found = model(batch())
    parts = [found[f"loss_{name}"] for name in model.config.outputs]
    torch.testing.assert_close(found["loss"], torch.stack(parts).sum())
    assert sum(float(found[f"kept_{name}"]) for name in ALL) == pytest.approx(8)
    found["loss"].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name


def test_samples_without_labels_are_learnt_from_by_their_images_alone() -> None:
    model, given = multimae(), batch()
    given["depth"][0] = torch.nan
    given["semseg"][:] = 255
    found = model(given)
    assert found["kept_semseg"] == 0 and found["loss_semseg"] == 0
    found["loss"].backward()
    assert all(p.grad.isfinite().all() for p in model.parameters() if p.grad is not None)
    without = model({name: given[name] for name in ("rgb", "thermal")})
    assert without.keys() == {
        *("loss", "loss_rgb", "loss_thermal", "loss_norm_rgb", "kept_rgb", "kept_thermal")
    }


def test_unknown_pixels_of_a_map_do_not_count() -> None:
    model, given = multimae("rgb", "depth", "semseg"), batch()
    inputs = {name: given[name] for name in ("rgb", "depth", "semseg")}
    visible = {name: torch.zeros(3, 16, dtype=torch.bool) for name in inputs}
    visible["rgb"][:, :8] = True
    inputs["depth"][:, :, :8, :8] = torch.nan
    inputs["semseg"][:, :2, :2] = 255
    losses = model.loss(inputs, visible)
    answers = model.reconstruct(inputs, visible)
    cell = torch.ones(32, 32, dtype=torch.bool)
    cell[:8, :8] = False
    errors = (answers["depth"] - standardised_depth(inputs["depth"])).abs()[:, 0, cell]
    torch.testing.assert_close(losses["depth"], errors.mean())
    logits = answers["semseg"]
    expected = torch.nn.functional.cross_entropy(logits, inputs["semseg"], ignore_index=255)
    torch.testing.assert_close(losses["semseg"], expected)


@pytest.mark.parametrize("names", [("rgb",), ("thermal",), ("rgb", "thermal")])
def test_features_of_what_is_there(names: tuple[str, ...]) -> None:
    model, given = multimae().eval(), batch()
    found = model.pair_features({name: given[name] for name in names})
    assert tuple(found) == names
    for features in found.values():
        assert features.tokens.shape == (3, 16, 24) and features.grid == (4, 4)
        torch.testing.assert_close(features.tokens.mean(-1), torch.zeros(3, 16), atol=1e-5, rtol=0)
    tokens = model.pair_features({"rgb": given["rgb"]})["rgb"].tokens
    assert torch.equal(tokens, found["rgb"].tokens) if names == ("rgb",) else True


def test_modalities_are_encoded_together() -> None:
    model, given = multimae().eval(), batch()
    both = model.pair_features({"rgb": given["rgb"], "thermal": given["thermal"]})
    other = model.pair_features({"rgb": given["rgb"], "thermal": given["thermal"].flip(0)})
    assert not torch.allclose(both["rgb"].tokens, other["rgb"].tokens)
    assert torch.equal(both["rgb"].class_token, both["thermal"].class_token)


def test_a_missing_image_is_predicted_from_the_other() -> None:
    model, given = multimae().eval(), batch()
    thermal = model.predicted({"rgb": given["rgb"]}, "thermal")
    assert thermal.shape == given["thermal"].shape
    torch.testing.assert_close(three_channels(one_channel(thermal)), thermal)
    visible = {"rgb": torch.ones(3, 16, dtype=torch.bool)}
    own = model.reconstruct({"rgb": given["rgb"]}, visible)["thermal"]
    torch.testing.assert_close(one_channel(thermal), own)
    assert model.predicted({"thermal": given["thermal"]}, "rgb").shape == given["rgb"].shape
    with pytest.raises(NotImplementedError, match="predicts no thermal"):
        multimae("rgb", "depth").predicted({"rgb": given["rgb"]}, "thermal")


def test_an_output_that_is_no_input_is_learnt_everywhere() -> None:
    model = multimae("rgb", outputs=("rgb", "depth"))
    given = batch()
    inputs = {"rgb": given["rgb"], "depth": given["depth"]}
    visible = {"rgb": torch.zeros(3, 16, dtype=torch.bool)}
    visible["rgb"][:, 3:9] = True
    loss = model.loss(inputs, visible)["depth"]
    answer = model.reconstruct(inputs, visible)["depth"]
    torch.testing.assert_close(loss, (answer - standardised_depth(inputs["depth"])).abs().mean())


def test_losses_weighted_by_uncertainty_go_by_name() -> None:
    model, given = multimae(balance="uncertainty"), batch()
    assert set(model.log_variances) == set(model.config.outputs)
    with torch.no_grad():
        model.log_variances["depth"].fill_(2.0)
    found = model(given)
    parts = {name: float(found[f"loss_{name}"]) for name in model.config.outputs}
    parts["depth"] = parts["depth"] * 0.1353352832 + 2
    assert float(found["loss"].detach()) == pytest.approx(sum(parts.values()), rel=1e-5)


def test_drawings_show_every_modality() -> None:
    model, given = multimae(), batch()
    drawn = model.draw(given)
    assert tuple(drawn) == ALL and model.training
    for name, part in drawn.items():
        assert part.truth.shape == part.restored.shape
        assert part.visible.shape == (3, 16), name
    assert drawn["semseg"].truth.dtype == torch.int64
    sheets = model.sheets(given)
    assert sheets["predicted"].rows[:3] == ["truth", "from rgb", "from thermal"]
    modality, images = sheets["predicted"].columns["thermal"]
    assert modality == "thermal" and len(images) == len(sheets["predicted"].rows) == 10
    torch.testing.assert_close(images[0], images[2])  # from itself: as it is
    assert not torch.allclose(images[0], images[1])
    changes = sheets["recoloured"].columns["change x 5"][1]
    assert changes.shape == (2, 3, 32, 32) and (changes != 0).any()


def test_it_starts_from_an_autoencoder_s_encoder(tmp_path: Path) -> None:
    source, model = mae(), multimae()
    save_weights(source, tmp_path / "weights.safetensors")
    model.start_from(read_weights(tmp_path / "weights.safetensors"))
    kernel = source.encoder.patch_embed.proj.weight
    inputs = dict(model.encoder.inputs.named_parameters())
    torch.testing.assert_close(inputs["rgb.proj.weight"], kernel)
    torch.testing.assert_close(inputs["thermal.proj.weight"], kernel.sum(1, keepdim=True))
    torch.testing.assert_close(model.encoder.global_token, source.encoder.cls_token)
    weight = "blocks.1.mlp.fc2.weight"
    torch.testing.assert_close(
        model.encoder.state_dict()[weight], source.encoder.state_dict()[weight]
    )


def test_it_can_be_saved_and_loaded(tmp_path: Path) -> None:
    model, given = multimae(), batch()
    save_weights(model, tmp_path / "weights.safetensors")
    again = load_model(tmp_path / "weights.safetensors")
    assert isinstance(again, MultiMae) and again.config == model.config and again.sampler is None
    by_folder = load_model(str(tmp_path))
    assert isinstance(by_folder, MultiMae) and by_folder.config == model.config
    images = {name: given[name] for name in ("rgb", "thermal")}
    for name, features in model.eval().pair_features(images).items():
        torch.testing.assert_close(again.eval().pair_features(images)[name].tokens, features.tokens)


def test_what_does_not_fit_is_named() -> None:
    model, given = multimae(), batch()
    seen = {name: torch.ones(3, 16, dtype=torch.bool) for name in ALL}
    with pytest.raises(ValueError, match=r"thermal must be B,1,H,W, not \(3, 3, 32, 32\)"):
        model.loss(given, seen)
    with pytest.raises(ValueError, match="as many visible patches as the next"):
        one = torch.ones(3, 16, dtype=torch.bool)
        one[0, 0] = False
        model.loss({"rgb": given["rgb"]}, {"rgb": one})
    with pytest.raises(ValueError, match="one grid of patches"):
        model.loss({"rgb": given["rgb"], "depth": given["depth"][..., :24]}, seen)
    with pytest.raises(ValueError, match="not \\['lidar'\\]"):
        model.loss({"lidar": given["rgb"]}, seen)
    with pytest.raises(ValueError, match="no whole number of patches"):
        model.loss({"rgb": given["rgb"][..., :30]}, seen)
    model.sampler = Sampler(16, mask_ratio=0.75)
    with pytest.raises(ValueError, match="no sampler of visible patches of modalities"):
        model(given)
    with pytest.raises(ValueError, match="modalities must be some of rgb, thermal, depth, semseg"):
        MultiMaeConfig(modalities=("rgb", "lidar"))
    with pytest.raises(ValueError, match="outputs must be some of"):
        MultiMaeConfig(outputs=("rgb", "rgb"))
    with pytest.raises(ValueError, match="balance must be sum or uncertainty"):
        MultiMaeConfig(balance="most")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no multiple of semseg's stride"):
        MultiMaeConfig(patch_px=2, image_px=32)
