import torch

from tests.unit.models.small import SIZES
from twinband.models.config import AutoencoderConfig
from twinband.models.decoder import Decoder


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
