import pytest
import torch

from twinband.networks.patches import (
    keep_tokens,
    masked_loss,
    masked_places,
    patchify,
    restore_tokens,
    restored_image,
    standardise,
    unpatchify,
    visible_places,
)


def test_patches_are_row_in_patch_column_in_patch_channel() -> None:
    images = torch.arange(2 * 3 * 4 * 6, dtype=torch.float32).reshape(2, 3, 4, 6)
    patches = patchify(images, 2)
    assert patches.shape == (2, 6, 12)
    second_row_first_column = images[1, :, 2:4, 0:2]
    torch.testing.assert_close(patches[1, 3], second_row_first_column.permute(1, 2, 0).flatten())
    torch.testing.assert_close(unpatchify(patches, (2, 3), 2), images)


def test_standardised_with_the_unbiased_variance() -> None:
    found, mean, deviation = standardise(torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]))
    expected = torch.tensor([-1.1619, -0.3873, 0.3873, 1.1619])
    torch.testing.assert_close(found[0, 0], expected, atol=1e-4, rtol=0)
    torch.testing.assert_close(found * deviation + mean, torch.tensor([[[1.0, 2.0, 3.0, 4.0]]]))
    flat, _, _ = standardise(torch.full((1, 1, 12), 7.0))
    assert (flat == 0).all()


def test_zero_prediction_costs_767_of_768() -> None:
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    kept = torch.tensor([[0], [3]])
    loss = masked_loss(torch.zeros(2, 4, 768), images, kept, 16)
    assert loss.item() == pytest.approx(767 / 768, abs=1e-5)


def test_only_masked_patches_count_and_all_of_them_alike() -> None:
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 8, 8, generator=generator)
    prediction = torch.randn(2, 4, 48, generator=generator)
    kept = torch.tensor([[2, 0], [1, 3]])
    loss = masked_loss(prediction, images, kept, 4)
    changed = prediction.clone()
    changed[0, [0, 2]] += 5
    changed[1, [1, 3]] -= 5
    assert masked_loss(changed, images, kept, 4) == loss
    changed[0, 1] += 5
    assert masked_loss(changed, images, kept, 4) > loss
    target, _, _ = standardise(patchify(images, 4))
    errors = [
        (prediction - target)[b, p].square().mean() for b, p in ((0, 1), (0, 3), (1, 0), (1, 2))
    ]
    torch.testing.assert_close(loss, torch.stack(errors).mean())


def test_nothing_masked_is_an_error_and_nan_is_not_hidden() -> None:
    images = torch.randn(1, 3, 8, 8)
    with pytest.raises(ValueError, match="all 4 patches are kept"):
        masked_loss(torch.zeros(1, 4, 48), images, torch.arange(4)[None], 4)
    images[0, 0, 0, 0] = torch.nan
    assert masked_loss(torch.zeros(1, 4, 48), images, torch.tensor([[1]]), 4).isnan()


def test_keep_and_restore() -> None:
    tokens = torch.randn(3, 196, 5)
    order = torch.rand(3, 196).argsort(1)
    unshuffled = restore_tokens(keep_tokens(tokens, order), torch.zeros(1, 1, 5), order, 196)
    torch.testing.assert_close(unshuffled, tokens)
    kept = order[:, :19]
    restored = restore_tokens(keep_tokens(tokens, kept), torch.full((1, 1, 5), 9.0), kept, 196)
    masked = masked_places(kept, 196)
    assert masked.sum(1).tolist() == [177] * 3
    torch.testing.assert_close(restored[~masked], tokens[~masked])
    assert (restored[masked] == 9).all()
    # appending mask tokens and sorting back, as MAE describes it, is the same
    shuffled = torch.cat([keep_tokens(tokens, kept), torch.full((3, 177, 5), 9.0)], 1)
    torch.testing.assert_close(keep_tokens(shuffled, order.argsort(1)), restored)


def test_gradients_reach_the_mask_token_and_the_kept_tokens() -> None:
    tokens = torch.randn(1, 6, 2, requires_grad=True)
    mask_token = torch.zeros(1, 1, 2, requires_grad=True)
    kept = torch.tensor([[4, 1]])
    restore_tokens(keep_tokens(tokens, kept), mask_token, kept, 6).sum().backward()
    assert tokens.grad is not None and mask_token.grad is not None
    assert tokens.grad[0, :, 0].tolist() == [0, 1, 0, 0, 1, 0]
    assert mask_token.grad.flatten().tolist() == [4, 4]


def test_pictures() -> None:
    images = torch.randn(1, 3, 8, 12, generator=torch.Generator().manual_seed(0))
    kept = torch.tensor([[0, 4]])
    perfect, _, _ = standardise(patchify(images, 4))
    torch.testing.assert_close(restored_image(perfect, images, kept, 4), images)
    guessed = restored_image(torch.zeros(1, 6, 48), images, kept, 4)
    torch.testing.assert_close(guessed[..., :4, :4], images[..., :4, :4])
    mean = images[..., :4, 4:8].mean()
    torch.testing.assert_close(guessed[..., :4, 4:8], mean.expand(1, 3, 4, 4))


def test_visible_places_rise_and_rows_must_have_equally_many() -> None:
    visible = torch.tensor([[False, True, True, False], [True, False, False, True]])
    assert visible_places(visible).tolist() == [[1, 2], [0, 3]]
    visible[0, 0] = True
    with pytest.raises(ValueError, match="as many visible patches as the next, not 2 to 3"):
        visible_places(visible)
    with pytest.raises(ValueError, match="booleans B,L"):
        visible_places(visible.int())
