"""Tracking sets in their exact layouts, of a few small sequences."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tests.made.layouts import write_image, write_text

Numbers = Iterable[int]
RGBT234_CHALLENGES = ["NO", "PO", "HO", "LI", "LR", "TC", "DEF", "FM", "SC", "MB", "CM", "BC"]


def boxes(count: int, delimiter: str = ",", end: str = "\n") -> str:
    """Lines of boxes, each of which tells its number from 1 by x and y."""
    return "".join(f"{delimiter.join(map(str, (n, n, 5, 6)))}{end}" for n in range(1, count + 1))


def corners(count: int, delimiter: str = " ") -> str:
    """The same boxes by their corners."""
    lines = (delimiter.join(map(str, (n, n, n + 5, n + 6))) for n in range(1, count + 1))
    return "".join(f"{line}\n" for line in lines)


def write_frames(folder: Path, names: Iterable[str], channels: int = 3) -> None:
    """Images of noise by their names."""
    for seed, name in enumerate(names):
        write_image(folder / name, channels=channels, seed=seed)


def write_gtot(root: Path, name: str, count: int = 3, suffix: str = "png") -> None:
    write_frames(root / name / "v", (f"{n:05d}v.{suffix}" for n in range(1, count + 1)))
    write_frames(root / name / "i", (f"{n:05d}i.{suffix}" for n in range(1, count + 1)), 1)
    write_text(root / name / "groundTruth_v.txt", corners(count))
    write_text(root / name / "groundTruth_i.txt", corners(count, "\t"))
    write_text(root / name / "init.txt", "1\t1\t5\t6\n")


def write_rgbt210(root: Path, name: str, count: int = 3, truth: str | None = None) -> None:
    write_frames(root / name / "visible", (f"{n:05d}v.jpg" for n in range(1, count + 1)))
    write_frames(root / name / "infrared", (f"{n:05d}i.jpg" for n in range(1, count + 1)), 1)
    write_text(root / name / "init.txt", boxes(count) if truth is None else truth)


def write_rgbt234(root: Path, name: str, count: int = 3) -> None:
    write_rgbt210(root, name, count)
    write_text(root / name / "visible.txt", boxes(count))
    write_text(root / name / "infrared.txt", boxes(count, "\t"))


def write_rgbt234_challenges(root: Path, flags: dict[str, str]) -> None:
    """The lists of ``attr_txt``: by sequence the names of its attributes, with blanks between."""
    write_text(root / "attr_txt/SequencesName.txt", "".join(f"{name}\r\n" for name in flags))
    for challenge in RGBT234_CHALLENGES:
        own = (int(challenge in words.split()) for words in flags.values())
        write_text(root / f"attr_txt/{challenge}.txt", "".join(f"{flag}\r\n" for flag in own))


def write_lasher(
    root: Path, name: str, numbers: Numbers = (1, 2, 3), end: str = "\r\n", tail: str = "\r\n\r\n"
) -> None:
    numbers = list(numbers)
    write_frames(root / name / "visible", (f"v{n:03d}.jpg" for n in numbers))
    write_frames(root / name / "infrared", (f"i{n:03d}.jpg" for n in numbers), 1)
    for list_name in ("init", "visible", "infrared"):
        write_text(root / name / f"{list_name}.txt", boxes(len(numbers), end=end) + tail)


def write_lasher_lists(root: Path, train: Sequence[str] | None, test: Sequence[str] | None) -> None:
    """The lists, those that are not None, with line ends of Windows and a blank tail."""
    for word, names in (("training", train), ("testing", test)):
        if names is not None:
            text = "".join(f"{name}\r\n" for name in names)
            write_text(root / f"{word}setList.txt", f"{text}\r\n")


def write_vtuav(
    root: Path, place: str, numbers: Numbers = range(21), lines: int | None = None
) -> None:
    """A sequence at ``PART/NAME`` with a line for each 10th frame."""
    numbers = list(numbers)
    for folder in ("rgb", "ir"):
        channels = 3 if folder == "rgb" else 1
        write_frames(root / place / folder, (f"{n:06d}.jpg" for n in numbers), channels)
        count = -(-(numbers[-1] - numbers[0] + 1) // 10) if lines is None else lines
        write_text(root / place / f"{folder}.txt", boxes(count, " "))
