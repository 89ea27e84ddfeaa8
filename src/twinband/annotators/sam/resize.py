"""A SAM for images of another size: ``resized``."""

from torch import Tensor
from torch.nn import functional as F

from twinband.annotators.sam._package import Sam
from twinband.annotators.sam.sizes import build, sizes_of


def resized(model: Sam, image_px: int) -> Sam:
    """The same weights for images of another side, positions interpolated.

    It sees more of an image's detail at once, and the better for some further training
    (Dosovitskiy et al., 2021, section 3.2).

    Args:
        image_px: side of the square that the encoder sees, a multiple of its patches' side.

    Raises:
        ValueError: ``image_px`` is no such multiple.
    """
    sizes = sizes_of(model)
    if image_px == sizes.image_px:
        return model
    if image_px % sizes.patch_px:
        raise ValueError(f"image_px {image_px} is no multiple of the patches' {sizes.patch_px}")
    other = build(sizes.model_copy(update={"image_px": image_px}))
    own, state = other.state_dict(), model.state_dict()
    for name, value in own.items():
        if state[name].shape != value.shape:
            of = _of_a_grid if value.ndim == 4 else _of_an_axis
            state[name] = of(state[name], value.shape)
    other.load_state_dict(state)
    return other


def _of_a_grid(positions: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Absolute positions ``1,h,w,C``."""
    channels_first = positions.movedim(3, 1)
    return F.interpolate(channels_first, shape[1:3], mode="bicubic").movedim(1, 3)


def _of_an_axis(positions: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Positions relative to one another along an axis, ``L,C``, as the package does it."""
    return F.interpolate(positions.T[None], shape[0], mode="linear")[0].T
