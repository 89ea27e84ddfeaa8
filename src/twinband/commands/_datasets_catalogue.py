"""The datasets that are known, by reader or by recipe, and the one that a name means."""

import difflib
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from twinband.cli import UsageError
from twinband.ingest.about import About
from twinband.ingest.dataset import layout_class, reader_names
from twinband.ingest.layout import Layout
from twinband.ingest.recipes import RECIPES

TASKS: Mapping[str, str] = {
    "detection": "Detection",
    "segmentation": "Segmentation",
    "saliency": "Salient objects",
    "tracking": "Tracking",
    "fusion": "Fusion",
    "classification": "Classification",
    "": "Your own data",
}
PIXELS = re.compile(r"\d{2,5}x\d{2,5}")
SUGGESTED = 5


@dataclass(frozen=True, slots=True)
class Known:
    """A layout that can be read, of public sets or of nobody in particular.

    Attributes:
        name: of the reader, or of the recipe.
        reader: the reader that reads it.
        options: the reader's options of a recipe.
        layout: the files as they must lie, in plain words.
        about: the public sets; None where it is nobody's in particular.
        summary: what it is of, in a few words.
    """

    name: str
    reader: str
    options: Mapping[str, Any]
    layout: str
    about: About | None
    summary: str

    @property
    def task(self) -> str:
        return self.about.task if self.about else ""

    @property
    def title(self) -> str:
        """Name the sets as people do, without authors and year."""
        return self.about.title.partition(" (")[0] if self.about else self.summary

    @property
    def pairs(self) -> str:
        """Count the pairs of the smallest and the largest release; empty if no count is known."""
        releases = self.about.releases.values() if self.about else ()
        counts = sorted({release.pairs for release in releases if release.pairs})
        if not counts:
            return ""
        units = {release.unit for release in releases}
        text = " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1])))
        return text if units == {"pairs"} else f"{text} seq."

    @property
    def size(self) -> str:
        """Tell the size of the images, if it is one."""
        sizes = set(PIXELS.findall(self.about.images)) if self.about else set()
        return sizes.pop() if len(sizes) == 1 else "various" if self.about else ""

    @property
    def by(self) -> str:
        """Name the reader, or the recipe and its reader."""
        return self.name if self.name == self.reader else f"{self.name} (by {self.reader})"

    def names(self) -> set[str]:
        """List all that people may call it."""
        releases = self.about.releases if self.about else ()
        in_title = re.split(r",| and |\(", self.about.title) if self.about else ()
        return {self.name, self.title, *releases, *in_title}


def catalogue() -> list[Known]:
    """List all that is known, by task and name; layouts of nobody in particular come last."""
    known = [
        Known(name, name, {}, layout.expects, layout.about, _summary(layout))
        for name in reader_names()
        for layout in [layout_class(name)]
    ]
    known += [
        Known(name, recipe.reader, recipe.options, recipe.layout, recipe.about, name)
        for name, recipe in RECIPES.items()
    ]
    order = list(TASKS)
    return sorted(known, key=lambda own: (order.index(own.task), own.title.lower()))


def find(name: str) -> Known:
    """Find the one that a name means, in capitals or not: of a reader, a recipe or a dataset.

    Raises:
        UsageError: there is none, or there are several; says which there are.
    """
    wanted = _plain(name)
    called = [(own, {_plain(each) for each in own.names()}) for own in catalogue()]
    exact = [own for own, _ in called if wanted == _plain(own.name)]
    equal = [own for own, names in called if wanted in names]
    part = [own for own, names in called if wanted and any(wanted in each for each in names)]
    for found in (exact, equal, part):
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(sorted(own.name for own in found))
            raise UsageError(f"{name!r} may be any of: {shown}")
    close = list(_close(wanted, called))
    hint = f"did you mean {', '.join(close)}? " if close else ""
    raise UsageError(f"no dataset {name!r} is known; {hint}`twinband datasets` lists all")


def described_readers() -> list[dict[str, Any]]:
    """Describe every reader for programs: layout, options, public sets, recipes."""
    known = catalogue()
    return [
        {
            "reader": name,
            "expects": layout.expects,
            "options": options_of(name),
            "about": asdict(layout.about) if layout.about else None,
            "recipes": [
                {"name": own.name, "options": dict(own.options), "layout": own.layout}
                | {"about": asdict(own.about) if own.about else None}
                for own in known
                if own.reader == name and own.name != name
            ],
        }
        for name in reader_names()
        for layout in [layout_class(name)]
    ]


def options_of(reader: str) -> list[dict[str, Any]]:
    """Describe the options of a reader."""
    return [
        {
            "name": name,
            "required": field.is_required(),
            "default": None if field.is_required() else field.default,
            "description": field.description,
        }
        for name, field in layout_class(reader).Options.model_fields.items()
    ]


def _summary(layout: type[Layout]) -> str:
    """Take from a reader's first line what it is of: ``Reader of any dataset …, such as KAIST.``"""
    first = (sys.modules[layout.__module__].__doc__ or layout.__module__).partition("\n")[0]
    return first.removeprefix("Reader of ").partition(",")[0].rstrip(".")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _close(wanted: str, called: Sequence[tuple[Known, set[str]]]) -> Iterator[str]:
    """Name those that are called much like ``wanted``, the closest first."""
    names = {each: own.name for own, own_names in called for each in own_names}
    matches = difflib.get_close_matches(wanted, names, n=2 * SUGGESTED, cutoff=0.5)
    yield from list(dict.fromkeys(names[match] for match in matches))[:SUGGESTED]
