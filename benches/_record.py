"""Record of a benchmark: JSON lines on standard output, and a CSV named after the hardware."""

import csv
import json
import os
import platform
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

Figures = Mapping[str, float | int | str]


def hardware() -> str:
    """Name the processor and the number of usable cores, fit for a file name."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        match = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())
        model = match.group(1) if match else model
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")
    return f"{slug}-{len(os.sched_getaffinity(0))}cores"


def record(name: str, *rows: Figures) -> None:
    """Print ``rows`` and write them as ``results/NAME-HARDWARE.csv``; a row may lack columns."""
    for row in rows:
        print(json.dumps({"bench": name, "hardware": hardware(), **row}))
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}-{hardware()}.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns(rows), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def columns(rows: Sequence[Figures]) -> list[str]:
    """List all keys, in the order in which they first appear."""
    return list(dict.fromkeys(key for row in rows for key in row))
