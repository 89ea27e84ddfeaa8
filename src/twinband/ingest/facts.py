"""The data card of a dataset's pairs."""

import pyarrow as pa
import pyarrow.compute as pc

from twinband.ingest.params import IngestDataset
from twinband.shards.product import card_lines, count_values


def card(name: str, settings: IngestDataset, rows: pa.Table) -> str:
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
