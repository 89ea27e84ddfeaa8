"""SAGE's teacher: the numbers and identities of spec sage, 3 and 11."""

import pytest
import torch
from torch import Tensor

from twinband.fusion.student import SageStudent
from twinband.fusion.teacher import SageTeacher


def inputs(height: int = 32, width: int = 48, masks: int = 4, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    images = [torch.rand(1, 1, height, width, generator=generator) for _ in range(2)]
    kept = torch.rand(2, 1, masks, height, width, generator=generator) > 0.5
    return [*images, *(image * mask for image, mask in zip(images, kept, strict=True))]


def teacher() -> SageTeacher:
    torch.manual_seed(0)
    return SageTeacher()


def test_it_has_its_published_size() -> None:
    def size(model: torch.nn.Module) -> int:
        return sum(p.numel() for p in model.parameters())

    assert size(teacher()) == 2_639_505
    assert size(SageTeacher(compatible=True)) == 2_787_025
    assert size(SageTeacher(masks=20, compatible=True)) == 2_791_633
    assert size(teacher().attention.image) == 91_456


def test_its_features_are_those_of_the_student() -> None:
    with torch.no_grad():
        fused = teacher()(*inputs())
        expected = [each.shape for each in SageStudent().eval().features(*inputs()[:2])]
    assert fused.image.shape == (1, 1, 32, 48)
    assert [each.shape for each in fused.features] == expected


def test_sizes_that_do_not_fit_are_told() -> None:
    with pytest.raises(ValueError, match="multiples of 16 px"):
        teacher()(*inputs(height=24))
    with pytest.raises(ValueError, match=r"patches must be \(1, 4, 32, 48\), not \(1, 3, 32, 48\)"):
        teacher()(*inputs(masks=3))


def test_at_the_start_every_transformer_is_the_identity() -> None:
    model = teacher()
    with torch.no_grad():
        before = model(*inputs()).image
        for name, parameter in model.attention.named_parameters():
            if ".block." in name:
                parameter.zero_()
        torch.testing.assert_close(model(*inputs()).image, before)
    model = teacher()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(*inputs()).image.square().mean().backward()
    inner = [p.grad for n, p in model.attention.named_parameters() if ".block." in n]
    assert all(g is None or not g.any() for g in inner)
    optimizer.step()
    model.zero_grad()
    model(*inputs()).image.square().mean().backward()
    assert any(
        g is not None and g.any()
        for n, p in model.attention.named_parameters()
        if ".block." in n
        for g in [p.grad]
    )


def test_the_repository_is_of_the_images_alone() -> None:
    model = teacher()
    visible, infrared, *_ = inputs()
    with torch.no_grad():
        features = [
            model.widen(model.stem(torch.cat(pair, 1)))
            for pair in ((visible, infrared), (visible + 0.1, infrared))
        ]
        first, second = (
            model.attention.image(torch.nn.functional.max_pool2d(each, 4))[1] for each in features
        )
        assert not torch.allclose(first.keys, second.keys)
        patches = torch.rand(2, *features[0].shape)
        pooled = torch.nn.functional.max_pool2d(patches[0], 4)
        _, derived = model.attention.masked(pooled, first)
        _, again = model.attention.masked(pooled + 1, first)
    torch.testing.assert_close(derived.keys, again.keys)
    torch.testing.assert_close(derived.values, again.values)
    own = model.attention.masked.block.attention2
    torch.testing.assert_close(derived.keys, own.key(first.keys))


@pytest.mark.parametrize("tap", [2, 4])
def test_one_set_of_weights_serves_all_calls(tap: int) -> None:
    model = teacher()
    torch.nn.init.normal_(model.attention.image.outward.weight, std=0.1)
    model(*inputs()).features[tap].square().mean().backward()
    gradient = model.attention.image.inward.weight.grad
    assert gradient is not None and gradient.abs().max() > 0
    assert len({id(m) for m in model.modules() if isinstance(m, type(model.attention.image))}) == 5
