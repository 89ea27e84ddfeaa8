"""SAM's mask decoder for many point prompts on one image, up to the predicted IoU."""

from typing import NamedTuple, cast

import torch
from torch import Tensor

from twinband.annotators.sam._package import Sam
from twinband.annotators.sam.attention import ImageToTokens, TokensToImage


class Prompted(NamedTuple):
    """What is known of b prompts before any mask is made.

    Attributes:
        predicted_iou: ``b,m``, of every mask of an ambiguous prompt.
        tokens: ``b,m,C``, one for every mask.
        image: ``b,L,C``, the image's features as seen by the prompt.
    """

    predicted_iou: Tensor
    tokens: Tensor
    image: Tensor


class PointDecoder:
    """The decoder's transformer, with all that prompts share computed once.

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
        """``b,t,C``: the decoder's own tokens, IoU first, then masks; then the prompt's."""
        labels = torch.ones(len(points), 1, dtype=torch.int, device=points.device)
        prompts, _ = self._prompts(points=(points[:, None], labels), boxes=None, masks=None)
        own = torch.cat([self._decoder.iou_token.weight, self._decoder.mask_tokens.weight])
        return torch.cat([own.expand(len(points), -1, -1), prompts], 1)
