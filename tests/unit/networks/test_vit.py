import pytest
import torch

from tests.made.models import SIZES
from twinband.networks.config import VitConfig
from twinband.networks.vit import VisionTransformer

VIT_SIZES = {name: value for name, value in SIZES.items() if not name.startswith("decoder")}


@pytest.fixture
def vit() -> VisionTransformer:
    torch.manual_seed(0)
    return VisionTransformer(VitConfig(**VIT_SIZES)).eval()


def test_tokens_are_patches_row_by_row_with_their_positions(vit: VisionTransformer) -> None:
    images = torch.randn(2, 3, 32, 32)
    tokens = vit.tokens(images)
    assert tokens.shape == (2, 16, 24) and tokens.is_contiguous()
    patch = images[1, :, 8:16, 24:32]  # row 1, column 3
    weights = vit.patch_embed.proj.state_dict()
    expected = (weights["weight"] * patch).sum((1, 2, 3)) + weights["bias"]
    torch.testing.assert_close(tokens[1, 7], expected + vit.positions.table[0, :, 1, 3])


def test_encode_puts_the_class_token_first_and_ignores_the_order(vit: VisionTransformer) -> None:
    tokens = torch.randn(2, 5, 24)
    encoded = vit.encode(tokens)
    assert encoded.shape == (2, 6, 24)
    torch.testing.assert_close(vit.encode(tokens.flip(1)), encoded[:, [0, 5, 4, 3, 2, 1]])
    torch.testing.assert_close(encoded.mean(-1), torch.zeros(2, 6), atol=1e-5, rtol=0)  # normalised


def test_features_of_layers(vit: VisionTransformer) -> None:
    images = torch.randn(2, 3, 32, 32)
    (last,) = vit.features(images)
    encoded = vit.encode(vit.tokens(images))
    torch.testing.assert_close(last.tokens, encoded[:, 1:])
    torch.testing.assert_close(last.class_token, encoded[:, 0])
    torch.testing.assert_close(last.map[:, :, 2, 1], encoded[:, 1 + 9])
    first, second = vit.features(images, layers=[0, 1])
    torch.testing.assert_close(vit.norm(second.tokens), last.tokens)
    assert not torch.allclose(first.tokens, second.tokens)
    torch.testing.assert_close(vit.features(images, layers=(1,))[0].tokens, second.tokens)
    assert vit.features(images, layers=[]) == ()
    for wrong in ([2], [-1], [1, 0], [0, 0]):
        with pytest.raises(ValueError, match=r"must rise and lie in 0\.\.1"):
            vit.features(images, layers=wrong)


@pytest.mark.parametrize("grid", [(4, 4), (3, 7), (1, 1)])
def test_any_grid_of_whole_patches(vit: VisionTransformer, grid: tuple[int, int]) -> None:
    found = vit(torch.randn(1, 3, 8 * grid[0], 8 * grid[1]))
    assert found.grid == grid and found.map.shape == (1, 24, *grid)
    assert found.map.isfinite().all()


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((1, 3, 33, 32), "33x32 px are no whole number of 8 px patches"),
        ((1, 3, 32, 30), "32x30 px are no whole number"),
        ((1, 3, 32, 4), "32x4 px are smaller than a patch of 8 px"),
        ((1, 3, 0, 32), "smaller than a patch"),
        ((1, 1, 32, 32), "B,3,H,W are needed, got 1,1,32,32"),
        ((3, 32, 32), "got 3,32,32"),
    ],
)
def test_images_that_do_not_fit(
    vit: VisionTransformer, shape: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        vit.tokens(torch.zeros(shape))


def test_positions_are_not_trained(vit: VisionTransformer) -> None:
    assert "positions.table" in vit.state_dict()
    assert "positions.table" not in dict(vit.named_parameters())


def test_registers_take_part_but_are_not_returned(vit: VisionTransformer) -> None:
    torch.manual_seed(0)
    with_registers = VisionTransformer(VitConfig(**VIT_SIZES, registers=3)).eval()
    own = with_registers.state_dict()
    assert own.pop("register_tokens").shape == (1, 3, 24)
    vit.load_state_dict(own)
    images = torch.randn(2, 3, 32, 32)
    found, without = with_registers(images), vit(images)
    assert found.tokens.shape == without.tokens.shape
    assert not torch.allclose(found.tokens, without.tokens)
    # the sequence is class token, registers, patches: as if registers were patches put first
    assert with_registers.register_tokens is not None
    tokens = torch.cat([with_registers.register_tokens.expand(2, -1, -1), vit.tokens(images)], 1)
    expected = vit.encode(tokens)
    torch.testing.assert_close(found.tokens, expected[:, 4:])
    torch.testing.assert_close(found.class_token, expected[:, 0])
    (inner,) = with_registers.features(images, layers=[1])
    torch.testing.assert_close(with_registers.norm(inner.tokens), found.tokens)


def test_an_encoder_without_a_final_normalisation(vit: VisionTransformer) -> None:
    bare = VisionTransformer(VitConfig(**VIT_SIZES, final_norm=False)).eval()
    bare.load_state_dict({k: v for k, v in vit.state_dict().items() if not k.startswith("norm.")})
    images = torch.randn(2, 3, 32, 32)
    assert torch.equal(bare(images).tokens, vit.features(images, layers=[1])[0].tokens)


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ({"registers": -1}, ValueError, "registers must be at least 0"),
        ({"registers": 1.0}, TypeError, "registers must be a whole number"),
        ({"mlp": "relu"}, ValueError, "mlp must be gelu or swiglu, not 'relu'"),
        ({"final_norm": 1}, TypeError, "final_norm must be true or false"),
    ],
)
def test_parts_that_there_are_not(
    sizes: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        VitConfig(**sizes)  # type: ignore[arg-type]
