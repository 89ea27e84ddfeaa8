"""The data card of a dataset's registration."""

import pyarrow as pa

from twinband.params.register import RegisterDataset
from twinband.shards.counts import card_lines, count_values


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
        *card_lines("status", count_values(rows["registration"])),
        *card_lines("transform from", count_values(rows["source"])),
        *card_lines("reason", count_values(rows["registration_reason"])),
        *card_lines("failed pairs", count_values(rows["policy"])),
        "",
        "A sample holds only what changed: the resampled image, `valid.png` (255 where it has "
        "data), labels that moved with it, and `json` with the transform (thermal pixel to RGB "
        "pixel, pixel centres at integers) and its quality. Everything else stands in `pairs`, "
        "under the same key; `twinband.registration.registered_pair` puts both together.",
        "",
    ]
    return "\n".join(lines)
