"""MultiMAE against a plain implementation, and by the numbers of spec multimae, 10."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.made.models import SIZES
from tests.made.plain_multimae import PlainMultiMae, copy_weights, published_name
from twinband.methods.multimae.config import MultiMaeConfig
from twinband.methods.multimae.decoder import CrossAttention
from twinband.methods.multimae.modalities import OUTPUTS
from twinband.methods.multimae.model import MultiMae, balanced
from twinband.networks.build import build

RGB_D_S = ("rgb", "depth", "semseg")
ALL = ("rgb", "thermal", "depth", "semseg")
CLASSES = 5
SHAPES = {"rgb": (3, 1), "thermal": (1, 1), "depth": (1, 1), "semseg": (0, 4)}  # channels, stride


def both(*modalities: str, **sizes: Any) -> tuple[MultiMae, PlainMultiMae]:
    """Ours and a plain one with equal, random weights, biases and tokens among them."""
    torch.manual_seed(0)
    own = {**SIZES, "classes": CLASSES, "modalities": modalities or ALL, **sizes}
    model = MultiMae(MultiMaeConfig(**own))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model, plain_of(model)


def plain_of(model: MultiMae) -> PlainMultiMae:
    config = model.config
    shared = ("image_px", "patch_px", "width", "depth", "heads", "classes")
    decoders = ("decoder_width", "decoder_depth", "decoder_heads")
    plain = PlainMultiMae(
        config.modalities,
        config.outputs,
        **{name: getattr(config, name) for name in (*shared, *decoders)},
    )
    copy_weights(model, plain)
    return plain


def images(
    *names: str, batch: int = 3, size: int = 32, classes: int = CLASSES
) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(1)
    found = {}
    for name in names:
        channels, stride = SHAPES[name]
        side = size // stride
        if channels:
            found[name] = torch.randn(batch, channels, side, side, generator=generator)
        else:
            found[name] = torch.randint(0, classes, (batch, side, side), generator=generator)
    return found


def visible(
    *names: str, kept: int = 8, batch: int = 3, length: int = 16, seed: int = 2
) -> dict[str, Tensor]:
    """As many visible patches in every row, of each modality another number."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.rand(batch, len(names) * length, generator=generator)
    shown = torch.zeros_like(noise, dtype=torch.bool)
    shown.scatter_(1, noise.argsort(1)[:, :kept], True)
    return dict(zip(names, shown.split(length, 1), strict=True))


def of_one(name: str, *names: str, batch: int = 3, length: int = 16) -> dict[str, Tensor]:
    """One modality seen whole, the others not at all."""
    return {other: torch.full((batch, length), other == name, dtype=torch.bool) for other in names}


def assert_equal(
    model: MultiMae, plain: PlainMultiMae, inputs: dict[str, Tensor], seen: dict[str, Tensor]
) -> None:
    """Compare predictions, losses and gradients."""
    with torch.no_grad():
        ours, theirs = model.reconstruct(inputs, seen), plain(inputs, seen)
    assert ours.keys() == theirs.keys()
    for name, prediction in ours.items():
        torch.testing.assert_close(prediction, theirs[name], atol=1e-4, rtol=1e-4, msg=name)
    losses, expected = model.loss(inputs, seen), plain.loss(inputs, seen)
    assert losses.keys() == expected.keys()
    for name, loss in losses.items():
        torch.testing.assert_close(loss, expected[name], atol=1e-4, rtol=1e-4, msg=name)
    losses["total"].backward()
    expected["total"].backward()
    gradients = {name: parameter.grad for name, parameter in plain.named_parameters()}
    for name, parameter in model.named_parameters():
        theirs_of_it = gradients[published_name(name)]
        if parameter.grad is None or theirs_of_it is None:
            given = parameter.grad if theirs_of_it is None else theirs_of_it
            assert given is None or not given.any(), name
        else:
            torch.testing.assert_close(parameter.grad, theirs_of_it, atol=1e-4, rtol=1e-3, msg=name)


@pytest.mark.parametrize("names", [ALL, RGB_D_S, ("rgb", "thermal"), ("thermal",)])
def test_it_computes_what_a_plain_implementation_does(names: tuple[str, ...]) -> None:
    assert_equal(*both(*names), images(*names), visible(*names))


