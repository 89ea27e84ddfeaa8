"""The pool of pairs that may be pretrained on: copies and evaluation data taken out.

Ingestion leaves every dataset complete, since its benchmark needs it so; which pairs must not be
trained on twice, or at all, is decided here.
"""

import fnmatch
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field, field_validator

from twinband.core.errors import InputError, told
from twinband.core.names import Name, ProjectPath
from twinband.core.outside import read_text
from twinband.core.params import Facts, StageParams
from twinband.ingest.duplicates import close_pairs, equal_rows, impressions_of, same_everywhere
from twinband.shards.product import count_values, read_manifest

COLUMNS = [
    *["key", "name", "status", "split", "rgb_sha256", "thermal_sha256"],
    *["rgb_hash", "thermal_hash", "rgb_thumbnail", "thermal_thumbnail"],
]
REASON = pa.field("reason", pa.string())
DETAIL = pa.field("detail", pa.string())


class PoolParams(StageParams):
    """Choice of the pairs that may be pretrained on.

    Attributes:
        datasets: datasets that are pooled, in order of trust: of two copies the first stays.
        protect: datasets whose test pairs are looked for in the pool and taken out of it: all
            that are ingested.
        near_duplicate_bits: as in ``ingest.common``, here between datasets.
        hold_out: file of ``dataset/name`` patterns, one a line (``*`` and ``?`` allowed), whose
            pairs, and near duplicates of them, are taken out of the pool.
    """

    derived: ClassVar[Mapping[str, str]] = {"protect": "ingest.items"}

    datasets: list[Name]
    protect: list[str]
    near_duplicate_bits: Annotated[int, Field(ge=-1, le=16)]
    hold_out: ProjectPath

    @field_validator("datasets")
    @classmethod
    def _each_once(cls, names: list[str]) -> list[str]:
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"named more than once: {', '.join(repeated)}")
        return names


class PoolFacts(Facts):
    """facts/pool.json: pairs to pretrain on by dataset, and pairs left out by reason.

    Attributes:
        product: identity of the pool.
    """

    pairs: int
    left_out: int
    reasons: dict[str, int]
    datasets: dict[str, int]
    product: str

    def headline(self) -> dict[str, float]:
        """The numbers for metrics/."""
        return {"pairs": self.pairs, "left_out": self.left_out}


@dataclass(frozen=True, slots=True)
class Pool:
    """``kept``: dataset, key. ``left_out``: dataset, key, reason, detail. Both in fixed order."""

    kept: pa.Table
    left_out: pa.Table

    def facts(self, product: str) -> PoolFacts:
        """Count the pairs."""
        return PoolFacts(
            pairs=self.kept.num_rows,
            left_out=self.left_out.num_rows,
            reasons=count_values(self.left_out["reason"]),
            datasets=count_values(self.kept["dataset"]),
            product=product,
        )


