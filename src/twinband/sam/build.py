"""SAM of any size, built from segment_anything's classes.

Import these classes from here: segment_anything wants torchvision while it is imported
(torchvision_stub.py).
"""

from functools import partial
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, PositiveFloat, PositiveInt
from torch import Tensor, nn
from torch.nn import functional as F

from twinband.sam.torchvision_stub import stand_in

with stand_in():
    from segment_anything.modeling import (
        ImageEncoderViT,
        MaskDecoder,
        PromptEncoder,
        Sam,
        TwoWayTransformer,
    )
    from segment_anything.modeling.image_encoder import get_rel_pos
    from segment_anything.utils.transforms import ResizeLongestSide

Layer = Any  # one of segment_anything's modules, of whose attributes no types are known

__all__ = [
    "ImageEncoderViT",
    "Layer",
    "MaskDecoder",
    "PromptEncoder",
    "ResizeLongestSide",
    "Sam",
    "TwoWayTransformer",
    "get_rel_pos",
]

Colour = tuple[float, float, float]


class Sizes(BaseModel):
    """Sizes of a SAM: all that tells two models apart except their weights. Defaults: ``vit_b``.

    Attributes:
        image_px: side of the encoder's square input.
        patch_px: side of a patch.
        encoder_width, encoder_depth, encoder_heads, encoder_mlp_ratio: of the image encoder.
        global_blocks: indices of the encoder's blocks that attend to the whole image.
        window: side, in patches, of the windows that the other blocks attend to.
        prompt_width: features of an image embedding, a prompt and the decoder.
        mask_prompt_channels: hidden channels of the layers that embed a mask.
        decoder_depth, decoder_heads, decoder_mlp_width: of the decoder's transformer.
        masks_a_prompt: masks predicted for an ambiguous prompt.
        iou_depth, iou_width: layers and hidden features of the head that predicts IoU.
        pixel_mean, pixel_std: of RGB in [0, 255].
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    image_px: PositiveInt = 1024
    patch_px: PositiveInt = 16
    encoder_width: PositiveInt = 768
    encoder_depth: PositiveInt = 12
    encoder_heads: PositiveInt = 12
    encoder_mlp_ratio: PositiveFloat = 4.0
    global_blocks: tuple[int, ...] = (2, 5, 8, 11)
    window: PositiveInt = 14
    prompt_width: PositiveInt = 256
    mask_prompt_channels: PositiveInt = 16
    decoder_depth: PositiveInt = 2
    decoder_heads: PositiveInt = 8
    decoder_mlp_width: PositiveInt = 2048
    masks_a_prompt: PositiveInt = 3
    iou_depth: PositiveInt = 3
    iou_width: PositiveInt = 256
    pixel_mean: Colour = (123.675, 116.28, 103.53)
    pixel_std: Colour = (58.395, 57.12, 57.375)


OFFICIAL = {
    "vit_b": Sizes(),
    "vit_l": Sizes(
        encoder_width=1024, encoder_depth=24, encoder_heads=16, global_blocks=(5, 11, 17, 23)
    ),
    "vit_h": Sizes(
        encoder_width=1280, encoder_depth=32, encoder_heads=16, global_blocks=(7, 15, 23, 31)
    ),
}


def build(sizes: Sizes) -> Sam:
    """Build a new SAM in evaluation mode, its weights drawn from torch's global generator."""
    grid = sizes.image_px // sizes.patch_px
    encoder = ImageEncoderViT(
        img_size=sizes.image_px,
        patch_size=sizes.patch_px,
        embed_dim=sizes.encoder_width,
        depth=sizes.encoder_depth,
        num_heads=sizes.encoder_heads,
        mlp_ratio=sizes.encoder_mlp_ratio,
        out_chans=sizes.prompt_width,
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=sizes.window,
        global_attn_indexes=sizes.global_blocks,
    )
    prompt_encoder = PromptEncoder(
        embed_dim=sizes.prompt_width,
        image_embedding_size=(grid, grid),
        input_image_size=(sizes.image_px, sizes.image_px),
        mask_in_chans=sizes.mask_prompt_channels,
    )
    decoder = MaskDecoder(
        transformer_dim=sizes.prompt_width,
        transformer=TwoWayTransformer(
            depth=sizes.decoder_depth,
            embedding_dim=sizes.prompt_width,
            num_heads=sizes.decoder_heads,
            mlp_dim=sizes.decoder_mlp_width,
        ),
        num_multimask_outputs=sizes.masks_a_prompt,
        iou_head_depth=sizes.iou_depth,
        iou_head_hidden_dim=sizes.iou_width,
    )
    return Sam(encoder, prompt_encoder, decoder, sizes.pixel_mean, sizes.pixel_std).eval()


