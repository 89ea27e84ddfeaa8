import pytest
import torch

from tests.made.models import SIZES, mae, mspecgene, pairs
from twinband.networks.config import AutoencoderConfig
from twinband.networks.masked import Decoder, batch_images, evaluating, interleave


def test_the_sequence_has_every_patch_at_its_place_and_the_class_token_in_front() -> None:
    torch.manual_seed(0)
    decoder = Decoder(AutoencoderConfig(**SIZES))
    encoded, kept = torch.randn(2, 3, 24), torch.tensor([[5, 0], [2, 15]])
    sequence = decoder.sequence(encoded, kept, (4, 4))
    assert sequence.shape == (2, 17, 16)
    embedded, positions = decoder.embed(encoded), decoder.positions((4, 4))[0]
    torch.testing.assert_close(sequence[:, 0], embedded[:, 0])
    expected = (decoder.mask_token + positions).repeat(2, 1, 1)
    for image in range(2):
        for number, place in enumerate(kept[image]):
            expected[image, place] = embedded[image, 1 + number] + positions[place]
    torch.testing.assert_close(sequence[:, 1:], expected)


def test_predictions_are_of_the_patches_without_the_class_token() -> None:
    torch.manual_seed(0)
    decoder = Decoder(AutoencoderConfig(**SIZES))
    sequence = torch.randn(2, 17, 16)
    x = sequence
    for block in decoder.blocks:
        x = block(x)
    expected = decoder.head(decoder.norm(x))[:, 1:]
    torch.testing.assert_close(decoder.predict(sequence), expected)
    assert expected.shape == (2, 16, 8 * 8 * 3)


def test_images_of_a_pair_stand_side_by_side() -> None:
    planes = [torch.arange(3.0) + first for first in (0, 10)]
    stacked = interleave(*(plane[:, None, None, None].expand(3, 2, 4, 5) for plane in planes))
    assert stacked[:, 0, 0, 0].tolist() == [0, 10, 1, 11, 2, 12]


def test_one_pass_of_the_encoder_over_both_equals_two() -> None:
    encoder, batch = mspecgene().encoder, pairs(batch=2)
    both = encoder(interleave(batch["rgb"], batch["thermal"])).map
    torch.testing.assert_close(both[::2], encoder(batch["rgb"]).map)
    torch.testing.assert_close(both[1::2], encoder(batch["thermal"]).map)
    other = pairs(batch=2)
    other["thermal"][1] += 1
    changed = encoder(interleave(other["rgb"], other["thermal"])).map
    torch.testing.assert_close(changed[:3], both[:3])
    assert not torch.allclose(changed[3], both[3])


def test_pairs_of_two_sizes_are_refused() -> None:
    rgb, thermal = torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 40)
    with pytest.raises(ValueError, match=r"rgb \(1, 3, 32, 32\) and thermal .* register"):
        batch_images({"rgb": rgb, "thermal": thermal})


def test_evaluating_restores_the_mode_even_after_an_error() -> None:
    model = mae()
    with pytest.raises(KeyError), evaluating(model):
        assert not model.training
        raise KeyError
    assert model.training
