"""Inventory of an outside dataset: the committed list of its files, which holds them fast.

It is a table that people open in a spreadsheet, so names that would be formulas are defused.
"""

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from twinband.core.cells import defused, original
from twinband.core.errors import BadSample, InputError, told
from twinband.core.outside import Limits, read_text
from twinband.ingest.files import Files, Recorded, Refused

INVENTORY = Limits(text_mib=1024)  # the project's own file: 10^7 lines
# Of such files nothing can be read when the dataset is ingested, so there is nothing to hold fast.
LEFT_OUT = frozenset({"not_a_file", "link_outside", "too_large"})


def read_inventory(path: Path) -> dict[str, Recorded]:
    """Read the committed list of an outside dataset's files (``path,size,sha256``).

    Raises:
        InputError: it is not such a list.
    """
    try:
        rows = csv.DictReader(io.StringIO(read_text(path, INVENTORY), newline=""))
        return {original(r["path"]): Recorded(int(r["size"]), r["sha256"]) for r in rows}
    except (csv.Error, KeyError, ValueError, TypeError, AttributeError) as error:
        why = told(repr(error))
        raise InputError(f"{path} is no inventory (path,size,sha256): {why}") from None


def write_inventory(
    files: Files, path: Path, track: Callable[[Sequence[str]], Iterable[str]] = iter
) -> list[Refused]:
    """Write the inventory of ``files``; returns what it leaves out, since it is never read.

    Args:
        track: goes through the paths and shows how far it is, such as ``tqdm``.

    Raises:
        BadSample: a file cannot be read.
    """
    rows: list[tuple[str, int, str]] = []
    left_out: list[Refused] = []
    for name in track(files.paths()):
        try:
            data = files.read(name)
        except BadSample as error:
            if error.reason not in LEFT_OUT:
                raise
            left_out.append(Refused(name, error.reason, error.detail))
        else:
            rows.append((defused(name), len(data), hashlib.sha256(data).hexdigest()))
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("path", "size", "sha256"))
        writer.writerows(rows)
    unfinished.replace(path)
    return [*files.refused, *left_out]