def build_empty(sizes: Sizes) -> Sam:
    """Build a SAM on torch's meta device, without weights, for loading into."""
    with torch.device("meta"):
        model = build(sizes)
    for name in ("pixel_mean", "pixel_std"):  # no part of a state dict
        values = torch.tensor(getattr(sizes, name)).view(-1, 1, 1)
        model.register_buffer(name, values, persistent=False)
    return model


def resized(model: Sam, image_px: int) -> Sam:
    """Build a SAM with the same weights for images of another side, positions interpolated.

    It sees more detail of an image at once, and gains from some further training (Dosovitskiy et
    al., 2021, section 3.2).

    Args:
        image_px: side of the encoder's square input, a multiple of the patches' side.

    Raises:
        ValueError: ``image_px`` is no such multiple.
    """
    sizes = sizes_of(model)
    if image_px == sizes.image_px:
        return model
    if image_px % sizes.patch_px:
        raise ValueError(f"image_px {image_px} is no multiple of the patches' {sizes.patch_px}")
    other = build(sizes.model_copy(update={"image_px": image_px}))
    state = model.state_dict()
    for name, value in other.state_dict().items():
        if state[name].shape != value.shape:
            resize = _resized_grid if value.ndim == 4 else _resized_axis
            state[name] = resize(state[name], value.shape)
    other.load_state_dict(state)
    return other


def sizes_of(model: Sam) -> Sizes:
    """Read off ``model`` the sizes from which it was, or could have been, built."""
    encoder, decoder = model.image_encoder, model.mask_decoder
    block, layer = encoder.blocks[0], decoder.transformer.layers[0]
    width = encoder.patch_embed.proj.out_channels
    windows = [block.window_size for block in encoder.blocks]
    return Sizes(
        image_px=encoder.img_size,
        patch_px=encoder.patch_embed.proj.kernel_size[0],
        encoder_width=width,
        encoder_depth=len(encoder.blocks),
        encoder_heads=block.attn.num_heads,
        encoder_mlp_ratio=block.mlp.lin1.out_features / width,
        global_blocks=tuple(i for i, window in enumerate(windows) if not window),
        window=max(*windows, 0) or Sizes().window,
        prompt_width=model.prompt_encoder.embed_dim,
        mask_prompt_channels=model.prompt_encoder.mask_downscaling[3].out_channels,
        decoder_depth=len(decoder.transformer.layers),
        decoder_heads=layer.self_attn.num_heads,
        decoder_mlp_width=layer.mlp.lin1.out_features,
        masks_a_prompt=decoder.num_multimask_outputs,
        iou_depth=decoder.iou_prediction_head.num_layers,
        iou_width=decoder.iou_prediction_head.layers[0].out_features,
        pixel_mean=_shortest(model.pixel_mean),
        pixel_std=_shortest(model.pixel_std),
    )


def _shortest(colour: Tensor) -> Colour:
    """Round to the decimals that single precision needs: 116.28, not 116.27999877929688."""
    red, green, blue = (float(str(value)) for value in colour.flatten().cpu().numpy())
    return red, green, blue


def _resized_grid(positions: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Interpolate absolute positions ``1,h,w,C``."""
    channels_first = positions.movedim(3, 1)
    return F.interpolate(channels_first, shape[1:3], mode="bicubic").movedim(1, 3)


def _resized_axis(positions: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Interpolate relative positions along an axis, ``L,C``, as the package does."""
    return F.interpolate(positions.T[None], shape[0], mode="linear")[0].T
