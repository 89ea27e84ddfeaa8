"""The check of a dataset's folder, for ``twinband datasets check``, and its report in words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twinband.core.errors import BadSample
from twinband.ingest.check import check_pair
from twinband.ingest.dataset import LIMITS, open_layout
from twinband.ingest.facts import Protocol
from twinband.ingest.layout import Entry, Layout, Problem
from twinband.ingest.notes import MEANINGS
from twinband.ingest.params import IngestLimits
from twinband.ingest.protocol import DRAWN, protocol_of

SAMPLE_PAIRS = 50
NOT_STRICT = "leave strict_labels out: its pair is then kept without it"
ADVICE = {
    "missing_partner": "fetch the missing files, or remove those that are alone",
    "listed_but_missing": "fetch the missing files, or take the names out of the list",
    "key_collision": "rename or remove one of the two files",
    "odd_name": "remove it if it is a copy, or rename it as the others are",
    "unpaired_sequence": "give frames of one moment one number, in files of both modalities",
    "unknown_split": "rename the folder, or leave it out by the patterns",
    "bad_label": f"mend the label file, or {NOT_STRICT}",
    "odd_label_id": f"mend the label image, or {NOT_STRICT}",
    "truncated": "fetch the file again",
    "undecodable": "fetch the file again",
    "bad_name": "rename the file",
    "not_text": "save the file as UTF-8 text",
    "not_a_file": "put a plain file in its place, or remove it",
    "unknown_unit": "say it by the option float_thermal, or take the radiometric files",
    "no_data": "fetch the file again, or remove it",
    "link_outside": "put a copy in its place, or set TWINBAND_DATA to a folder that holds both",
}


@dataclass
class Reason:
    """Number of the problems of one kind, and the first of them."""

    count: int
    example: str


@dataclass
class Images:
    """Decoded images of one kind; ``width_px`` and ``height_px`` are ranges."""

    modality: str
    channels: int
    bits: int
    count: int
    width_px: tuple[int, int]
    height_px: tuple[int, int]


@dataclass
class Check:
    """Result of a check; counts are of pairs, ``images`` and ``labels`` of the decoded sample.

    ``untaken`` counts images that no rule of the layout took, by folder and suffix; ``protocol``
    says which benchmark this is.
    """

    reader: str
    root: str
    pairs: int
    splits: Mapping[str, int]
    split_source: str
    hours: Mapping[str, int]
    sequences: int
    decoded: int = 0
    images: Sequence[Images] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    problems: Mapping[str, Reason] = field(default_factory=dict)
    sample_problems: Mapping[str, Reason] = field(default_factory=dict)
    notes: Mapping[str, Reason] = field(default_factory=dict)
    untaken: Mapping[str, int] = field(default_factory=dict)
    remarks: Sequence[str] = ()
    protocol: Mapping[str, Any] = field(default_factory=dict)


def check_dataset(
    reader: str,
    root: str,
    options: Mapping[str, Any],
    limits: IngestLimits = LIMITS,
    within: str = "",
) -> Check:
    """Scan a folder or archive with a reader and decode a sample of its pairs.

    Args:
        within: folder of all outside data, to which links may lead.

    Raises:
        InputError: it is not of the reader's layout.
        ParamsError: the reader has no such options.
    """
    layout = open_layout(reader, root, options, None, limits, within)
    scanned = list(layout.scan())
    entries = [item for item in scanned if isinstance(item, Entry)]
    problems = [(item.reason, item.detail) for item in scanned if isinstance(item, Problem)]
    groups = {entry.group for entry in entries if entry.group}
    check = Check(
        reader=reader,
        root=root,
        pairs=len(entries),
        splits=_counted(entry.split or "unnamed" for entry in entries),
        split_source=layout.split_source or DRAWN,
        hours=_counted(entry.attributes.get("hour", "unknown") for entry in entries),
        sequences=len(groups),
        problems=_reasons(problems),
        untaken=dict(layout.untaken),
        remarks=_remarks(layout, {"pairs": len(entries), "sequences": len(groups)}),
    )
    _decode_sample(layout, entries, check)
    check.protocol = protocol_of(layout).plain()
    return check


def _decode_sample(layout: Layout, entries: Sequence[Entry], check: Check) -> None:
    count = min(SAMPLE_PAIRS, len(entries))
    sample = [entries[index * len(entries) // count] for index in range(count)]
    rows: list[Mapping[str, Any]] = []
    problems: list[tuple[str, str]] = []
    notes: list[tuple[str, str]] = []
    for entry in sample:
        try:
            checked = check_pair(layout, entry)
            rows.append(checked.row)
            notes += checked.notes.items()
        except BadSample as error:
            problems.append((error.reason, error.detail))
    check.decoded = count
    with_thermal = [row for row in rows if row["thermal_path"]]
    check.images = [*_images("rgb", rows), *_images("thermal", with_thermal)]
    check.labels = _counted(label for row in rows for label in row["labels"])
    check.sample_problems = _reasons(problems)
    check.notes = _reasons(notes)


def _images(modality: str, rows: Sequence[Mapping[str, Any]]) -> list[Images]:
    sizes: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row in rows:
        kind = (row[f"{modality}_channels"], row[f"{modality}_bits"])
        size = (row[f"{modality}_width"], row[f"{modality}_height"])
        sizes.setdefault(kind, []).append(size)
    images = []
    for (channels, bits), same_kind in sorted(sizes.items()):
        widths, heights = zip(*same_kind, strict=True)
        ranges = [(min(values), max(values)) for values in (widths, heights)]
        images.append(Images(modality, channels, bits, len(same_kind), *ranges))
    return images


def _remarks(layout: Layout, counts: Mapping[str, int]) -> list[str]:
    remarks = list(layout.remarks)
    if layout.about and any(release.pairs for release in layout.about.releases.values()):
        known = layout.about.releases
        unit = next(iter(known.values())).unit
        releases = ", ".join(f"{name} {release.pairs}" for name, release in known.items())
        as_published = counts[unit] in {release.pairs for release in known.values()}
        relation = "as" if as_published else "not as"
        remarks.append(f"{counts[unit]} {unit}, {relation} published ({releases})")
    return remarks


def _reasons(problems: Sequence[tuple[str, str]]) -> dict[str, Reason]:
    first = dict(reversed(problems))
    counts = Counter(reason for reason, _ in problems).most_common()
    return {reason: Reason(count, first[reason]) for reason, count in counts}


def _counted(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def in_words(check: Check) -> list[str]:
    """Describe the result in lines to print."""
    lines = [f"{check.root}: {check.pairs} pairs, read by {check.reader}"]
    lines += _split_lines(check)
    lines.append(f"  hours: {_listed(check.hours)}")
    if check.sequences:
        lines.append(f"  sequences: {check.sequences}")
    lines.append(f"decoded {check.decoded} of them, spread over the dataset:")
    for images in check.images:
        kind = f"{images.modality}, {images.channels} x {images.bits} bits"
        size = f"{_range(images.width_px)} x {_range(images.height_px)} px"
        lines.append(f"  {images.count:3d}  {kind}, {size}")
    if check.labels:
        lines.append(f"  labels: {_listed(check.labels)}")
    lines += _problem_lines("problems, quarantined by ingest", check.problems)
    lines += _problem_lines("problems of the decoded pairs", check.sample_problems)
    if not check.problems and not check.sample_problems:
        lines.append("problems: none")
    lines += _note_lines(check.notes)
    lines += _protocol_lines(Protocol.model_validate(check.protocol))
    return [*lines, *(f"remark: {remark}" for remark in check.remarks)]


def _split_lines(check: Check) -> list[str]:
    """Say which pairs are of which split, and who says so."""
    if check.splits.keys() == {"unnamed"}:
        return ["  splits: none named by the layout; ingest draws them"]
    drawn = "; the unnamed are drawn by ingest" if "unnamed" in check.splits else ""
    return [
        f"  splits: {_listed(check.splits)}",
        f"  splits come from: {check.split_source}{drawn}",
    ]


def _protocol_lines(protocol: Protocol) -> list[str]:
    """Say what a score must name to be comparable; what stands above already is left out."""
    words = protocol.in_words()
    shown = [title for title in ("lists and tables", "labels") if title in words]
    return [
        f"protocol {protocol.fingerprint}:",
        *(f"  {split}: {digits}" for split, digits in protocol.split_hashes.items()),
        *(f"  {title}: {words[title]}" for title in shown),
    ]


def _problem_lines(title: str, problems: Mapping[str, Reason]) -> list[str]:
    lines = [f"{title}:"] if problems else []
    for reason, cases in problems.items():
        lines.append(f"  {cases.count:6d}  {reason}, e.g. {cases.example}")
        if reason in ADVICE:
            lines.append(f"          to mend: {ADVICE[reason]}")
    return lines


def _note_lines(notes: Mapping[str, Reason]) -> list[str]:
    lines = ["notes on the decoded pairs, which are kept:"] if notes else []
    for word, cases in notes.items():
        example = f", e.g. {cases.example}" if cases.example else ""
        lines.append(f"  {cases.count:6d}  {word}: {MEANINGS[word]}{example}")
    return lines


def _range(limits: tuple[int, int]) -> str:
    least, most = limits
    return str(least) if least == most else f"{least}…{most}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())
