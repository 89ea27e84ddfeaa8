"""Recording a benchmark: a JSON line on standard output, and a CSV named after the hardware."""

import csv
import json
import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def hardware() -> str:
    """Processor and number of usable cores, fit for a file name."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())
        model = found.group(1) if found else model
    slug = re.sub(r"[^a-z0-9]+", "-", model.lower()).strip("-")
    return f"{slug}-{len(os.sched_getaffinity(0))}cores"


def record(name: str, figures: Mapping[str, float | int | str]) -> None:
    """Print ``figures`` and write them as ``results/NAME-HARDWARE.csv``."""
    print(json.dumps({"bench": name, "hardware": hardware(), **figures}))
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}-{hardware()}.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(figures.keys())
        writer.writerow(figures.values())
