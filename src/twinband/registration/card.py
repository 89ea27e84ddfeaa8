"""The data card of a dataset's registration."""

from collections import Counter

import pyarrow as pa

from twinband.params.register import RegisterDataset


def card(name: str, settings: RegisterDataset, rows: pa.Table) -> str:
    """Markdown with a YAML front matter: on which grid the pairs are, and how they got there."""
    moved = sum(rows["resampled"].to_pylist())
    other = "thermal" if settings.grid == "rgb" else "rgb"
    lines = [
        "---",
        f"pretty_name: {name}, registered",
        "tags: [rgb-thermal, registration, webdataset]",
        "---",
        f"# {name}: registered",
        "",
        f"{rows.num_rows} pairs on the {settings.grid} grid; in {moved} of them the {other} image "
        "was resampled onto it.",
        "",
        "| what | pairs |",
        "|---|---|",
        *_lines("status", rows["registration"]),
        *_lines("transform from", rows["source"]),
        *_lines("reason", rows["registration_reason"]),
        *_lines("failed pairs", rows["policy"]),
        "",
        "A sample holds only what changed: the resampled image, `valid.png` (255 where it has "
        "data), labels that moved with it, and `json` with the transform (thermal pixel to RGB "
        "pixel, pixel centres at integers) and its quality. Everything else stands in `pairs`, "
        "under the same key; `twinband.registration.registered_pair` puts both together.",
        "",
    ]
    return "\n".join(lines)


def _lines(what: str, column: pa.ChunkedArray) -> list[str]:
    counts = Counter(value for value in column.to_pylist() if value)
    return [f"| {what}: {value} | {number} |" for value, number in sorted(counts.items())]
