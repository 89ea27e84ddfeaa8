"""Stage ``ingest``: raw files of one dataset to checked, deduplicated, split, sharded pairs."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.errors import InputError
from twinband.core.images import encode_jpeg
from twinband.core.params import Runtime
from twinband.drawing import contact_sheet
from twinband.ingest.build import Ingested, ingest
from twinband.ingest.dataset import Source
from twinband.ingest.params import IngestDataset, IngestParams
from twinband.shards.product import count_values, product_id
from twinband.shards.read import open_products
from twinband.shards.write import write_atomically

SHEET_PAIRS, SHEET_COLUMNS, SHEET_QUALITY = 12, 6, 88

DYNAMIC = ["twinband.readers.{reader}"]  # imported by name


def run(
    params: IngestParams,
    *,
    item: str,
    source: In,
    out: Out,
    metrics: Out,
    plots: Out,
    left_out: Out,
    work: Path,
    runtime: Runtime,
    progress: Callable[[int, int], None],
) -> StepReport:
    """Ingest the dataset ``item``."""
    settings = params.datasets[item]
    done = ingest(
        item,
        _source(item, settings, source),
        settings,
        params.common,
        out=out,
        work=work,
        runtime=runtime,
        progress=progress,
    )
    write_sheet(out, plots)
    write_left_out(done.manifest, left_out)
    facts = _facts(done, out)
    continued = f", {done.continued} of {done.shards} shards were already finished"
    return StepReport(
        summary=f"{facts['pairs']} pairs, {facts['left_out']} left out, shards: {done.shards}"
        + (continued if done.continued else ""),
        samples=done.manifest.num_rows,
        metrics=facts,
        facts={"continued_shards": done.continued},
    )


def _source(item: str, settings: IngestDataset, source: Path) -> Source:
    """The raw folder itself, or what an inventory lists below TWINBAND_DATA."""
    if source.is_dir():
        return Source.of(settings.reader, str(source.resolve()), settings.options)
    base = os.environ.get("TWINBAND_DATA", "")
    root = f"{base.rstrip('/')}/{settings.root}".rstrip("/")
    if not base or ("://" not in root and not Path(root).exists()):
        raise InputError(
            f"{item}: its raw files are looked for at $TWINBAND_DATA/{settings.root}, and "
            + (f"{root} does not exist" if base else "TWINBAND_DATA is not set")
            + "; set it to the folder that holds your datasets: export TWINBAND_DATA=…"
        )
    return Source.of(settings.reader, root, settings.options, str(source.resolve()))


def _facts(done: Ingested, out: Path) -> dict[str, Any]:
    usable = pc.equal(done.manifest["status"], "ok")
    kept, left_out = done.manifest.filter(usable), done.manifest.filter(pc.invert(usable))
    return {
        "pairs": kept.num_rows,
        "left_out": left_out.num_rows,
        "reasons": count_values(left_out["reason"]),
        "splits": count_values(kept["split"]),
        "hours": count_values(kept["hour"], "unknown"),
        "bytes": done.bytes,
        "product": product_id(out),
    }


def write_sheet(pairs: Path, folder: Path) -> None:
    """``sheet.jpg``: pairs spread evenly over the dataset."""
    folder.mkdir(parents=True)
    dataset = open_products({"pairs": pairs})
    if not len(dataset):
        raise InputError(f"{pairs}: not one usable pair; see the reasons in its manifest")
    chosen = np.unique(np.linspace(0, len(dataset) - 1, SHEET_PAIRS).round().astype(int))
    samples = [dataset[int(index)] for index in chosen]
    sheet = contact_sheet(
        [(s["key"], s["pairs"]["rgb"], s["pairs"]["thermal"]) for s in samples], SHEET_COLUMNS
    )
    write_atomically(folder / "sheet.jpg", encode_jpeg(sheet, SHEET_QUALITY))


def write_left_out(manifest: pa.Table, path: Path) -> None:
    """A table of the pairs that were not taken in, with reasons."""
    rows = manifest.filter(pc.not_equal(manifest["status"], "ok"))
    csv.write_csv(rows.select(["key", "name", "status", "reason", "detail"]), path)


if __name__ == "__main__":
    main(run, DYNAMIC)
