"""Facts of an ingested dataset, and its data card."""

import pyarrow as pa
import pyarrow.compute as pc

from twinband.core.params import Facts
from twinband.ingest.params import IngestParams
from twinband.shards.product import Built, card_lines, count_values


class IngestFacts(Facts):
    """facts/ingest/D.json.

    Attributes:
        pairs: usable ones.
        left_out: pairs that are in the manifest only.
        reasons: pairs left out, by reason.
        splits, hours: usable pairs by split and by hour of the day.
        bytes: of all shards.
        product: identity of the product.
    """

    pairs: int
    left_out: int
    reasons: dict[str, int]
    splits: dict[str, int]
    hours: dict[str, int]
    bytes: int
    product: str


def facts_of(built: Built, product: str) -> IngestFacts:
    """Count the pairs of a dataset."""
    usable = pc.equal(built.manifest["status"], "ok")
    kept, left_out = built.manifest.filter(usable), built.manifest.filter(pc.invert(usable))
    return IngestFacts(
        pairs=kept.num_rows,
        left_out=left_out.num_rows,
        reasons=count_values(left_out["reason"]),
        splits=count_values(kept["split"]),
        hours=count_values(kept["hour"], "unknown"),
        bytes=built.bytes,
        product=product,
    )


def card(name: str, settings: IngestParams, rows: pa.Table) -> str:
    """Markdown with a YAML front matter: what is in the folder and what was left out."""
    usable = pc.equal(rows["status"], "ok")
    kept, left_out = rows.filter(usable), rows.filter(pc.invert(usable))
    lines = [
        "---",
        f"pretty_name: {name}",
        f"license: {settings.licence}",
        "tags: [rgb-thermal, webdataset]",
        "---",
        f"# {name}: pairs",
        "",
        f"{kept.num_rows} RGB-thermal pairs (WebDataset shards: {settings.shards}), "
        f"read by `{settings.reader}`.",
        "",
        "| what | pairs |",
        "|---|---|",
        *card_lines("split", count_values(kept["split"])),
        *card_lines("hour", count_values(kept["hour"], "unknown")),
        *card_lines("left out", count_values(left_out["reason"])),
        "",
        "`manifest.parquet` has one row a pair, those left out included; what was quarantined "
        "stands in `quarantine-*.tar` as it was found.",
        "",
    ]
    return "\n".join(lines)
