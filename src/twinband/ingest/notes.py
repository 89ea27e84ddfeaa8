"""Notes on one pair: what is odd about it though it can be used, or was left out of its labels."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from twinband.core.errors import BadSample, told

SEPARATOR = " | "
MEANINGS = {
    "aspect_ratios_differ": "the images have other aspect ratios and hardly show one scene",
    "boxes_clipped": "boxes beyond the border are cut off there",
    "boxes_dropped": "boxes without area on the image, or that cannot be read, are left out",
    "label_damaged": "a label image is damaged, though it can be decoded",
    "label_dropped": "a label cannot be used and is left out; the images are kept",
    "label_size_differs": "a label file states another size than the images have",
    "rgb_damaged": "the RGB image is damaged, though it can be decoded",
    "rgb_exif_orientation": "the RGB image has an EXIF orientation, which is not applied; the "
    "option apply_exif_orientation=true turns it",
    "rgb_exif_orientation_applied": "the RGB image is turned as its EXIF orientation says",
    "rgb_one_channel": "the RGB image is grey",
    "saliency_lossy": "a mask is stored as JPEG, so its edges are blurred",
    "sizes_differ": "the images have different sizes",
    "thermal_damaged": "the thermal image is damaged, though it can be decoded",
    "thermal_clipped": "thermal is hotter in places than is kept (382 degrees celsius)",
    "thermal_exif_orientation": "the thermal image has an EXIF orientation, which is not applied; "
    "the option apply_exif_orientation=true turns it",
    "thermal_exif_orientation_applied": "the thermal image is turned as its EXIF orientation says",
    "thermal_holes": "thermal has pixels without data, which later count as invalid",
    "thermal_measured": "thermal of floating-point numbers is kept in hundredths of a kelvin",
    "thermal_three_channels": "the thermal image is grey in three channels",
    "thermal_tinted": "thermal has a slight tint or a small coloured mark; its luma is kept",
}
# Common forms, of which nothing is lost.
HARMLESS = frozenset({"rgb_one_channel", "sizes_differ", "thermal_three_channels"})


class Notes:
    """Words for the manifest's column ``notes``, each with the first case of it.

    Args:
        strict: what would cost a label costs the pair.

    Attributes:
        cases: by word, file and fault; empty where the word says it all.
    """

    def __init__(self, strict: bool = False) -> None:
        self.strict = strict
        self.cases: dict[str, str] = {}

    def add(self, word: str, case: str = "") -> None:
        """Note something odd; of one word the first case is kept."""
        self.cases.setdefault(word, told(case))

    def lose(self, word: str, error: BadSample) -> None:
        """Note what a label lost.

        Raises:
            BadSample: the error, if labels are read strictly.
        """
        if self.strict:
            raise error
        self.add(word, f"{error.reason}: {error.detail}")

    def words(self) -> list[str]:
        """List the words in order."""
        return sorted(self.cases)

    def detail(self) -> str:
        """Tell all cases in one line, for the manifest's column ``detail``."""
        return SEPARATOR.join(
            f"{word}: {case}" for word, case in sorted(self.cases.items()) if case
        )


def case_in(detail: str, word: str) -> str:
    """Find the case of a word in a line made by ``Notes.detail``; empty if there is none."""
    _, found, rest = f"{SEPARATOR}{detail}".partition(f"{SEPARATOR}{word}: ")
    return rest.split(SEPARATOR)[0] if found else ""


def notes_in_words(rows: pa.Table) -> str:
    """Count what is odd about usable pairs, with the first case of each; empty if nothing is.

    Args:
        rows: a manifest's.
    """
    kept = rows.filter(pc.equal(rows["status"], "ok")).select(["notes", "detail"]).to_pylist()
    counts = Counter(word for row in kept for word in row["notes"] if word not in HARMLESS)
    said = []
    for word, count in counts.most_common():
        cases = (case_in(row["detail"], word) for row in kept if word in row["notes"])
        example = next(filter(None, cases), "")
        said.append(f"{word} {count}" + (f" (e.g. {example})" if example else ""))
    return "; ".join(said)
