"""Attention between a few tokens of many prompts and the one image they all ask about.

What the decoder knows of the image is ``shared``, the same for all prompts, plus from the second
layer on the prompt's ``own`` features. A projection of thousands of positions for every prompt
costs more than all else. It is linear, so here the shared part is projected once, and for a
prompt's own part the few tokens are multiplied with the weights instead of the many positions.
The results are those of projecting everything, up to rounding.

Shapes: b prompts, t tokens, L positions, C features, H heads of d features.
"""

import torch
from torch import Tensor, nn

from twinband.annotators.sam._package import Layer


def split_heads(features: Tensor, heads: int) -> Tensor:
    """``...,n,H*d`` as ``...,H,n,d``."""
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
        """``b,H,t,L``: vectors ``b,H,t,d`` times ``linear(shared + own)``; ``own`` is ``b,L,C``."""
        products = vectors @ self._shared
        if own is not None:
            folded = torch.einsum("bhtd,hdc->bhtc", vectors, self._weight)
            products.flatten(1, 2).baddbmm_(folded.flatten(1, 2), own.transpose(1, 2))
        return products


class TokensToImage:
    """Tokens attend to the image.

    Args:
        attention: segment_anything's layer.
        shared: ``L,C``, what the layer's keys share, positions included.
        image: ``L,C``, its values while prompts have no own features.
    """

    def __init__(self, attention: Layer, shared: Tensor, image: Tensor) -> None:
        self._attention = attention
        self._heads = attention.num_heads
        self._keys = ImageProjection(attention.k_proj, self._heads, shared)
        self._values = split_heads(attention.v_proj(image), self._heads)

    def __call__(self, queries: Tensor, own: Tensor | None) -> Tensor:
        """``b,t,C`` of ``queries`` ``b,t,C``, which include the tokens' positions."""
        vectors = split_heads(self._attention.q_proj(queries), self._heads)
        products = self._keys.products(vectors / vectors.shape[-1] ** 0.5, own)
        mixed = self._mix(products.softmax(-1), own)
        out: Tensor = self._attention.out_proj(mixed.transpose(1, 2).flatten(2))
        return out

    def _mix(self, weights: Tensor, own: Tensor | None) -> Tensor:
        """``b,H,t,d``: the projected values, mixed by ``weights`` ``b,H,t,L``."""
        if own is None:
            return weights @ self._values
        projection = self._attention.v_proj
        mixed = (weights.flatten(1, 2) @ own).unflatten(1, weights.shape[1:3])
        by_head = projection.weight.unflatten(0, (self._heads, -1))
        bias = projection.bias.view(self._heads, 1, -1)
        return torch.einsum("bhtc,hdc->bhtd", mixed, by_head) + bias


class ImageToTokens:
    """The image attends to the tokens, which gives every prompt image features of its own.

    Args:
        attention: segment_anything's layer.
        shared: ``L,C``, what the layer's queries share, positions included.
        image: ``L,C``, to what the result is added while prompts have no own features.
    """

    def __init__(self, attention: Layer, shared: Tensor, image: Tensor) -> None:
        self._attention = attention
        self._heads = attention.num_heads
        self._queries = ImageProjection(attention.q_proj, self._heads, shared)
        self._image = image

    def __call__(self, keys: Tensor, tokens: Tensor, own: Tensor | None) -> Tensor:
        """The features plus what they take from ``tokens``, ``b,L,C``, in the place of ``own``;
        ``keys`` are the tokens with their positions, both ``b,t,C``."""
        layer = self._attention
        vectors = split_heads(layer.k_proj(keys), self._heads)
        products = self._queries.products(vectors / vectors.shape[-1] ** 0.5, own)
        weights = products.softmax(2).flatten(1, 2)
        values = split_heads(layer.v_proj(tokens), self._heads)
        by_head = layer.out_proj.weight.unflatten(1, (self._heads, -1))
        given = torch.einsum("bhtd,chd->bhtc", values, by_head)
        given += layer.out_proj.bias / self._heads  # the weights of a head sum to one
        before = self._image.repeat(len(tokens), 1, 1) if own is None else own
        return before.baddbmm_(weights.transpose(1, 2), given.flatten(1, 2))
