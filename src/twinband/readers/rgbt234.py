"""Reader of RGBT234 (Li et al., 2019): tracking sequences, a box of one target in each image."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from twinband.core.errors import BadSample
from twinband.ingest.about import About, Release
from twinband.ingest.files import Files
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label, Problem, folder_stem_suffix
from twinband.ingest.layout import Layout as BaseLayout
from twinband.ingest.sequences import paired, usual_names

FIELDS = {"visible": "rgb", "infrared": "thermal"}
TRACKS = {"visible.txt": "target_rgb", "infrared.txt": "target_thermal"}


class Layout(BaseLayout):
    """Frames are paired by the numbers in their names, which otherwise differ by modality.

    A box is stored as ``[x1, y1, x2, y2]``, in pixels as written, also where a target is partly
    beyond the border; without area or with NaN it is out of sight, and the box is left out.
    """

    expects = (
        "SEQUENCE/visible/*.jpg with SEQUENCE/infrared/*.jpg, paired by number; "
        "optional: SEQUENCE/visible.txt and SEQUENCE/infrared.txt with x, y, w, h a line"
    )
    about = About(
        title="RGBT234 (Li et al., Pattern Recognition 2019)",
        task="tracking",
        releases={"RGBT234": Release(234, unit="sequences")},
        images="8-bit, 116,650 frames a modality, aligned to some 4 px (median)",
        labels="a box of one target a frame and modality",
        splits="none: all sequences are a test",
        terms="research only",
        source="Li et al., RGB-T object tracking: benchmark and baseline, 2019",
        defects=("folders of a sequence may differ by some frames: paired by number",),
    )

    def __init__(self, files: Files, options: object) -> None:
        super().__init__(files, options)
        self._lines: dict[str, list[str]] = {}
        self._frames: dict[str, list[str]] = {}

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        frames: dict[str, dict[str, list[str]]] = {}
        tracks: dict[str, dict[str, str]] = {}
        for path in paths:
            folder, _, suffix = folder_stem_suffix(path)
            sequence, _, modality = folder.rpartition("/")
            one_level = bool(sequence) and "/" not in sequence
            if modality in FIELDS and suffix in IMAGE_SUFFIXES and one_level:
                fields = frames.setdefault(sequence, {field: [] for field in FIELDS.values()})
                fields[FIELDS[modality]].append(path)
            elif (label := TRACKS.get(path.removeprefix(f"{folder}/"))) is not None:
                tracks.setdefault(folder, {})[label] = path
        for sequence, fields in frames.items():
            yield from _paired(sequence, fields, tracks.get(sequence, {}))

    def label(self, name: str, entry: Entry) -> Label | None:
        image = entry.files[{"target_rgb": "rgb", "target_thermal": "thermal"}[name]]
        return self._box(entry.files[name], image, entry.frame)

    def _box(self, path: str, image: str, frame: int) -> list[float] | None:
        if path not in self._lines:
            self._lines[path] = self.files.text(path).rstrip().splitlines()
        lines = self._lines[path]
        there = self._frames_beside(image)
        # A list has a line for every moment, or for every image that there is of its modality.
        own = image in there and len(lines) == len(there)
        number = there.index(image) if own else frame
        if number >= len(lines):
            return None
        return parse_box(lines[number], f"{path}, line {number + 1}")

    def _frames_beside(self, image: str) -> list[str]:
        """List the frames of one modality of a sequence, in order."""
        if not self._frames:
            for path in self.files.paths():
                folder, _, suffix = folder_stem_suffix(path)
                if suffix in IMAGE_SUFFIXES:
                    self._frames.setdefault(folder, []).append(path)
            self._frames = {folder: usual_names(own) for folder, own in self._frames.items()}
        return self._frames.get(folder_stem_suffix(image)[0], [])


def parse_box(line: str, where: str) -> list[float] | None:
    """Parse ``x, y, w, h`` with any delimiter to ``[x1, y1, x2, y2]``.

    A delimiter may end the line too. A target out of sight, which has no area or NaN for a
    number, is None.

    Raises:
        BadSample: ``bad_label`` if these are not four numbers.
    """
    try:
        x, y, width, height = map(float, re.findall(r"[^,;\s]+", line))
    except ValueError:
        raise BadSample("bad_label", f"{where}: {line!r} is not x, y, w, h") from None
    if any(map(math.isnan, (x, y, width, height))):
        return None
    if not all(map(math.isfinite, (x, y, x + width, y + height))):
        raise BadSample("bad_label", f"{where}: {line!r} is not x, y, w, h")
    return [x, y, x + width, y + height] if width > 0 and height > 0 else None


def _paired(
    sequence: str, fields: Mapping[str, list[str]], tracks: Mapping[str, str]
) -> Iterator[Entry | Problem]:
    found = paired(fields)
    counts = f"{len(fields['rgb'])} frames in visible and {len(fields['thermal'])} in infrared"
    for frame, files in enumerate(found.moments):
        name = f"{sequence}/{frame:06d}"
        there = ", ".join(files.values())
        if found.why:
            detail = f"{there}: sequence {sequence} has {counts}, and {found.why}"
            yield Problem(name, files, "unpaired_sequence", detail)
        elif len(files) == len(fields):
            yield Entry(name, {**files, **tracks}, group=sequence, frame=frame)
        else:
            detail = f"{there}: no frame of this number in the other modality ({counts})"
            yield Problem(name, files, "missing_partner", detail)
    for field, path in found.strays:
        detail = f"{path}: of the number or name of another frame, as a copy is; remove one"
        yield Problem(path, {field: path}, "odd_name", detail)
