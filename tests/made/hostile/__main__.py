"""Run the corpus, each case in a process of its own: ``python -m tests.made.hostile OUT [BEGIN]``.

Writes a JSON line a case. A case has a time and an address space that only a hang or a bomb
exceeds, so the machine is safe from code that is not.
"""

import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from tests.made.hostile.cases import Case, cases
from tests.made.hostile.folders import SECRET
from tests.made.raw_pairs import ingest_folder
from twinband.core.errors import BadSample, InputError, TooManyBadSamples
from twinband.core.params import ParamsError
from twinband.ingest.check import check_pair
from twinband.ingest.dataset import open_layout
from twinband.ingest.layout import Entry

LOST = ("label_dropped", "boxes_dropped", "boxes_clipped")
MOST_SECONDS, MOST_BYTES = 300, 6 << 30
INGESTED = ("list/", "tar/", "folder/")  # of the others the stage sees no more than a check does


def examine(case: Case, folder: Path) -> dict[str, Any]:
    """Read a case as ``datasets check`` does, then as the stage does; tell what was said."""
    root = case.build(folder / "set")
    rows: dict[str, list[str]] = {}
    try:
        layout = open_layout(case.reader, str(root), case.options)
        for item in layout.scan():
            if not isinstance(item, Entry):
                rows[item.name] = [item.reason, item.detail]
                continue
            try:
                notes = check_pair(layout, item).notes
                word = next((word for word in LOST if word in notes), "")
                rows[item.name] = [word, notes.get(word, "")]
            except BadSample as error:
                rows[item.name] = [error.reason, error.detail]
    except (InputError, ParamsError) as error:
        return {"outcome": "line", "line": str(error)}
    if case.name.startswith(INGESTED):
        ingested(case, root, folder)
    leaked = [str(p) for p in (folder / "made").rglob("*.tar") if SECRET in p.read_bytes()]
    return {"outcome": "leak" if leaked else "rows", "rows": rows}


def ingested(case: Case, root: Path, folder: Path) -> None:
    """Ingest a case, which may end in an error for people."""
    options = dict(case.options)
    try:
        ingest_folder(root, folder / "made", reader=case.reader, options=options, shards=1)
    except (InputError, TooManyBadSamples):
        return


def isolated(case: Case, folder: Path) -> dict[str, Any]:
    """Examine a case in a child process; an outcome of its own stands for what ended it."""
    told = folder / "told.json"
    child = os.fork()
    if not child:
        signal.alarm(MOST_SECONDS)
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        try:
            result = examine(case, folder)
        except MemoryError:
            result = {"outcome": "memory"}
        except BaseException:
            result = {"outcome": "traceback", "line": traceback.format_exc()[-1500:]}
        told.write_text(json.dumps(result))
        os._exit(0)
    _, status, usage = os.wait4(child, 0)
    if told.is_file():
        result = json.loads(told.read_text())
    else:
        ended = os.waitstatus_to_exitcode(status)
        result = {"outcome": "hang" if ended == -signal.SIGALRM else f"crash {ended}"}
    return {"case": case.name, **result, "rss_mib": usage.ru_maxrss >> 10}


def main(out: Path, begin: str = "") -> None:
    """Run all cases whose names begin so."""
    with out.open("w") as stream:
        for case in cases():
            if not case.name.startswith(begin):
                continue
            folder = Path(tempfile.mkdtemp(prefix="hostile-"))
            try:
                stream.write(json.dumps(isolated(case, folder)) + "\n")
                stream.flush()
            finally:
                shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
