"""Scores of trackers on a benchmark: which boxes are compared, by which rules, and what was odd."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from twinband.core.errors import InputError
from twinband.metrics.tracking import Boxes, Track, from_corners
from twinband.scoring.files import Rows, read_rows
from twinband.scoring.score import Options, Score, check_slice
from twinband.scoring.sequences import Layout, Truth, attributes, open_truth, result_files

Rates = Mapping[str, Callable[[Sequence[Track]], float]]


def _as_written(rows: Rows) -> Boxes:
    return rows


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Rules of a tracking benchmark.

    Attributes:
        task: its name on the command line.
        layout: of its truth.
        compare: a result's boxes with those of each truth, frame by frame.
        rates: the benchmark's numbers by name, in percent.
        protocol: its conventions in words.
        boxes: the rows of a truth as boxes.
        rounded: results are rounded to whole pixels, as RGBT_toolkit does on reading them; then
            ``NAME_unrounded`` stand beside the numbers.
        step: frames from one annotated frame to the next.
        without_area: what becomes of a result box without area, in words.
    """

    task: str
    layout: Layout
    compare: Callable[..., Track]
    rates: Rates
    protocol: Mapping[str, str]
    boxes: Callable[[Rows], Boxes] = _as_written
    rounded: bool = True
    step: int = 1
    without_area: str = "such a box overlaps nothing"


@dataclass(frozen=True, slots=True)
class _Sequence:
    """A result, rows of 4 or 8 columns, and the truths: as many frames in each."""

    result: Rows
    truths: tuple[Boxes, ...]


@dataclass(slots=True)
class _Reader:
    """Reads sequences, and gathers remarks of one kind into one."""

    benchmark: Benchmark
    truth: Truth
    odd: dict[str, list[str]] = field(default_factory=dict)

    def read(self, name: str, path: Path) -> _Sequence:
        truths = self._truths(name)
        frames = len(truths[0])
        rows = read_rows(path, (4, 8))
        if self.benchmark.step > 1 and len(rows) > frames:
            rows = rows[:: self.benchmark.step]
        self._note_sizes(path, rows)
        if len(rows) > frames:
            where = f"{path}: line {frames + 1}: {len(rows)} boxes for {frames} frames"
            self._note("what exceeds the truth is cut off", where)
        elif len(rows) < frames:
            where = f"{path}: line {len(rows)}: the last box, of {frames} frames"
            self._note("a frame without a box is a miss", where)
            missing = np.full((frames - len(rows), rows.shape[1]), np.nan)
            rows = np.concatenate([rows, missing])
        annotated = np.ones(frames, bool)
        if self.benchmark.step > 1:
            annotated = np.any([(boxes[:, 2:] > 0).all(1) for boxes in truths], 0)
        return _Sequence(rows[:frames][annotated], tuple(boxes[annotated] for boxes in truths))

    def remarks(self) -> list[str]:
        return [
            f"{places[0]}; {meaning} ({len(places)} files)" for meaning, places in self.odd.items()
        ]

    def _truths(self, name: str) -> tuple[Boxes, ...]:
        paths = self.truth.paths(name)
        truths = [self.benchmark.boxes(read_rows(path, (4,))) for path in paths]
        frames = min(map(len, truths))
        if any(len(boxes) != frames for boxes in truths):
            where = f"{paths[0]}: {len(truths[0])} boxes, {paths[1].name} has {len(truths[1])}"
            self._note("the frames that both have are scored", where)
        return tuple(boxes[:frames] for boxes in truths)

    def _note_sizes(self, path: Path, rows: Rows) -> None:
        empty = (_boxes(rows)[:, 2:] <= 0).any(1)
        if empty.any():
            where = f"{path}: line {int(np.argmax(empty)) + 1}: no width or height"
            self._note(self.benchmark.without_area, where)

    def _note(self, meaning: str, where: str) -> None:
        self.odd.setdefault(meaning, []).append(where)


def score_tracker(benchmark: Benchmark, predictions: Path, place: Path, options: Options) -> Score:
    """Score a folder of results, one text file a sequence.

    Args:
        predictions: files of rows ``x,y,w,h`` or of eight corner coordinates, one a frame.
        place: the benchmark's truth.

    Raises:
        InputError: a sequence without a result or truth, or a row that holds no box.
    """
    check_slice(options, benchmark.task, "attribute")
    truth = open_truth(place, benchmark.layout)
    parts = attributes(truth) if options.by else {}
    if not predictions.is_dir():
        raise InputError(f"{predictions}: no folder; a tracker is a folder of one file a sequence")
    files, remarks = result_files(predictions, truth)
    reader = _Reader(benchmark, truth)
    sequences = {name: reader.read(name, path) for name, path in files.items()}
    tracks = _tracks(benchmark, sequences, benchmark.rounded)
    values = _rates(benchmark, tracks, truth.names)
    if benchmark.rounded:
        unrounded = _rates(benchmark, _tracks(benchmark, sequences, False), truth.names)
        values |= {f"{name}_unrounded": value for name, value in unrounded.items()}
    return Score(
        values,
        _protocol(benchmark, truth, tracks),
        {part: _rates(benchmark, tracks, names) for part, names in parts.items()},
        (*remarks, *reader.remarks()),
    )


def _tracks(
    benchmark: Benchmark, sequences: Mapping[str, _Sequence], rounded: bool
) -> dict[str, Track]:
    def boxes(rows: Rows) -> Boxes:
        # The toolkit reads in single precision, which matters to what lies beside a half.
        return _boxes(np.rint(rows.astype(np.float32)).astype(np.float64) if rounded else rows)

    return {
        name: benchmark.compare(boxes(one.result), *one.truths) for name, one in sequences.items()
    }


def _rates(
    benchmark: Benchmark, tracks: Mapping[str, Track], names: Sequence[str]
) -> dict[str, float]:
    chosen = [tracks[name] for name in names]
    return {name: rate(chosen) for name, rate in benchmark.rates.items()}


def _protocol(benchmark: Benchmark, truth: Truth, tracks: Mapping[str, Track]) -> dict[str, str]:
    rounding = "results rounded to whole pixels, as RGBT_toolkit does; *_unrounded as written"
    return {
        "task": benchmark.task,
        "list": truth.describe(),
        "sequences": str(len(tracks)),
        "frames": str(sum(map(len, tracks.values()))),
        "rounding": rounding if benchmark.rounded else "none: results as written",
        **benchmark.protocol,
    }


def _boxes(rows: Rows) -> Boxes:
    return from_corners(rows) if rows.shape[1] == 8 else rows
