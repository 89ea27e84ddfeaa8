"""Facts of an ingested dataset, and its data card."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from twinband.core.params import Facts
from twinband.ingest.params import IngestParams
from twinband.shards.product import count_rows, count_values, markdown_card, markdown_table


class Protocol(Facts):
    """The identity of a dataset as a benchmark: scores of two protocols are not comparable.

    Hashes are the first 16 digits of SHA-256.

    Attributes:
        fingerprint: changes with all that stands below, but for ``release`` and ``expected``.
        split_source: in plain words.
        splits: pairs by split as scanned; where ingest draws the splits, by ``unnamed``.
        split_hashes: of the names of the pairs of each split.
        list_hashes: of the files that say something of many pairs: lists of the splits, tables,
            shared labels.
        annotations: generation of the labels; empty where there is only one, or none.
        label_files: their number.
        label_hash: of all of them; empty if there are none.
        sequences: their number.
        release: the published release that has these counts, if any.
        expected: counts of the published releases of this layout.
    """

    fingerprint: str
    split_source: str
    splits: dict[str, int]
    split_hashes: dict[str, str]
    list_hashes: dict[str, str]
    annotations: str
    label_files: int
    label_hash: str
    sequences: int
    release: str
    expected: dict[str, dict[str, int]]

    def in_words(self) -> dict[str, str]:
        """Say each part in a line, by its title."""
        hashed = ", ".join(f"{path} {digits}" for path, digits in self.list_hashes.items())
        splits = ", ".join(
            f"{split} {count} ({self.split_hashes[split]})" for split, count in self.splits.items()
        )
        labels = f"{self.label_files} files ({self.label_hash})" if self.label_files else "no files"
        words = {
            "fingerprint": self.fingerprint,
            "splits": splits,
            "splits come from": self.split_source,
            "lists and tables": hashed,
            "labels": f"{labels}; {self.annotations}" if self.annotations else labels,
            "published": self.as_published(),
        }
        return {title: text for title, text in words.items() if text}

    def as_published(self) -> str:
        """Compare the counts with those of the published releases; empty if none is known."""
        if not self.expected:
            return ""
        releases = "; ".join(
            f"{name} {', '.join(f'{what} {count}' for what, count in counts.items())}"
            for name, counts in self.expected.items()
        )
        return f"as {self.release}" if self.release else f"other counts than {releases}"


class IngestFacts(Facts):
    """facts/ingest/D.json.

    Attributes:
        pairs: usable ones.
        left_out: pairs that are in the manifest only.
        reasons: pairs left out, by reason.
        splits, hours: usable pairs by split and by hour of the day.
        bytes: of all shards.
        product: identity of the product.
        without_thermal: usable ones that are an RGB image alone; None if there are none.
        untaken: images below the root that no rule of the layout took, by folder and suffix; None
            if all were taken.
        protocol: the dataset's identity as a benchmark.
    """

    pairs: int
    left_out: int
    reasons: dict[str, int]
    splits: dict[str, int]
    hours: dict[str, int]
    bytes: int
    product: str
    without_thermal: int | None = None
    untaken: dict[str, int] | None = None
    protocol: Protocol | None = None

    def headline(self) -> dict[str, float]:
        """The numbers for metrics/."""
        return {"pairs": self.pairs, "left_out": self.left_out}


def facts_of(
    rows: pa.Table,
    bytes: int = 0,
    product: str = "",
    untaken: Mapping[str, int] | None = None,
    protocol: Protocol | None = None,
) -> IngestFacts:
    """Count the pairs of a dataset, by its manifest's rows; ``untaken`` and ``protocol`` are
    known from its scan."""
    usable = pc.equal(rows["status"], "ok")
    kept, left_out = rows.filter(usable), rows.filter(pc.invert(usable))
    return IngestFacts(
        pairs=kept.num_rows,
        left_out=left_out.num_rows,
        reasons=count_values(left_out["reason"]),
        splits=count_values(kept["split"]),
        hours=count_values(kept["hour"], "unknown"),
        bytes=bytes,
        product=product,
        without_thermal=pc.sum(pc.equal(kept["thermal_path"], "")).as_py() or None,
        untaken=dict(untaken) if untaken else None,
        protocol=protocol,
    )


def card(name: str, params: IngestParams, facts: IngestFacts) -> str:
    """Write the data card: the pairs that are in the folder, and those that were left out."""
    counts = [
        *count_rows("split", facts.splits),
        *count_rows("hour", facts.hours),
        *count_rows("left out", facts.reasons),
    ]
    if facts.without_thermal:
        counts.append(("without thermal", facts.without_thermal))
    return markdown_card(
        f"{name}: pairs",
        ["rgb-thermal", "webdataset"],
        f"{facts.pairs} RGB-thermal pairs (WebDataset shards: {params.shards}), "
        f"read by `{params.reader}`.",
        markdown_table(("what", "pairs"), counts),
        *_protocol_parts(facts.protocol),
        "`manifest.parquet` has one row a pair, those left out included; what was quarantined "
        "stands in `quarantine-*.tar` as it was found.",
        pretty_name=name,
        license=params.licence,
    )


def _protocol_parts(protocol: Protocol | None) -> list[str]:
    if protocol is None:
        return []
    rows = [(title, _in_cell(text)) for title, text in protocol.in_words().items()]
    return [
        "## Protocol",
        "Scores on this dataset are comparable if the fingerprint is the same.",
        markdown_table(("what", "it is"), rows),
    ]


def _in_cell(text: str) -> str:
    """Keep text of a dataset from ending a cell of a Markdown table."""
    return text.replace("|", "\\|")
