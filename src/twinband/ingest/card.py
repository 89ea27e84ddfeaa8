"""The data card of a dataset's pairs."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from twinband.params.ingest import IngestDataset


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
        *_lines("split", kept["split"]),
        *_lines("hour", kept["hour"]),
        *_lines("left out", left_out["reason"]),
        "",
        "`manifest.parquet` has one row a pair, those left out included; what was quarantined "
        "stands in `quarantine-*.tar` as it was found.",
        "",
    ]
    return "\n".join(lines)


def _lines(what: str, column: pa.ChunkedArray) -> list[str]:
    counts = Counter(value or "unknown" for value in column.to_pylist())
    return [f"| {what}: {value} | {number} |" for value, number in sorted(counts.items())]
