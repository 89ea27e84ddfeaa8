"""SAM's mask decoder for many point prompts on one image.

The image features are ``shared``, the same for all prompts, plus from the second layer on each
prompt's ``own`` features. To project thousands of positions for every prompt would cost more than
all else. The projection is linear, so the shared part is projected once, and for a prompt's own
part the few tokens are multiplied with the weights instead of the many positions. The results
equal those of projecting everything, up to rounding.

Shapes: b prompts, t tokens, L positions, C features, H heads of d features.
"""

import math
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from twinband.sam.build import Layer, Sam


def split_heads(features: Tensor, heads: int) -> Tensor:
    """Split ``...,n,H*d`` into ``...,H,n,d``."""
    return features.unflatten(-1, (heads, -1)).transpose(-2, -3)


class ImageProjection:
    """A projection of the image by every head, only ever multiplied with vectors of tokens.

    Args:
        linear: the projection.
        shared: ``L,C``, the part of its input that all prompts share.
    """

    def __init__(self, linear: nn.Linear, heads: int, shared: Tensor) -> None:
        self._weight = linear.weight.unflatten(0, (heads, -1))  # H,d,C
        self._shared = split_heads(linear(shared), heads).transpose(1, 2).contiguous()  # H,d,L

    def products(self, vectors: Tensor, own: Tensor | None) -> Tensor:
        """Multiply vectors ``b,H,t,d`` with ``linear(shared + own)``: ``b,H,t,L``; ``own`` is
        ``b,L,C``."""
        products = vectors @ self._shared
        if own is not None:
            folded = torch.einsum("bhtd,hdc->bhtc", vectors, self._weight)
            products.flatten(1, 2).baddbmm_(folded.flatten(1, 2), own.transpose(1, 2))
        return products


class TokensToImage:
    """Attention of the tokens to the image.

    Args:
        attention: segment_anything's layer.
        shared: ``L,C``, the part of the keys that all prompts share, positions included.
        image: ``L,C``, the values while prompts have no own features.
    """

    def __init__(self, attention: Layer, shared: Tensor, image: Tensor) -> None:
        self._attention = attention
        self._heads = attention.num_heads
        self._keys = ImageProjection(attention.k_proj, self._heads, shared)
        self._values = split_heads(attention.v_proj(image), self._heads)

    def __call__(self, queries: Tensor, own: Tensor | None) -> Tensor:
        """Attend: ``b,t,C`` of ``queries`` ``b,t,C``, which include the tokens' positions."""
        vectors = split_heads(self._attention.q_proj(queries), self._heads)
        products = self._keys.products(vectors / vectors.shape[-1] ** 0.5, own)
        mixed = self._mix(products.softmax(-1), own)
        out: Tensor = self._attention.out_proj(mixed.transpose(1, 2).flatten(2))
        return out

    def _mix(self, weights: Tensor, own: Tensor | None) -> Tensor:
        """Mix the projected values by ``weights`` ``b,H,t,L``: ``b,H,t,d``."""
        if own is None:
            return weights @ self._values
        projection = self._attention.v_proj
        mixed = (weights.flatten(1, 2) @ own).unflatten(1, weights.shape[1:3])
        by_head = projection.weight.unflatten(0, (self._heads, -1))
        bias = projection.bias.view(self._heads, 1, -1)
        return torch.einsum("bhtc,hdc->bhtd", mixed, by_head) + bias


class ImageToTokens:
    """Attention of the image to the tokens, which gives every prompt image features of its own.

    Args:
        attention: segment_anything's layer.
        shared: ``L,C``, the part of the queries that all prompts share, positions included.
        image: ``L,C``, to which the result is added while prompts have no own features.
    """

    def __init__(self, attention: Layer, shared: Tensor, image: Tensor) -> None:
        self._attention = attention
        self._heads = attention.num_heads
        self._queries = ImageProjection(attention.q_proj, self._heads, shared)
        self._image = image

    def __call__(self, keys: Tensor, tokens: Tensor, own: Tensor | None) -> Tensor:
        """Add to the image features what they take from ``tokens``: ``b,L,C``, written into
        ``own``.

        Args:
            keys: ``b,t,C``, the tokens with their positions.
            tokens: ``b,t,C``.
        """
        layer = self._attention
        vectors = split_heads(layer.k_proj(keys), self._heads)
        products = self._queries.products(vectors / vectors.shape[-1] ** 0.5, own)
        weights = products.softmax(2).flatten(1, 2)
        values = split_heads(layer.v_proj(tokens), self._heads)
        by_head = layer.out_proj.weight.unflatten(1, (self._heads, -1))
        offered = torch.einsum("bhtd,chd->bhtc", values, by_head)
        offered += layer.out_proj.bias / self._heads  # the weights of a head sum to one
        before = self._image.repeat(len(tokens), 1, 1) if own is None else own
        return before.baddbmm_(weights.transpose(1, 2), offered.flatten(1, 2))


class Prompted(NamedTuple):
    """The decoder's output for b prompts, before any mask is made.

    Attributes:
        predicted_iou: ``b,m``, of every mask of an ambiguous prompt.
        tokens: ``b,m,C``, one for every mask.
        image: ``b,L,C``, the image features as seen by the prompt.
    """

    predicted_iou: Tensor
    tokens: Tensor
    image: Tensor