def read_hold_out(path: Path) -> list[str]:
    """Read patterns ``dataset/name``, one a line; empty lines and those after # are left out.

    Raises:
        InputError: it is no UTF-8 text.
    """
    lines = (line.strip() for line in read_text(path).splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def build_pool(
    pairs: Mapping[str, Path],
    registered: Mapping[str, Path],
    pooled: Sequence[str],
    protected: Sequence[str],
    hold_out: Sequence[str],
    near_duplicate_bits: int,
) -> Pool:
    """Pool the train pairs of ``pooled`` datasets.

    Args:
        pairs: folder of the product ``pairs`` of each dataset named in the other arguments.
        registered: folder of the product ``registered`` of each pooled dataset; it may say of
            pairs that they are not for training, or that their thermal image counts as absent.
        pooled: datasets in order of trust: of two copies the first stays.
        protected: datasets whose pairs outside ``train`` must not come back as copies.
        hold_out: patterns ``dataset/name`` of pairs to leave out, together with their copies.
        near_duplicate_bits: as for ``ingest``; -1 looks for exact copies only.

    Raises:
        InputError: a pattern that matches nothing, most likely a slip.
    """
    names = [*pooled, *(name for name in protected if name not in pooled)]
    if not names:
        empty = pa.schema([pa.field("dataset", pa.string()), pa.field("key", pa.string())])
        none = empty.empty_table()
        return Pool(none, empty.append(REASON).append(DETAIL).empty_table())
    table = pa.concat_tables(_usable(pairs[name], name) for name in names)
    reason = _first_reasons(table, hold_out)
    in_pool = pc.is_in(table["dataset"], pa.array(list(pooled), pa.string())).to_numpy()
    guarded = pc.is_in(table["dataset"], pa.array(list(protected), pa.string())).to_numpy()
    # Held-out and protected pairs come first: they take candidates out, and nothing does them.
    original = np.array([why == "hold_out" for why in reason]) | (
        guarded & np.array([why != "" for why in reason])
    )
    _leave_out_unregistered(table, registered, reason)
    candidate = in_pool & np.array([why == "" for why in reason])
    order = np.concatenate([np.flatnonzero(original), np.flatnonzero(candidate)])
    copies = _copies(table.take(pa.array(order)), int(original.sum()), near_duplicate_bits)
    detail = [""] * table.num_rows
    for place, (kind, of) in copies.items():
        reason[order[place]] = f"{kind}_duplicate"
        detail[order[place]] = f"copy of {of}"
    identity = table.select(["dataset", "key"])
    kept = candidate & np.array([why == "" for why in reason])
    described = identity.append_column(REASON, [reason]).append_column(DETAIL, [detail])
    return Pool(identity.filter(pa.array(kept)), described.filter(pa.array(in_pool & ~kept)))


def _usable(folder: Path, name: str) -> pa.Table:
    table = read_manifest(folder, COLUMNS)
    table = table.filter(pc.equal(table["status"], "ok"))
    return table.append_column("dataset", pa.array([name] * table.num_rows, pa.string()))


def _leave_out_unregistered(
    table: pa.Table, registered: Mapping[str, Path], reason: list[str]
) -> None:
    """Give a reason to pairs that their registration keeps out of training on pairs."""
    kept_out: dict[tuple[str, str], str] = {}
    for name, folder in registered.items():
        for row in read_manifest(folder, ["key", "training", "thermal_present"]).to_pylist():
            if not row["training"]:
                kept_out[name, row["key"]] = "registration_failed"
            elif not row["thermal_present"]:
                kept_out[name, row["key"]] = "thermal_absent"
    for place, identity in enumerate(table.select(["dataset", "key"]).to_pylist()):
        reason[place] = reason[place] or kept_out.get((identity["dataset"], identity["key"]), "")


def _first_reasons(table: pa.Table, patterns: Sequence[str]) -> list[str]:
    """Give rows the reason ``hold_out``, ``val_split``, ``test_split`` or none.

    Raises:
        InputError: a pattern matches no pair.
    """
    names = pc.binary_join_element_wise(table["dataset"], table["name"], "/").to_pylist()
    splits = table["split"].to_pylist()
    reason = ["" if split == "train" else f"{split}_split" for split in splits]
    for pattern in patterns:
        matches = re.compile(fnmatch.translate(pattern)).match
        held = [row for row, name in enumerate(names) if matches(name)]
        if not held:
            raise InputError(
                f"the hold-out pattern {told(pattern)!r} matches no pair (dataset/name)"
            )
        for row in held:
            reason[row] = "hold_out"
    return reason


def _copies(table: pa.Table, originals: int, max_bits: int) -> dict[int, tuple[str, str]]:
    """Find rows after the first ``originals`` that copy an earlier row which itself stays.

    Copies among the candidates of one dataset are ``ingest``'s affair (neighbours in a sequence
    may stay); copies of what is held out or evaluated on go, wherever they stand.
    """
    dataset = np.asarray(table["dataset"].to_pylist())
    keys = table["key"].to_pylist()
    gone: dict[int, tuple[str, str]] = {}
    out = np.zeros(len(keys), np.bool_)

    def take_out(firsts: NDArray[np.int64], copies: NDArray[np.int64], kind: str) -> None:
        counts = (copies >= originals) & (
            (dataset[firsts] != dataset[copies]) | (firsts < originals)
        )
        for first, copy in zip(firsts[counts].tolist(), copies[counts].tolist(), strict=True):
            if first not in gone and copy not in gone:
                gone[copy] = (kind, f"{dataset[first]}/{keys[first]}")
                out[copy] = True

    take_out(*equal_rows(table), "exact")
    if max_bits >= 0:
        hashes, thumbnails = impressions_of(table)
        for firsts, copies in close_pairs(hashes, max_bits, out):
            same = same_everywhere(thumbnails, firsts, copies)
            take_out(firsts[same], copies[same], "near")
    return gone
