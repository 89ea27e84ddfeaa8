"""Which pairs of all datasets may be pretrained on: copies and evaluation data taken out.

Ingestion leaves every dataset whole, since its benchmark needs it whole; what must not be trained
on twice, or at all, is a question of the pool that is trained on.
"""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from twinband.errors import InputError
from twinband.ingest.hashes import close_pairs
from twinband.shards.manifest import read_manifest

COLUMNS = ["key", "name", "split", "rgb_sha256", "thermal_sha256", "rgb_hash", "thermal_hash"]


@dataclass(frozen=True, slots=True)
class Pool:
    """``kept``: dataset, key. ``left_out``: dataset, key, reason, detail. Both in fixed order."""

    kept: pa.Table
    left_out: pa.Table


def build_pool(
    pairs: Mapping[str, Path],
    pooled: Sequence[str],
    protected: Sequence[str],
    hold_out: Sequence[str],
    near_duplicate_bits: int,
) -> Pool:
    """Pool the train pairs of ``pooled`` datasets.

    Args:
        pairs: folder of the product ``pairs`` of each dataset named in the other arguments.
        pooled: datasets in order of trust: of two copies the first stays.
        protected: datasets whose pairs outside ``train`` must not come back as copies.
        hold_out: patterns ``dataset/name`` of pairs to leave out, together with their copies.
        near_duplicate_bits: as for ``ingest``; -1 looks for exact copies only.

    Raises:
        InputError: a pattern that matches nothing, most likely a slip.
    """
    names = [*pooled, *(name for name in protected if name not in pooled)]
    tables = [_usable(pairs[name], name) for name in names]
    if not tables:
        return _as_pool([], [])
    rows = pa.concat_tables(tables).to_pylist()
    held = _held_out([f"{row['dataset']}/{row['name']}" for row in rows], hold_out)
    in_pool, known = set(pooled), set(protected)
    reasons: dict[int, tuple[str, str]] = {}
    first: list[int] = []  # what others are compared with but what is not itself in the pool
    candidates: list[int] = []
    for index, row in enumerate(rows):
        if held[index]:
            reasons[index] = ("hold_out", "listed")
            first.append(index)
        elif row["split"] != "train":
            reasons[index] = (f"{row['split']}_split", "evaluation data")
            if row["dataset"] in known:
                first.append(index)
        elif row["dataset"] in in_pool:
            candidates.append(index)
    _take_out_copies(rows, first, candidates, near_duplicate_bits, reasons)
    kept = [rows[i] for i in candidates if i not in reasons]
    left_out = [
        {**rows[i], "reason": reasons[i][0], "detail": reasons[i][1]}
        for i in sorted(reasons)
        if rows[i]["dataset"] in in_pool
    ]
    return _as_pool(kept, left_out)


def _as_pool(kept: list[dict[str, str]], left_out: list[dict[str, str]]) -> Pool:
    columns = [pa.field("dataset", pa.string()), pa.field("key", pa.string())]
    why = [pa.field("reason", pa.string()), pa.field("detail", pa.string())]
    return Pool(
        pa.Table.from_pylist(kept, schema=pa.schema(columns)),
        pa.Table.from_pylist(left_out, schema=pa.schema([*columns, *why])),
    )


def _usable(folder: Path, name: str) -> pa.Table:
    table = read_manifest(folder, [*COLUMNS, "status"])
    table = table.filter(pc.equal(table["status"], "ok")).select(COLUMNS)
    return table.append_column("dataset", pa.array([name] * table.num_rows, pa.string()))


def _held_out(names: Sequence[str], patterns: Sequence[str]) -> list[bool]:
    held = [False] * len(names)
    for pattern in patterns:
        matched = [index for index, name in enumerate(names) if fnmatch.fnmatchcase(name, pattern)]
        if not matched:
            raise InputError(f"the hold-out pattern {pattern!r} matches no pair (dataset/name)")
        for index in matched:
            held[index] = True
    return held


def _take_out_copies(
    rows: Sequence[Mapping[str, object]],
    first: Sequence[int],
    candidates: Sequence[int],
    max_bits: int,
    reasons: dict[int, tuple[str, str]],
) -> None:
    """Give a reason to each candidate that copies one before it (``first`` stand before all).

    Copies inside one dataset are ``ingest``'s affair, unless the original is held out.
    """
    order = [*first, *candidates]
    if not order:
        return
    pooled = set(candidates)

    def consider(one: int, other: int, kind: str) -> None:
        if other not in pooled or other in reasons or (one in pooled and one in reasons):
            return
        same = rows[one]["dataset"] == rows[other]["dataset"]
        if same and reasons.get(one, ("", ""))[0] != "hold_out":
            return
        original = f"{rows[one]['dataset']}/{rows[one]['key']}"
        reasons[other] = (f"{kind}_duplicate", f"copy of {original}")

    seen: dict[tuple[object, object], int] = {}
    for index in order:
        digest = (rows[index]["rgb_sha256"], rows[index]["thermal_sha256"])
        consider(seen.setdefault(digest, index), index, "exact")
    if max_bits < 0:
        return
    hashes = np.array(
        [[rows[i]["rgb_hash"], rows[i]["thermal_hash"]] for i in order], dtype=np.uint64
    )
    for ones, others in close_pairs(hashes, max_bits):
        for one, other in zip(ones.tolist(), others.tolist(), strict=True):
            consider(order[one], order[other], "near")
