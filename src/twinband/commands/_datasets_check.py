"""What ``twinband datasets check`` finds out about a folder, and says in plain words."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twinband.core.errors import BadSample
from twinband.ingest.check import check_pair
from twinband.ingest.dataset import open_layout
from twinband.ingest.files import read_attributes
from twinband.ingest.layout import Entry, Layout, Problem

SAMPLE_PAIRS = 50
ADVICE = {
    "missing_partner": "fetch the missing files, or remove those that are alone",
    "listed_but_missing": "fetch the missing files, or take the names out of the list",
    "key_collision": "rename or remove one of the two files",
    "bad_label": "mend the label file, or remove it: the pair then has no such label",
    "odd_label_id": "mend the label image, or remove it: the pair then has no such label",
    "truncated": "fetch the file again",
    "undecodable": "fetch the file again",
}


@dataclass
class Reason:
    """How often something happened, and the first case of it."""

    count: int
    example: str


@dataclass
class Images:
    """Decoded images of one kind; ``width_px`` and ``height_px`` are the least and the most."""

    modality: str
    channels: int
    bits: int
    count: int
    width_px: tuple[int, int]
    height_px: tuple[int, int]


@dataclass
class Check:
    """The findings; counts are of pairs, ``images`` and ``labels`` of the decoded sample."""

    reader: str
    root: str
    pairs: int
    splits: Mapping[str, int]
    hours: Mapping[str, int]
    sequences: int
    decoded: int = 0
    images: Sequence[Images] = ()
    labels: Mapping[str, int] = field(default_factory=dict)
    problems: Mapping[str, Reason] = field(default_factory=dict)
    sample_problems: Mapping[str, Reason] = field(default_factory=dict)
    remarks: Sequence[str] = ()


def check_dataset(reader: str, root: str, options: Mapping[str, Any]) -> Check:
    """Scan a folder or tar with a reader and decode a sample of its pairs.

    Raises:
        InputError: it is not of the reader's layout.
        ParamsError: the reader has no such options.
    """
    layout = open_layout(reader, root, options)
    found = list(layout.scan())
    entries = [item for item in found if isinstance(item, Entry)]
    problems = [(item.reason, item.detail) for item in found if isinstance(item, Problem)]
    groups = {entry.group for entry in entries if entry.group}
    check = Check(
        reader=reader,
        root=root,
        pairs=len(entries),
        splits=_counted(entry.split or "unnamed" for entry in entries),
        hours=_counted(entry.attributes.get("hour", "unknown") for entry in entries),
        sequences=len(groups),
        problems=_reasons(problems),
        remarks=_remarks(layout, found, {"pairs": len(entries), "sequences": len(groups)}),
    )
    _decode_sample(layout, entries, check)
    return check


def _decode_sample(layout: Layout, entries: Sequence[Entry], check: Check) -> None:
    count = min(SAMPLE_PAIRS, len(entries))
    sample = [entries[index * len(entries) // count] for index in range(count)]
    rows: list[Mapping[str, Any]] = []
    bad = []
    for entry in sample:
        try:
            rows.append(check_pair(layout, entry).row)
        except BadSample as error:
            bad.append((error.reason, error.detail))
    check.decoded = count
    check.images = [*_images("rgb", rows), *_images("thermal", rows)]
    check.labels = _counted(label for row in rows for label in row["labels"])
    check.sample_problems = _reasons(bad)


def _images(modality: str, rows: Sequence[Mapping[str, Any]]) -> list[Images]:
    sizes: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for row in rows:
        kind = (row[f"{modality}_channels"], row[f"{modality}_bits"])
        size = (row[f"{modality}_width"], row[f"{modality}_height"])
        sizes.setdefault(kind, []).append(size)
    found = []
    for (channels, bits), same in sorted(sizes.items()):
        widths, heights = zip(*same, strict=True)
        spread = [(min(values), max(values)) for values in (widths, heights)]
        found.append(Images(modality, channels, bits, len(same), *spread))
    return found


def _remarks(layout: Layout, found: Sequence[Any], counts: Mapping[str, int]) -> list[str]:
    remarks = list(layout.remarks)
    unit, published = layout.published_unit, layout.published
    if published:
        releases = ", ".join(f"{name} {number}" for name, number in published.items())
        relation = "as" if counts[unit] in published.values() else "not as"
        remarks.append(f"{counts[unit]} {unit}, {relation} published ({releases})")
    names = {item.name for item in found}
    listed = read_attributes(layout.files, layout.files.paths())
    strangers = sorted(listed.keys() - names)
    if strangers:
        count = f"{len(strangers)} (e.g. {strangers[0]})"
        remarks.append(f"lines of attributes.csv that name no pair, ignored: {count}")
    return remarks


def _reasons(problems: Sequence[tuple[str, str]]) -> dict[str, Reason]:
    first = dict(reversed(problems))
    counts = Counter(reason for reason, _ in problems).most_common()
    return {reason: Reason(count, first[reason]) for reason, count in counts}


def _counted(values: Any) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def in_words(check: Check) -> list[str]:
    """The findings as lines to print."""
    lines = [f"{check.root}: {check.pairs} pairs, read by {check.reader}"]
    if check.splits.keys() == {"unnamed"}:
        lines.append("  splits: none named by the layout; ingest draws them")
    else:
        lines.append(f"  splits: {_listed(check.splits)}")
    lines.append(f"  hours: {_listed(check.hours)}")
    if check.sequences:
        lines.append(f"  sequences: {check.sequences}")
    lines.append(f"decoded {check.decoded} of them, spread over the dataset:")
    for same in check.images:
        kind = f"{same.modality}, {same.channels} x {same.bits} bits"
        size = f"{_spread(same.width_px)} x {_spread(same.height_px)} px"
        lines.append(f"  {same.count:3d}  {kind}, {size}")
    if check.labels:
        lines.append(f"  labels: {_listed(check.labels)}")
    lines += _problem_lines("problems, quarantined by ingest", check.problems)
    lines += _problem_lines("problems of the decoded pairs", check.sample_problems)
    if not check.problems and not check.sample_problems:
        lines.append("problems: none")
    return [*lines, *(f"remark: {remark}" for remark in check.remarks)]


def _problem_lines(title: str, problems: Mapping[str, Reason]) -> list[str]:
    lines = [f"{title}:"] if problems else []
    for reason, found in problems.items():
        lines.append(f"  {found.count:6d}  {reason}, e.g. {found.example}")
        if reason in ADVICE:
            lines.append(f"          to mend: {ADVICE[reason]}")
    return lines


def _spread(limits: tuple[int, int]) -> str:
    least, most = limits
    return str(least) if least == most else f"{least}…{most}"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())
