"""The layout of MFNet: four-channel PNGs, labels, and lists of the splits."""

import numpy as np

from twinband.world.scene import HOURS
from twinband.world.truth import Written, write_facts, write_truth
from twinband.world.write import Each, Job, write_lines, write_png

NIGHT = frozenset({"dusk", "night"})
# Four goes round five hours, so every split gets every hour, in every twenty pairs equally.
SPLITS = ("train", "val", "test", "train")


def write_all(job: Job, each: Each) -> None:
    """``images/``, ``labels/``, ``{train,val,test}.txt`` and ``test_{day,night}.txt``."""
    write_facts(job, each(write_pair, range(job.count)))
    names = {split: names_of(job, split) for split in SPLITS}
    for split, listed in names.items():
        write_lines(job.root / f"{split}.txt", listed)
    for hour, letter in (("day", "D"), ("night", "N")):
        listed = [name for name in names["test"] if name.endswith(letter)]
        write_lines(job.root / f"test_{hour}.txt", listed)


def write_pair(job: Job, index: int) -> Written:
    """One image with its labels; the fourth channel is thermal."""
    name = name_of(index)
    rendered = job.render(index, hour_of(index))
    write_png(job.root / f"images/{name}.png", np.dstack([rendered.rgb, rendered.thermal]))
    write_png(job.root / f"labels/{name}.png", rendered.semantics)
    return write_truth(job, name, rendered)


def names_of(job: Job, split: str) -> list[str]:
    """The pairs of a split, in order."""
    return [name_of(i) for i in range(job.count) if SPLITS[i % len(SPLITS)] == split]


def name_of(index: int) -> str:
    """Numbered from 1; ends with D (day) or N (night), all that MFNet knows of the hour."""
    return f"{index + 1:05d}{'N' if hour_of(index) in NIGHT else 'D'}"


def hour_of(index: int) -> str:
    """Every hour equally often."""
    return HOURS[index % len(HOURS)]
