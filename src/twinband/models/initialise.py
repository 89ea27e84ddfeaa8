"""Random starting weights of transformers."""

from torch import Tensor, nn

TOKEN_STD = 0.02


def random_weights(module: nn.Module) -> None:
    """Xavier-uniform linear and patch layers, biases 0, layer normalisations 1 and 0.

    The kernel of a patch layer counts as the matrix that it is once flattened. Class and mask
    tokens are drawn by their owners with ``random_token``.
    """
    for part in module.modules():
        if isinstance(part, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(part.weight.flatten(1))
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.LayerNorm):
            part.reset_parameters()


def random_token(token: Tensor) -> None:
    """Fill ``token`` in place from a normal distribution."""
    nn.init.normal_(token, std=TOKEN_STD)
