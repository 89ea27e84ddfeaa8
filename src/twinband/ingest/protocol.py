"""Protocol of a dataset: hashes, counts and sources that tell whether two scores are comparable.

It is taken from a scan and from the label files, so that it is the same whatever the workers, and
for ``twinband datasets check`` and ``ingest`` alike. Splits that ingest draws are not part of it:
they follow from the names of the pairs and from parameters, which stand beside it in the facts.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from twinband.core.errors import BadSample
from twinband.ingest.about import Release
from twinband.ingest.facts import Protocol
from twinband.ingest.files import Files
from twinband.ingest.layout import Layout

DIGITS = 16
FILE = "protocol.json"  # in the folder of the product
DRAWN = "drawn by ingest"
UNNAMED = "unnamed"


def protocol_of(layout: Layout) -> Protocol:
    """Describe the protocol of a layout that was scanned."""
    names = {split or UNNAMED: own for split, own in sorted(layout.names.items())}
    splits = {split: len(own) for split, own in names.items()}
    lists = {
        path: digest[:DIGITS]
        for path, digest in sorted(layout.read_files.items())
        if path not in layout.label_files
    }
    parts: dict[str, Any] = {
        "split_source": layout.split_source or DRAWN,
        "splits": splits,
        "split_hashes": {split: _hash(own) for split, own in names.items()},
        "list_hashes": lists,
        "annotations": layout.annotations,
        "label_files": len(layout.label_files),
        "label_hash": _hash(_label_lines(layout)) if layout.label_files else "",
        "sequences": layout.sequences,
    }
    releases = layout.about.releases if layout.about else {}
    known = {name: expected_of(release) for name, release in releases.items()}
    found = {**splits, "pairs": sum(splits.values()), "sequences": layout.sequences}
    return Protocol(
        **parts,
        fingerprint=_hash([json.dumps(parts, sort_keys=True)]),
        release=next((name for name, own in known.items() if own and _fits(own, found)), ""),
        expected={name: counts for name, counts in known.items() if counts},
    )


def expected_of(release: Release) -> dict[str, int]:
    """List the counts that are known of a release: of all, and by split."""
    whole: dict[str, int] = {release.unit: release.pairs} if release.pairs else {}
    return {**whole, **release.splits}


def _fits(expected: Mapping[str, int], found: Mapping[str, int]) -> bool:
    return all(found.get(what) == count for what, count in expected.items())


def _label_lines(layout: Layout) -> Iterable[str]:
    """Give path and content hash of each label file; the inventory knows the latter, if any."""
    for path in sorted(layout.label_files):
        yield f"{path} {_content_hash(layout.files, path)}"


def _content_hash(files: Files, path: str) -> str:
    recorded = files.inventory.get(path) if files.inventory is not None else None
    if recorded:
        return recorded.sha256
    try:
        return hashlib.sha256(files.read(path)).hexdigest()
    except BadSample as error:
        return error.reason


def _hash(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()[:DIGITS]
