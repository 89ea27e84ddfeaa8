"""Stage ``ingest``: raw files of one dataset to checked, deduplicated, split, sharded pairs."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from pipeline_steps.harness.step import In, Out, StepReport, main
from twinband.core.cells import defused
from twinband.core.errors import InputError
from twinband.core.images import encode_jpeg
from twinband.core.params import Run
from twinband.drawing import QUALITY, contact_sheet
from twinband.ingest.build import ingest
from twinband.ingest.dataset import Source
from twinband.ingest.facts import facts_of
from twinband.ingest.notes import notes_in_words
from twinband.ingest.params import IngestParams
from twinband.ingest.untaken import in_words
from twinband.shards.product import product_id
from twinband.shards.read import open_products
from twinband.shards.write import write_atomically

SHEET_PAIRS, SHEET_COLUMNS = 12, 6


def run(
    params: IngestParams,
    *,
    source: In,
    out: Out,
    metrics: Out,
    facts: Out,
    plots: Out,
    left_out: Out,
    run: Run,
) -> StepReport:
    """Ingest one dataset."""
    raw = _source(params, source, run.item)
    ingested = ingest(params, raw, out, run)
    built, untaken = ingested.built, ingested.untaken
    write_sheet(out, plots)
    write_left_out(built.manifest, left_out)
    described = facts_of(built.manifest, built.bytes, product_id(out), untaken, ingested.protocol)
    told = "".join(
        f"; {words}" for words in (notes_in_words(built.manifest), in_words(untaken)) if words
    )
    return StepReport(
        summary=f"{described.pairs} pairs, {described.left_out} left out, "
        f"shards: {built.shards}{built.continuation}{told}",
        samples=built.manifest.num_rows,
        metrics=described.headline(),
        facts=described,
        timings={"continued_shards": built.continued},
    )


def _source(params: IngestParams, source: Path, item: str) -> Source:
    """Take the raw folder itself, or the files of an inventory below TWINBAND_DATA."""
    if source.is_dir():
        return Source.of(params.reader, str(source.resolve()), params.options, "", params.limits)
    base = os.environ.get("TWINBAND_DATA", "")
    root = f"{base.rstrip('/')}/{params.root}".rstrip("/")
    if not base or ("://" not in root and not Path(root).exists()):
        raise InputError(
            f"{item}: its raw files are looked for at $TWINBAND_DATA/{params.root}, and "
            + (f"{root} does not exist" if base else "TWINBAND_DATA is not set")
            + "; set it to the folder that holds your datasets: export TWINBAND_DATA=…"
        )
    inventory = str(source.resolve())
    return Source.of(params.reader, root, params.options, inventory, params.limits, base)


def write_sheet(pairs: Path, folder: Path) -> None:
    """Write ``sheet.jpg``: pairs spread evenly over the dataset."""
    folder.mkdir(parents=True)
    dataset = open_products({"pairs": pairs})
    if not len(dataset):
        raise InputError(f"{pairs}: not one usable pair; see the reasons in its manifest")
    chosen = np.unique(np.linspace(0, len(dataset) - 1, SHEET_PAIRS).round().astype(int))
    samples = [dataset[int(index)] for index in chosen]
    sheet = contact_sheet(
        [(s["key"], s["pairs"]["rgb"], s["pairs"].get("thermal")) for s in samples], SHEET_COLUMNS
    )
    write_atomically(folder / "sheet.jpg", encode_jpeg(sheet, QUALITY))


def write_left_out(manifest: pa.Table, path: Path) -> None:
    """Write a table of the pairs that were not taken in, with reasons."""
    rows = manifest.filter(pc.not_equal(manifest["status"], "ok"))
    columns = {
        column: pa.array(map(defused, rows[column].to_pylist()), pa.string())
        for column in ("key", "name", "status", "reason", "detail")
    }
    csv.write_csv(pa.table(columns), path)


if __name__ == "__main__":
    main(run)