@pytest.mark.parametrize("names", [("rgb",), ("depth", "semseg"), ("thermal",)])
def test_any_modalities_may_be_there(names: tuple[str, ...]) -> None:
    assert_equal(*both(), images(*names), visible(*names))


@pytest.mark.parametrize("name", RGB_D_S)
def test_all_that_is_visible_may_be_in_one_modality(name: str) -> None:
    assert_equal(*both(*RGB_D_S), images(*RGB_D_S), of_one(name, *RGB_D_S))


def test_counts_of_a_modality_differ_from_row_to_row() -> None:
    seen = visible(*ALL)
    assert any((part.sum(1) != part[0].sum()).any() for part in seen.values())
    for name, part in seen.items():
        part[1] = torch.arange(16) < (8 if name == "thermal" else 0)
    assert_equal(*both(), images(*ALL), seen)


@pytest.mark.slow
def test_the_base_model_computes_what_a_plain_one_does_and_has_its_size() -> None:
    torch.manual_seed(0)
    model = build("multimae_base", modalities=RGB_D_S)
    assert isinstance(model, MultiMae)
    assert sum(p.numel() for p in model.parameters()) == 97_917_072
    inputs = images(*RGB_D_S, batch=2, size=224, classes=133)
    seen = visible(*RGB_D_S, kept=98, batch=2, length=196)
    assert_equal(model, plain_of(model), inputs, seen)
    answers = model.reconstruct(inputs, seen)
    assert {name: tuple(image.shape[1:]) for name, image in answers.items()} == {
        "rgb": (3, 224, 224),
        "depth": (1, 224, 224),
        "norm_rgb": (3, 224, 224),
        "semseg": (133, 56, 56),
    }


def test_errors_of_the_toy() -> None:
    prediction, target = torch.tensor([[0.5], [-1.0]]), torch.tensor([[0.0], [1.0]])
    assert OUTPUTS["rgb"].errors(prediction, target)[0] == 0.25
    assert OUTPUTS["depth"].errors(prediction, target)[0] == 0.5
    target = OUTPUTS["norm_rgb"].targets(torch.tensor([[1.0, 2.0, 3.0, 4.0]]))
    torch.testing.assert_close(
        target, torch.tensor([[-1.1619, -0.3873, 0.3873, 1.1619]]), atol=1e-4, rtol=0
    )


class Known(torch.nn.Module):
    """A decoder that says the same of every patch."""

    def __init__(self, patches: Tensor) -> None:
        super().__init__()
        self.patches = patches

    def forward(self, encoded: Tensor, seen: Any, wanted: Tensor | None = None) -> Tensor:
        return self.patches if wanted is None else self.patches[wanted]


def rgb_only(prediction: Tensor) -> MultiMae:
    """A model of RGB whose decoder says ``prediction``, ``B,16,192``."""
    model, _ = both("rgb", outputs=("rgb",))
    model.decoders["rgb"] = Known(prediction)
    return model


def test_losses_are_means_over_samples_that_have_masked_patches() -> None:
    """Errors of 4 on one masked patch and 0 on three: 2, where the mean over all patches is 1."""
    zeros = {"rgb": torch.zeros(2, 3, 32, 32)}
    answer = torch.zeros(2, 16, 192)
    answer[0, 5] = 2.0
    model = rgb_only(answer)

    def loss(*masked: tuple[int, ...]) -> Tensor:
        seen = torch.ones(2, 16, dtype=torch.bool)
        for row, places in enumerate(masked):
            seen[row, list(places)] = False
        patches, _ = model._patches(zeros)
        tokens = torch.zeros(2, 1, 24)
        return model._loss("rgb", patches["rgb"], seen, tokens, None)  # type: ignore[arg-type]

    assert loss((5,), (1, 2, 3)) == 2.0
    assert loss((5,), ()) == 4.0  # a sample that is seen whole is left out
    assert loss((), ()) == 0.0
    assert loss((1, 2), (5,)) == 0.0  # what is visible does not count


