"""Facts of an ingested dataset, and its data card."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from twinband.core.params import Facts
from twinband.ingest.params import IngestParams
from twinband.shards.product import count_rows, count_values, markdown_card, markdown_table


class IngestFacts(Facts):
    """facts/ingest/D.json.

    Attributes:
        pairs: usable ones.
        left_out: pairs that are in the manifest only.
        reasons: pairs left out, by reason.
        splits, hours: usable pairs by split and by hour of the day.
        bytes: of all shards.
        product: identity of the product.
        without_thermal: usable ones that are an RGB image alone; None if there are none.
        untaken: images below the root that no rule of the layout took, by folder and suffix; None
            if all were taken.
    """

    pairs: int
    left_out: int
    reasons: dict[str, int]
    splits: dict[str, int]
    hours: dict[str, int]
    bytes: int
    product: str
    without_thermal: int | None = None
    untaken: dict[str, int] | None = None

    def headline(self) -> dict[str, float]:
        """The numbers for metrics/."""
        return {"pairs": self.pairs, "left_out": self.left_out}


def facts_of(
    rows: pa.Table, bytes: int = 0, product: str = "", untaken: Mapping[str, int] | None = None
) -> IngestFacts:
    """Count the pairs of a dataset, by its manifest's rows; ``untaken`` is known from its scan."""
    usable = pc.equal(rows["status"], "ok")
    kept, left_out = rows.filter(usable), rows.filter(pc.invert(usable))
    return IngestFacts(
        pairs=kept.num_rows,
        left_out=left_out.num_rows,
        reasons=count_values(left_out["reason"]),
        splits=count_values(kept["split"]),
        hours=count_values(kept["hour"], "unknown"),
        bytes=bytes,
        product=product,
        without_thermal=pc.sum(pc.equal(kept["thermal_path"], "")).as_py() or None,
        untaken=dict(untaken) if untaken else None,
    )


def card(name: str, params: IngestParams, facts: IngestFacts) -> str:
    """Write the data card: the pairs that are in the folder, and those that were left out."""
    counts = [
        *count_rows("split", facts.splits),
        *count_rows("hour", facts.hours),
        *count_rows("left out", facts.reasons),
    ]
    if facts.without_thermal:
        counts.append(("without thermal", facts.without_thermal))
    return markdown_card(
        f"{name}: pairs",
        ["rgb-thermal", "webdataset"],
        f"{facts.pairs} RGB-thermal pairs (WebDataset shards: {params.shards}), "
        f"read by `{params.reader}`.",
        markdown_table(("what", "pairs"), counts),
        "`manifest.parquet` has one row a pair, those left out included; what was quarantined "
        "stands in `quarantine-*.tar` as it was found.",
        pretty_name=name,
        license=params.licence,
    )