class PointDecoder:
    """The decoder's transformer; the part that all prompts share is computed once.

    Args:
        model: a SAM.
        embedding: ``1,C,g,g`` of the image.
    """

    def __init__(self, model: Sam, embedding: Tensor) -> None:
        self._prompts, self._decoder = model.prompt_encoder, model.mask_decoder
        transformer = model.mask_decoder.transformer
        no_mask = self._prompts.no_mask_embed.weight
        image = embedding[0].flatten(1).T + no_mask
        positions = self._prompts.get_dense_pe()[0].flatten(1).T
        self._layers = []
        for index, layer in enumerate(transformer.layers):
            shared = image + positions if index == 0 else positions
            to_image = TokensToImage(layer.cross_attn_token_to_image, shared, image)
            to_tokens = ImageToTokens(layer.cross_attn_image_to_token, shared, image)
            self._layers.append((layer, to_image, to_tokens))
        self._final = TokensToImage(transformer.final_attn_token_to_image, positions, image)

    def __call__(self, points: Tensor) -> Prompted:
        """Decode prompts of one foreground point each, ``b,2`` x and y in the encoder's pixels."""
        prompts = self._tokens(points)
        tokens, image = prompts, None  # no features of the prompts' own before the first layer
        for layer, to_image, to_tokens in self._layers:
            if layer.skip_first_layer_pe:
                tokens = layer.self_attn(q=tokens, k=tokens, v=tokens)
            else:
                placed = tokens + prompts
                tokens = tokens + layer.self_attn(q=placed, k=placed, v=tokens)
            tokens = layer.norm1(tokens)
            tokens = layer.norm2(tokens + to_image(tokens + prompts, image))
            tokens = layer.norm3(tokens + layer.mlp(tokens))
            image = layer.norm4(to_tokens(tokens + prompts, tokens, image))
        tokens = tokens + self._final(tokens + prompts, image)
        tokens = self._decoder.transformer.norm_final_attn(tokens)
        first, end = 2, 1 + self._decoder.num_mask_tokens  # 1 is the mask of a clear prompt
        predicted_iou = self._decoder.iou_prediction_head(tokens[:, 0])[:, 1:]
        return Prompted(predicted_iou, tokens[:, first:end], cast(Tensor, image))

    def _tokens(self, points: Tensor) -> Tensor:
        """Embed points: ``b,t,C``, the decoder's own tokens (IoU, then masks), then the
        prompt's."""
        labels = torch.ones(len(points), 1, dtype=torch.int, device=points.device)
        prompts, _ = self._prompts(points=(points[:, None], labels), boxes=None, masks=None)
        own = torch.cat([self._decoder.iou_token.weight, self._decoder.mask_tokens.weight])
        return torch.cat([own.expand(len(points), -1, -1), prompts], 1)


class Placement(NamedTuple):
    """The place of an image in the encoder's square, in pixels, height and width.

    Attributes:
        inside: of the image as resized into the upper left of the square.
        original: of the image itself.
    """

    inside: tuple[int, int]
    original: tuple[int, int]


def low_resolution(
    model: Sam, placement: Placement, prompted: Prompted, selected: Tensor
) -> Tensor:
    """Compute logits ``n,h,w`` of the ``selected`` masks (``b,m`` bool), four a patch each way.

    Of the square's padding only one patch is made.
    """
    decoder = model.mask_decoder
    grid = model.prompt_encoder.image_embedding_size[0]
    patch = model.image_encoder.img_size // grid
    rows, columns = (min(math.ceil(side / patch) + 1, grid) for side in placement.inside)
    prompts = selected.any(1)
    visible = prompted.image.unflatten(1, (grid, grid))[prompts, :rows, :columns]
    first, norm, activation, second, last_activation = decoder.output_upscaling
    features = _twice_as_fine(first, visible)
    features = activation(
        functional.layer_norm(features, features.shape[-1:], norm.weight, norm.bias, norm.eps)
    )
    features = last_activation(_twice_as_fine(second, features))
    tokens, heads = prompted.tokens[prompts], decoder.output_hypernetworks_mlps[1:]
    weights = torch.stack([head(tokens[:, index]) for index, head in enumerate(heads)], 1)
    logits = (weights @ features.flatten(1, -2).transpose(1, 2))[selected[prompts]]
    nested = logits.unflatten(1, (rows, columns, 2, 2, 2, 2))  # y, x; then down, across; twice
    return nested.permute(0, 1, 3, 5, 2, 4, 6).reshape(-1, rows * 4, columns * 4)


def full_resolution(model: Sam, placement: Placement, logits: Tensor) -> Tensor:
    """Upscale logits to the image's size, ``n,H,W``, by way of the encoder's, as SAM was trained.

    Args:
        logits: ``n,h,w`` of ``low_resolution``.
    """
    patch = model.image_encoder.img_size // model.prompt_encoder.image_embedding_size[0]
    square = [side * patch // 4 for side in logits.shape[1:]]
    height, width = placement.inside
    enlarged = _bilinear(logits[:, None], square)[..., :height, :width]
    return _bilinear(enlarged, placement.original)[:, 0]


def _twice_as_fine(layer: nn.ConvTranspose2d, features: Tensor) -> Tensor:
    """Upscale ``...,C`` to ``...,2,2,C'``.

    A transposed convolution whose kernels do not overlap is one matrix for every position, and
    without its layout the next norm finds channels together.
    """
    weight = layer.weight.permute(0, 2, 3, 1)
    bias = cast(Tensor, layer.bias).repeat(weight.shape[1] * weight.shape[2])
    return functional.linear(features, weight.flatten(1).T, bias).unflatten(-1, weight.shape[1:])


def _bilinear(logits: Tensor, size: tuple[int, int] | list[int]) -> Tensor:
    return functional.interpolate(logits, size, mode="bilinear", align_corners=False)
