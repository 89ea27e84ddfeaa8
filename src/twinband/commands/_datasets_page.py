"""The known datasets as text: the list, the page of one, and both as a Markdown document."""

import json
import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from twinband.commands._datasets_catalogue import TASKS, Known, catalogue, options_of
from twinband.commands._layout_tree import tree_of
from twinband.ingest.about import Release

WIDTH = 96
TITLE, COUNT, SIZE = 34, 18, 10  # widths of the list's columns
EXAMPLE = {
    "paired_folders": {"rgb": "rgb/*.png", "thermal": "thermal/*.png", "boxes": "boxes/*.xml"}
}
NOT_LISTED = (
    "Yours is not there? If names, or a table, tell which images belong together, paired_folders "
    "reads it: twinband datasets show paired_folders"
)
DOCUMENT = """# Datasets

Made by `twinband datasets --markdown`, as a test checks; in a terminal, `twinband datasets` lists
the sets and `twinband datasets show NAME` prints the page of one. Counts and sizes are as
published: a copy that differs is told, never refused. Terms are those of the authors, and a
user's copy may come with others.
"""


def in_lines() -> Iterator[str]:
    """List the datasets by task, one a line."""
    head = ("dataset", "pairs", "size", "reader or recipe")
    known = catalogue()
    yield f"{_row(head)}"
    for task, title in TASKS.items():
        own = [each for each in known if each.task == task]
        if own:
            yield ""
            yield title
            yield from (f"  {_row(_cells(each))}"[:WIDTH].rstrip() for each in own)
    yield ""
    yield from textwrap.wrap(NOT_LISTED, WIDTH)
    yield "next: twinband datasets show NAME"


def page(known: Known) -> Iterator[str]:
    """Tell all that is known of one layout."""
    about = known.about
    yield about.title if about else known.name
    yield "=" * len(about.title if about else known.name)
    if about:
        for title, text in _published(known).items():
            yield from _titled(title, text)
    yield ""
    yield f"Files, as {known.by} expects them:"
    yield from textwrap.wrap(known.layout, WIDTH, initial_indent="  ", subsequent_indent="  ")
    tree = tree_of(known.layout)
    if tree:
        yield ""
        yield from (f"    {line}" for line in tree)
    if about and about.defects:
        yield ""
        yield "Known defects, and what becomes of them:"
        for defect in about.defects:
            yield from textwrap.wrap(f"- {defect}", WIDTH, subsequent_indent="  ")
    yield ""
    yield f"Options of {known.reader}:"
    for option in options_of(known.reader):
        words = f"{option['name']} ({_default(option)}): {option['description']}"
        yield from textwrap.wrap(words, WIDTH, initial_indent="  ", subsequent_indent="      ")
    yield ""
    yield "Type:"
    yield from (f"  {line}" for line in commands(known))


def commands(known: Known) -> list[str]:
    """Write the commands that check and add the dataset."""
    options = {**known.options} or EXAMPLE.get(known.name, {})
    given = [
        part
        for name, value in options.items()
        for part in ("--option", f"{name}={_option_text(value)}")
    ]
    name = known.name.replace("_", "-")
    root = f"$TWINBAND_DATA/{name}"
    tail = f" {shlex.join(given)}" if given else ""
    return [
        "export TWINBAND_DATA=/where/your/datasets/are",
        f"twinband datasets check {known.reader} {root}{tail}",
        f"twinband datasets add {name} {root} --reader {known.reader}{tail}",
        f"dvc repro register@{name}",
        f"twinband datasets export {name} out/{name} --to coco",
    ]


def markdown() -> str:
    """Write the list and all pages as one document."""
    known = catalogue()
    parts = [DOCUMENT]
    for task, title in TASKS.items():
        own = [each for each in known if each.task == task]
        if own:
            rows = [(f"[{each.title}](#{each.name})", *_cells(each)[1:]) for each in own]
            parts.append(_table(title, rows))
    parts += [_markdown_page(each) for each in known]
    return "\n".join(parts)


def _published(known: Known) -> Mapping[str, str]:
    about = known.about
    assert about is not None
    releases = [_release(name, own) for name, own in about.releases.items() if own.pairs]
    words = {
        "task": TASKS[about.task].lower(),
        "releases": "; ".join(releases),
        "images": about.images,
        "labels": about.labels,
        "splits": about.splits,
        "terms": about.terms,
        "source": about.source,
    }
    return {title: text for title, text in words.items() if text}


def _release(name: str, release: Release) -> str:
    splits = ", ".join(f"{split} {count:,}" for split, count in release.splits.items())
    return f"{name}: {release.pairs:,} {release.unit}" + (f" ({splits})" if splits else "")


def _markdown_page(known: Known) -> str:
    about = known.about
    lines = [f'\n<a id="{known.name}"></a>\n\n## {about.title if about else known.name}\n']
    if about:
        lines += [f"- **{title}**: {text}" for title, text in _published(known).items()]
    lines += [f"- **files**, as {known.by} expects them: {_escaped(known.layout)}"]
    if tree := tree_of(known.layout):
        lines += ["", "```", *tree, "```"]
    if about and about.defects:
        lines += ["", "Known defects, and what becomes of them:", ""]
        lines += [f"- {defect}" for defect in about.defects]
    if known.name == known.reader:
        options = options_of(known.reader)
        lines += ["", f"Options of `{known.reader}`:", ""]
        lines += [f"- `{o['name']}` ({_default(o)}): {_escaped(o['description'])}" for o in options]
    return "\n".join([*lines, "", "```sh", *commands(known), "```", ""])


def _titled(title: str, text: str) -> list[str]:
    indent = " " * 10
    return textwrap.wrap(f"{title:<10}{text}", WIDTH, subsequent_indent=indent)


def _cells(known: Known) -> tuple[str, str, str, str]:
    return known.title, known.pairs, known.size, known.name


def _row(cells: Sequence[str]) -> str:
    title, pairs, size, by = cells
    if not pairs and not size:
        return f"{title:<{TITLE + COUNT + SIZE + 3}} {by}"
    return f"{title:<{TITLE}} {pairs:>{COUNT}}  {size:<{SIZE}} {by}"


def _table(title: str, rows: Sequence[Sequence[str]]) -> str:
    head = ("dataset", "pairs", "size", "reader or recipe")
    lines = [head, ["---"] * len(head), *rows]
    cells = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"**{title}**\n\n{cells}\n"


def _default(option: Mapping[str, Any]) -> str:
    return "required" if option["required"] else json.dumps(option["default"])


def _option_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _escaped(text: str) -> str:
    """Keep patterns from being read as Markdown."""
    for sign in ("*", "_", "<"):
        text = text.replace(sign, f"\\{sign}")
    return text
