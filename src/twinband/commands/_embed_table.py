"""Features of images as a Parquet table, for ``twinband embed``.

Shapes: B images, L patches of one, D features.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tqdm import tqdm

from twinband.commands._image_samples import Pixels, Sample
from twinband.core.errors import InputError
from twinband.evaluation.features import FrozenEncoder, Pool, normal_images, pooled
from twinband.evaluation.model import load_model
from twinband.networks.vit import Features
from twinband.networks.weights import WEIGHTS
from twinband.shards.sums import sha256_of
from twinband.shards.write import put_in_place

Loaded = tuple[str, Pixels]  # name and images of a sample


class Embedder:
    """A model that turns samples into rows of a table, one for each image.

    Args:
        folder: of the model, or a ``.json`` that describes an untrained one.
        image_px: side that images are scaled to; None for the model's own.
        batch: samples that go through the model together.

    Attributes:
        schema: of the table: ``name``, ``modality``, ``pooled`` (D), ``rows`` and ``columns`` of
            patches, and ``patches`` (L of D, row by row). Its metadata say what the features are
            of: model, its kind, SHA-256 of the weights, image size, pooling.

    Raises:
        InputError: there is no such model, or images of that size are no whole patches.
    """

    def __init__(self, folder: Path, image_px: int | None, pool: Pool, batch: int) -> None:
        model = load_model(folder)
        rows, columns = model.config.grid
        patch_px = model.config.patch_px
        own = (rows * patch_px, columns * patch_px)
        self._encoder = FrozenEncoder(model, (image_px, image_px) if image_px else own)
        self._pool: Pool = pool
        self._batch = batch
        width = pa.list_(pa.float32(), model.config.width)
        self.schema = pa.schema(
            [
                pa.field("name", pa.string(), nullable=False),
                pa.field("modality", pa.string(), nullable=False),
                pa.field("pooled", width, nullable=False),
                pa.field("rows", pa.int32(), nullable=False),
                pa.field("columns", pa.int32(), nullable=False),
                pa.field("patches", pa.list_(width), nullable=False),
            ],
            metadata={
                "model": str(folder),
                "kind": model.kind,
                "weights_sha256": sha256_of(folder / WEIGHTS if folder.is_dir() else folder),
                "height_px": str(self._encoder.size[0]),
                "width_px": str(self._encoder.size[1]),
                "patch_px": str(patch_px),
                "pool": pool,
            },
        )

    def tables(self, samples: Iterable[Sample]) -> Iterator[pa.Table]:
        """Yield the rows of some samples after the other, in their order, RGB before thermal.

        Both images of a pair are shown to the model at once.

        Raises:
            InputError: an image cannot be read, or the weights are useless.
        """
        remaining = iter(samples)
        while some := [(s.name, s.read()) for s in islice(remaining, self._batch)]:
            for modalities, alike in groupby(some, lambda loaded: tuple(sorted(loaded[1]))):
                yield self._table(list(alike), modalities)

    def _table(self, loaded: Sequence[Loaded], modalities: Sequence[str]) -> pa.Table:
        normal = {
            modality: normal_images([pixels[modality] for _, pixels in loaded], self._encoder.size)
            for modality in modalities
        }
        if len(modalities) == 2:
            found: Mapping[str, Features] = self._encoder.pair(normal)._asdict()
        else:
            found = {m: self._encoder.single(image, m) for m, image in normal.items()}
        tables = [self._rows([name for name, _ in loaded], m, found[m]) for m in modalities]
        order = np.arange(len(tables) * len(loaded)).reshape(len(tables), -1).T.ravel()
        return pa.concat_tables(tables).take(pa.array(order)).combine_chunks()

    def _rows(self, names: Sequence[str], modality: str, features: Features) -> pa.Table:
        count, patches, width = features.tokens.shape
        vectors = pooled(features, self._pool).numpy()
        tokens = pa.FixedSizeListArray.from_arrays(features.tokens.numpy().ravel(), width)
        rows, columns = features.grid
        return pa.Table.from_arrays(
            [
                pa.array(names, pa.string()),
                pa.array([modality] * count, pa.string()),
                pa.FixedSizeListArray.from_arrays(vectors.ravel(), width),
                pa.array([rows] * count, pa.int32()),
                pa.array([columns] * count, pa.int32()),
                pa.ListArray.from_arrays(np.arange(count + 1, dtype=np.int32) * patches, tokens),
            ],
            schema=self.schema,
        )


def write_table(embedder: Embedder, samples: Sequence[Sample], out: Path) -> int:
    """Write the features of all samples to ``out``, which appears whole or not at all.

    Returns:
        The number of rows.

    Raises:
        InputError: there is nothing to embed; and what ``Embedder.tables`` raises.
    """
    if not samples:
        raise InputError("no images to embed")
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    count = 0
    try:
        with (
            temporary.open("wb") as stream,
            pq.ParquetWriter(stream, embedder.schema, compression="zstd") as writer,
        ):
            bar = tqdm(samples, unit="image", leave=False, disable=not sys.stderr.isatty())
            for table in embedder.tables(bar):
                writer.write_table(table)
                count += table.num_rows
            writer.close()
            stream.flush()
            os.fsync(stream.fileno())
        put_in_place(temporary, out)
    finally:
        temporary.unlink(missing_ok=True)
    return count
