"""Hostile raw data end in a row or a line: the whole corpus, and what single cases must say."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.made.hostile.cases import Case, cases, write_hostile_pairs
from tests.made.hostile.images import hostile_images
from tests.made.raw_pairs import ingest_folder, rows_by_name, write_pair
from twinband.cli import app
from twinband.core.errors import MOST_CHARACTERS
from twinband.ingest.files import BAD_CHARACTER
from twinband.verify import verify_product

ROOT = Path(__file__).parents[3]
MOST_MIB = 1536
REASONS = {
    *("truncated", "undecodable", "too_large", "too_small", "wrong_channels", "wrong_bit_depth"),
    *("bad_label", "not_text", "listed_but_missing", "missing_partner", "key_collision"),
    *("not_a_file", "link_outside", "unreadable", "bad_name", "odd_name", "unpaired_sequence"),
    *("unknown_unit", "no_data"),
    *("label_dropped", "boxes_dropped", "boxes_clipped"),
}
# Of the pair that holds the hostile thing; empty where it is harmless.
EXPECTED = {
    "annotation/another-file": "",
    "annotation/declares-unicode": "",
    "annotation/laughs": "label_dropped",
    "annotation/size-nan": "",
    "annotation/utf-16": "",
    "folder/hole": "too_large",
    "folder/link-to-kernel": "link_outside",
    "folder/link-to-link-to-secret": "link_outside",
    "folder/link-to-neighbour": "",
    "folder/link-to-noise": "link_outside",
    "folder/link-to-pipe": "not_a_file",
    "folder/link-to-secret": "link_outside",
    "folder/link-to-zeros": "link_outside",
    "folder/pipe": "not_a_file",
    "folder/relative-link-to-secret": "link_outside",
    "folder/socket": "not_a_file",
    "image/a-little-too-vast.png": "too_large",
    "image/exif-text.png": "",
    "image/fractions-a-million.tif": "too_large",
    "image/many-scans.jpg": "too_large",
    "image/text-bomb.png": "undecodable",
    "image/vast.bmp": "too_large",
    "image/vast.jpg": "too_large",
    "image/vast.png": "too_large",
    "image/vast.tif": "too_large",
    "tar/hard-link": "",
    "tar/hole-of-a-tebibyte": "not_a_file",
    "tar/hole-of-further-form": "not_a_file",
    "tar/hole-of-old-further-form": "not_a_file",
    "tar/link-out": "not_a_file",
    "track/overflow": "label_dropped",
}
LINES = {
    "attributes/huge-cell": "line 1 cannot be read (field larger",
    "attributes/line-twice": "line 3 says otherwise of 'good'",
    "folder/hole-as-attributes": "raise ingest.common.limits.text_mib",
    "folder/link-bomb": "more than 10000 linked folders",
    "folder/pipe-as-attributes": "attributes.csv: a pipe (FIFO), not a file",
    "folder/secret-as-attributes": "attributes.csv: a link out of the dataset",
    "list/many-unknown": "200000 listed pairs are not there",
    "list/zeros": "test.txt: no text",
    "tar/attributes-digits": "a number of 300 digits",
    "tar/attributes-vast": "states 1099511627776 bytes",
    "tar/bomb": "claims to unpack to 1024 MiB",
    "tar/compressed-cut": "ended before",
    "tar/cut-in-header": "damaged at byte",
    "tar/damaged-header": "damaged at byte",
    "tar/long-names-in-chain": "recursion",
    "tar/size-minus-block": "states -512 bytes",
    "tar/xz-cut": "ended before",
    "tar/zip": "at its top there is: nothing",
}

Told = Mapping[str, Any]  # outcome, memory, and rows (reason and detail by name) or a line


def test_the_whole_corpus_ends_in_rows_or_lines(tmp_path: Path) -> None:
    """One test, since it takes long and test runners would share its parts out."""
    out = tmp_path / "told.jsonl"
    command = [sys.executable, "-W", "ignore", "-m", "tests.made.hostile", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=3600, capture_output=True)
    told = {result["case"]: result for result in map(json.loads, out.open())}
    assert len(told) >= 400
    wrong = {name: t for name, t in told.items() if t["outcome"] not in ("rows", "line")}
    assert wrong == {}, "tracebacks, hangs, crashes, leaks"
    assert {name: t["rss_mib"] for name, t in told.items() if t["rss_mib"] > MOST_MIB} == {}
    assert {name: t for name, t in told.items() if not for_people(t)} == {}
    beside = [t["rows"]["good"] for name, t in told.items() if name.startswith("image/")]
    assert len(beside) > 200 and all(row == ["", ""] for row in beside)
    assert {name: of_the_bad_pair(told[name]) for name in EXPECTED} == {
        name: {reason} for name, reason in EXPECTED.items()
    }
    assert {
        name: told[name] for name, text in LINES.items() if text not in line_of(told[name])
    } == {}


def for_people(result: Told) -> bool:
    """Tell if all that was said is short, known and of one line."""
    rows = result.get("rows", {})
    line = line_of(result)
    return (
        len(line) < 4 * MOST_CHARACTERS
        and "\n" not in line
        and all(
            not BAD_CHARACTER.search(name)
            and detail.isprintable()
            and len(detail) <= 2 * MOST_CHARACTERS
            and reason in {*REASONS, ""}
            and bool(reason) == bool(detail)
            for name, (reason, detail) in rows.items()
        )
    )


def line_of(result: Told) -> str:
    """Take the line that a set was refused with."""
    return str(result.get("line", ""))


def of_the_bad_pair(result: Told) -> set[str]:
    """Take the reasons of all pairs but the good one."""
    return {reason for name, (reason, _) in result.get("rows", {}).items() if name != "good"}


@pytest.fixture(scope="module")
def corpus() -> Mapping[str, Case]:
    """All cases by name."""
    return {case.name: case for case in cases()}


@pytest.mark.filterwarnings("ignore")
def test_all_hostile_images_of_one_set_are_quarantined_or_taken(tmp_path: Path) -> None:
    root = tmp_path / "raw"
    write_pair(root, "good", 1)
    for name, data in hostile_images().items():
        stem, _, suffix = name.rpartition(".")
        write_hostile_pairs(root, f"{suffix}-{stem}", suffix, data)
    rows = rows_by_name(ingest_folder(root, tmp_path))
    assert len(rows) == 2 * len(hostile_images()) + 1
    assert {row["status"] for row in rows.values()} == {"ok", "quarantined", "duplicate"}
    assert rows["png-vast-rgb"]["reason"] == "too_large"
    assert (
        "raise ingest.common.limits.image_megapixels" in rows["png-a-little-too-vast-rgb"]["detail"]
    )
    assert verify_product(tmp_path / "pairs") == []


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    [
        "annotation/control-in-name",
        "annotation/declares-ANSI",
        "attributes/commands",
        "attributes/huge-cell",
        "folder/all-bad",
        "folder/empty",
        "folder/folder-linked-outside",
        "folder/no-utf-8",
        "folder/pipe",
        "folder/quotes",
        "folder/rings",
        "folder/terminal",
        "image/vast.png",
        "list/names-that-command",
        "list/nul",
        "tar/bomb",
        "tar/compressed-cut",
        "tar/control-in-name",
    ],
)
def test_the_command_says_it_in_lines(
    tmp_path: Path, corpus: Mapping[str, Case], name: str
) -> None:
    case = corpus[name]
    root = case.build(tmp_path / "set")
    options = [part for item in case.options.items() for part in ("--option", "=".join(item))]
    result = CliRunner().invoke(app, ["datasets", "check", case.reader, str(root), *options])
    assert result.exit_code in (0, 3), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert all(line.isprintable() for line in result.output.split("\n"))
    if result.exit_code:
        assert result.stderr.startswith("twinband: ") and result.stderr.count("\n") == 1