def test_a_loss_weighted_by_its_uncertainty() -> None:
    losses, logs = torch.tensor([1.0, 2.0, 0.0]), torch.tensor([0.0, 0.693147, 0.7])
    found = torch.stack([balanced(*pair) for pair in zip(losses, logs, strict=True)])
    torch.testing.assert_close(found, torch.tensor([1.0, 1.693147, 0.0]))


def test_patches_are_predicted_by_what_attention_brings_alone() -> None:
    """Without values of the cross-attention nothing of the encoder reaches the output."""
    model, _ = both(*RGB_D_S)
    inputs, seen = images(*RGB_D_S), visible(*RGB_D_S)
    other = {name: image.flip(0) for name, image in inputs.items()}
    before = model.reconstruct(inputs, seen)["depth"]
    assert not torch.allclose(before, model.reconstruct(other, seen)["depth"])
    cross = model.decoders["depth"].cross
    assert isinstance(cross, CrossAttention)
    width = cross.q.in_features
    with torch.no_grad():
        cross.kv.weight[width:] = 0
        cross.kv.bias[width:] = 0
    blind = model.reconstruct(inputs, seen)["depth"]
    torch.testing.assert_close(blind, model.reconstruct(other, seen)["depth"])


def test_the_order_of_visible_tokens_does_not_matter() -> None:
    """The plain implementation lists them in any order; so ours may choose one."""
    model, plain = both(*RGB_D_S)
    inputs, seen = images(*RGB_D_S), visible(*RGB_D_S)
    shuffled = plain._shuffled

    def in_other_order(*arguments: Any) -> Any:
        _, shuffle = shuffled(*arguments)
        order = torch.randperm(shuffle.kept, generator=torch.Generator().manual_seed(3))
        ids = shuffle.ids.clone()
        ids[:, : shuffle.kept] = ids[:, order]
        tokens = arguments[1].gather(1, ids[:, : shuffle.kept, None].expand(-1, -1, 24))
        return tokens, shuffle._replace(ids=ids, restore=ids.argsort(1))

    plain._shuffled = in_other_order  # type: ignore[method-assign,assignment]
    for name, prediction in plain(inputs, seen).items():
        ours = model.reconstruct(inputs, seen)[name]
        torch.testing.assert_close(ours, prediction, atol=1e-5, rtol=1e-4)


def test_the_global_token_is_the_last_and_decoders_look_at_it() -> None:
    model, _ = both(*RGB_D_S)
    inputs, seen = images(*RGB_D_S), visible(*RGB_D_S)
    first: list[Tensor] = []
    model.encoder.blocks[0].register_forward_pre_hook(lambda _, given: first.append(given[0]))
    before = model.reconstruct(inputs, seen)
    assert first[0].shape == (3, 9, 24)
    torch.testing.assert_close(first[0][:, -1], model.encoder.global_token[0].expand(3, -1))
    patches, grid = model._patches(inputs)
    places = model._seen(patches, seen, grid)
    encoded = model.encoder(patches, places)
    encoded[:, -1] = 0
    for name, decoder in model.decoders.items():
        changed = model._image(name, encoded, places)
        assert decoder is model.decoders[name] and not torch.allclose(changed, before[name])


def test_exchanged_positions_change_what_is_predicted() -> None:
    model, _ = both(*RGB_D_S)
    inputs, seen = images(*RGB_D_S), visible(*RGB_D_S)
    before = model.reconstruct(inputs, seen)["rgb"]
    model.encoder.positions.table = model.encoder.positions.table.transpose(2, 3)
    assert not torch.allclose(model.reconstruct(inputs, seen)["rgb"], before)


def test_heads_and_losses_are_fp32_under_autocast() -> None:
    model, _ = both(*RGB_D_S)
    inputs, seen = images(*RGB_D_S), visible(*RGB_D_S)
    exact = model.loss(inputs, seen)
    with torch.autocast("cpu", torch.bfloat16):
        assert model.reconstruct(inputs, seen)["semseg"].dtype == torch.float32
        losses = model.loss(inputs, seen)
    for name, loss in losses.items():
        assert loss.dtype == torch.float32
        torch.testing.assert_close(loss, exact[name], rtol=0.03, atol=0)
    losses["total"].backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
