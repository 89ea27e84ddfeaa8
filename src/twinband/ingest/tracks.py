"""Boxes of one target over a sequence: a text file with a box a line, and which line is whose.

The scan puts each line beside its frame, since only there all frames of a sequence are known.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from twinband.core.errors import BadSample, InputError, told
from twinband.ingest.files import Files
from twinband.ingest.layout import Entry, Problem
from twinband.ingest.sequences import Paired, usual_names

Form = Literal["xywh", "xyxy"]
IMAGES_OF = {"target_rgb": "rgb", "target_thermal": "thermal"}  # by label
IN_WORDS = {"xywh": "x, y, w, h", "xyxy": "x1, y1, x2, y2"}
FIRST_NUMBERS = (0, 1)  # of names that count from the first line of a list
MOST_CHARACTERS = 400  # of a line: four numbers have fewer


def parse_box(line: str, where: str, form: Form = "xywh") -> list[float] | None:
    """Parse four numbers with any delimiter to ``[x1, y1, x2, y2]``, in pixels as written.

    A delimiter may end the line too. A target out of sight, which has no area or NaN for a
    number, is None.

    Raises:
        BadSample: ``bad_label`` if these are not four numbers.
    """
    try:
        x, y, third, fourth = map(float, re.findall(r"[^,;\s]+", line))
    except ValueError:
        raise _malformed(line, where, form) from None
    if any(map(math.isnan, (x, y, third, fourth))):
        return None
    x2, y2 = (x + third, y + fourth) if form == "xywh" else (third, fourth)
    if not all(map(math.isfinite, (x, y, x2, y2))):
        raise _malformed(line, where, form)
    if form == "xywh":  # a width may be lost in the rounding of a sum
        return [x, y, x2, y2] if third > 0 and fourth > 0 else None
    return [x, y, x2, y2] if x2 > x and y2 > y else None


def box_of(name: str, entry: Entry, form: Form) -> list[float] | None:
    """Parse the line that the scan put beside a frame; None if there is none, or no target.

    Raises:
        BadSample: ``bad_label`` if it is no box.
    """
    if name not in entry.shared:
        return None
    number, line = entry.shared[name]
    return parse_box(line, f"{entry.files[name]}, line {number}", form)


class Tracks:
    """Lists of boxes of the sequences of one dataset, their lines put beside frames.

    Args:
        every: frames from one line to the next, in a list that has not one for each.
        strict: a list that cannot be read is an error, and no row of its own.

    Attributes:
        problems: lists that cannot be read.
    """

    def __init__(self, files: Files, every: int, strict: bool) -> None:
        self._files, self._every, self._strict = files, every, strict
        self._odd: list[str] = []
        self.problems: list[Problem] = []

    def beside(
        self, fields: Mapping[str, Sequence[str]], found: Paired, lists: Mapping[str, str]
    ) -> list[dict[str, Any]]:
        """Give each moment of a sequence its line of each list, by label: its number and text.

        Args:
            fields: paths of the images of the sequence, by field.
            found: its moments.
            lists: path of the list of each label.

        Raises:
            InputError: a list cannot be read, and labels are read strictly.
        """
        beside: list[dict[str, Any]] = [{} for _ in found.moments]
        for label, path in lists.items():
            lines = self._lines(path)
            if lines is None:
                continue
            field = IMAGES_OF[label]
            own = usual_names(fields[field])
            ways = _ways(found, field, own)
            numbers, fits = lines_of_frames(len(lines), ways, self._every)
            if not fits:
                self._odd.append(f"{path}: {len(lines)} lines, {len(own)} frames")
            for labels, number in zip(beside, numbers, strict=True):
                if number is not None and number < len(lines):
                    labels[label] = [number + 1, _shortened(lines[number])]
        return beside

    def remarks(self) -> list[str]:
        """Say which lists have other numbers of lines than frames."""
        if not self._odd:
            return []
        return [
            f"lists of boxes with more or fewer lines than frames: {len(self._odd)} "
            f"(e.g. {told(self._odd[0])}); counted from the first, and frames beyond have no box"
        ]

    def _lines(self, path: str) -> list[str] | None:
        try:
            return self._files.text(path).rstrip().splitlines()
        except BadSample as error:
            if self._strict:
                raise InputError(f"{self._files.root}: {error.detail}") from None
            self.problems.append(Problem(path, {}, error.reason, error.detail))
            return None


@dataclass(frozen=True, slots=True)
class Way:
    """One way to count frames: how many there are in all, and the position of each moment, from 0;
    None where this way says nothing of it."""

    total: int
    positions: Sequence[int | None]


def lines_of_frames(
    lines: int, ways: Sequence[Way], every: int
) -> tuple[Sequence[int | None], bool]:
    """Find the line of each moment, from 0, by the way of counting that gives so many lines.

    Args:
        lines: of the list.
        ways: of counting frames; the first that fits counts, or else the first.
        every: frames from one line to the next, in a list that has not one for each.

    Returns:
        The lines, None where a moment has none, and whether their number fits.
    """
    for step in dict.fromkeys((1, every)):
        for way in ways:
            if lines == math.ceil(way.total / step):
                return _every(way, step), True
    step = every if 2 * lines < ways[0].total else 1
    return _every(ways[0], step), False


def _every(way: Way, step: int) -> list[int | None]:
    return [
        place // step if place is not None and place % step == 0 else None
        for place in way.positions
    ]


def _ways(found: Paired, field: str, own: Sequence[str]) -> list[Way]:
    """Count frames by the numbers of their names, by moments, and by images of one modality."""
    place_of = {path: place for place, path in enumerate(own)}
    moments = Way(max(found.places, default=-1) + 1, found.places)
    images = Way(len(own), [place_of.get(files.get(field, "")) for files in found.moments])
    if not found.numbers:
        return [moments, images]
    first = min(found.numbers)
    counted = [_from(base, found.numbers) for base in (first, *FIRST_NUMBERS) if base <= first]
    # Numbers may be times: only those that count frames tell of frames that are not there.
    if first in FIRST_NUMBERS:
        return [counted[0], moments, images, *counted[1:]]
    return [moments, *counted[:1], images, *counted[1:]]


def _from(base: int, numbers: Sequence[int]) -> Way:
    positions = [number - base for number in numbers]
    return Way(max(positions) + 1, positions)


def _shortened(line: str) -> str:
    return line if len(line) <= MOST_CHARACTERS else told(line)


def _malformed(line: str, where: str, form: Form) -> BadSample:
    return BadSample("bad_label", f"{where}: {line!r} is not {IN_WORDS[form]}")
