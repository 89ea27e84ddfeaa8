"""Taking a shard from the work folder into a product's."""

from pathlib import Path

import pyarrow as pa

from twinband.shards.write import Shard, finished_shard, link, read_rows


def adopt_shard(path: Path, out: Path) -> tuple[Shard, pa.Table]:
    """A finished shard, linked into the folder ``out``, and its rows.

    Raises:
        FileNotFoundError: it is not there, or not finished.
    """
    shard = finished_shard(path)
    if shard is None:
        raise FileNotFoundError(f"{path} vanished while the stage ran; run it again")
    out.mkdir(parents=True, exist_ok=True)
    link(path, out / path.name)
    return shard, read_rows(path)
