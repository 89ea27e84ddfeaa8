"""Sizes of MultiMAE."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from twinband.methods.multimae.modalities import DEFAULT_OUTPUTS, MODALITIES, OUTPUTS
from twinband.networks.config import VitConfig, divisible, whole_number

Balance = Literal["sum", "uncertainty"]


@dataclass(frozen=True, kw_only=True)
class MultiMaeConfig(VitConfig):
    """Sizes of MultiMAE, and

    Attributes:
        modalities: that may go in, of ``MODALITIES``; kept in the table's order.
        outputs: that are predicted, of ``OUTPUTS``; by default those of the modalities, and
            ``norm_rgb`` if RGB is among them.
        classes: of semantic segmentation.
        decoder_width: channels of a token in a decoder.
        decoder_depth: self-attention blocks of a decoder.
        decoder_heads: attention heads of a decoder.
        balance: losses are added up as they are (``sum``), or each weighted by a learnt
            uncertainty (spec multimae, 2.5).

    Raises:
        TypeError, ValueError: also for unknown names.
    """

    modalities: tuple[str, ...] = ("rgb", "thermal", "depth", "semseg")
    outputs: tuple[str, ...] = ()
    classes: int = 133
    decoder_width: int = 256
    decoder_depth: int = 2
    decoder_heads: int = 8
    balance: Balance = "sum"
    final_norm: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("classes", "decoder_width", "decoder_depth", "decoder_heads"):
            whole_number(name, getattr(self, name))
        divisible("decoder_width", self.decoder_width, self.decoder_heads)
        if self.registers or self.mlp != "gelu" or self.final_norm:
            raise ValueError("MultiMAE's encoder has no registers, no swiglu and no final norm")
        if self.balance not in ("sum", "uncertainty"):
            raise ValueError(f"balance must be sum or uncertainty, not {self.balance!r}")
        modalities = _ordered("modalities", self.modalities, MODALITIES)
        default = [name for name in DEFAULT_OUTPUTS if OUTPUTS[name].modality in modalities]
        object.__setattr__(self, "modalities", modalities)
        object.__setattr__(self, "outputs", _ordered("outputs", self.outputs or default, OUTPUTS))
        for name in self.modalities:
            if self.patch_px % MODALITIES[name].stride:
                raise ValueError(
                    f"patch_px {self.patch_px} is no multiple of {name}'s stride,"
                    f" {MODALITIES[name].stride}"
                )


def _ordered(field: str, names: Iterable[str], table: Mapping[str, Any]) -> tuple[str, ...]:
    chosen = list(names)
    unknown = [name for name in chosen if name not in table]
    if unknown or not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(f"{field} must be some of {', '.join(table)}, each once, not {chosen}")
    return tuple(name for name in table if name in chosen)
