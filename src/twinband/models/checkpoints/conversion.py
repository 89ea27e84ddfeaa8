"""Tensors on their way from one project's names to twinband's, and where each came from."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from twinband.core.errors import InputError
from twinband.networks.layers import Grid
from twinband.networks.weights import Tensors

Rules = tuple[tuple[str, str], ...]
"""Patterns of keys and what takes their place; all are applied, in their order."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor.

    Attributes:
        tensor: its values.
        sources: keys of the checkpoint that it was made of.
        changes: what was done to it beyond copying.
    """

    tensor: Tensor
    sources: tuple[str, ...]
    changes: tuple[str, ...] = ()

    def changed(self, tensor: Tensor, change: str, *others: "Entry") -> "Entry":
        """Return this entry with other values, made of it and of ``others``."""
        sources = self.sources + tuple(key for other in others for key in other.sources)
        changes = tuple(dict.fromkeys((*self.changes, change)))
        return Entry(tensor, tuple(dict.fromkeys(sources)), changes)


class Conversion:
    """A checkpoint's tensors while they get their names.

    Attributes:
        entries: by the key that they have by now.
        left_out: keys of the checkpoint to why they are not used.
    """

    def __init__(self, tensors: Mapping[str, Tensor], left_out: Mapping[str, str]) -> None:
        self.entries = {key: Entry(value, (key,)) for key, value in tensors.items()}
        self.left_out = dict(left_out)

    @property
    def tensors(self) -> Tensors:
        """The values by key."""
        return {key: entry.tensor for key, entry in self.entries.items()}

    def rename(self, rules: Rules) -> None:
        """Rename keys.

        Raises:
            InputError: two keys get one name.
        """
        renamed: dict[str, Entry] = {}
        for key, entry in self.entries.items():
            for pattern, replacement in rules:
                key = re.sub(pattern, replacement, key)
            if key in renamed:
                both = " and ".join(renamed[key].sources + entry.sources)
                raise InputError(f"a checkpoint in which {both} are both {key} is not known")
            renamed[key] = entry
        self.entries = renamed

    def leave_out(self, pattern: str, why: str) -> None:
        """Leave out the keys that ``pattern`` is found in."""
        for key in [key for key in self.entries if re.search(pattern, key)]:
            for source in self.entries.pop(key).sources:
                self.left_out[source] = why

    def each(self, pattern: str, change: Callable[[str, re.Match[str]], None]) -> None:
        """Call ``change`` with every key of now that ``pattern`` matches whole."""
        for key in list(self.entries):
            if match := re.fullmatch(pattern, key):
                change(key, match)

    def join(self, pattern: str, parts: tuple[str, ...], joined: str, change: str) -> None:
        """Concatenate layers along their outputs.

        Args:
            pattern: of keys, ``{part}`` where one of ``parts`` stands, in the order to join.
            joined: what stands there afterwards.
        """

        def concatenate(key: str, match: re.Match[str]) -> None:
            before, after = key[: match.start("part")], key[match.end("part") :]
            keys = [f"{before}{part}{after}" for part in parts]
            if all(k in self.entries for k in keys):
                first, *rest = (self.entries.pop(k) for k in keys)
                together = torch.cat([first.tensor, *(other.tensor for other in rest)])
                self.entries[f"{before}{joined}{after}"] = first.changed(together, change, *rest)

        self.each(pattern.replace("{part}", f"(?P<part>{parts[0]})"), concatenate)

    def fold_layer_scale(self) -> None:
        """Multiply ``blocks.N.ls1.gamma`` and ``ls2.gamma`` into the layers that they scale."""

        def fold(key: str, match: re.Match[str]) -> None:
            gamma = self.entries[key]
            layers = ("attn.proj",) if match[2] == "1" else ("mlp.fc2", "mlp.w3")
            names = [f"{match[1]}.{layer}" for layer in layers]
            for name in (n for n in names if f"{n}.weight" in self.entries):
                for part in (f"{name}.weight", f"{name}.bias"):
                    entry = self.entries[part]
                    scale = gamma.tensor.reshape(-1, *[1] * (entry.tensor.ndim - 1))
                    self.entries[part] = entry.changed(
                        entry.tensor * scale, "layer scale folded in", gamma
                    )
                self.entries.pop(key, None)

        self.each(r"(blocks\.\d+)\.ls([12])\.gamma", fold)

    def unfold_places(
        self,
        key: str,
        table: str,
        grid: Grid | None,
        *,
        own: tuple[str, ...] = (),
        absent: int = 0,
    ) -> None:
        """Make ``1,D,rows,columns`` of ``key``'s ``1,N+L,D`` positions.

        Args:
            table: its new key.
            grid: the model's rows and columns; used where L is no square.
            own: keys of tokens in front of the patches, as in the sequence. The first, none or all
                of them have a position, which is added to the token: the outputs are the same.
            absent: places in front of tokens that are no weights here; their positions must be 0.

        Raises:
            InputError: L fits neither a square nor ``grid``, or a position without its token.
        """
        entry = self.entries.pop(key)
        tokens = [name for name in own if name in self.entries]
        widths = [self.entries[name].tensor.shape[1] for name in tokens]
        # one class token first, as nearly all have it; then none (timm's no_embed_class), then all
        counts = [absent + sum(widths[:number]) for number in (1, 0, len(widths))]
        places = entry.tensor.shape[1]
        found = _grid_of(places, counts, grid)
        if found is None:
            raise InputError(
                f"{entry.sources[0]} has {places - counts[0]} places besides the class token's: no"
                f" square grid{f', nor one of {grid[0]}x{grid[1]} patches' if grid else ''}"
            )
        count, shape = found
        front, patches = entry.tensor.tensor_split([count], dim=1)
        self.entries[table] = Entry(
            patches.transpose(1, 2).unflatten(2, shape), entry.sources, entry.changes
        )
        for name in tokens:
            token = self.entries[name]
            place, front = front.tensor_split([token.tensor.shape[1]], dim=1)
            if place.any():
                self.entries[name] = token.changed(
                    token.tensor + place, "its position added", entry
                )
        if front.any():
            raise InputError(f"{entry.sources[0]} gives a position to what is no patch here")


def _grid_of(places: int, counts: list[int], grid: Grid | None) -> tuple[int, Grid] | None:
    """Find how many places in front are no patches', and the grid of the others."""
    for count in counts:
        side = math.isqrt(max(places - count, 0))
        if side and side * side == places - count:
            return count, (side, side)
        if grid is not None and places - count == grid[0] * grid[1]:
            return count, grid
    return None
