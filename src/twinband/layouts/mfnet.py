"""Layout of MFNet: four-channel PNGs, labels, and lists of the splits."""

import numpy as np

from twinband.world.scene import HOURS
from twinband.world.truth import WrittenPair, write_facts, write_truth
from twinband.world.write import ForEach, Job, write_lines, write_png

NIGHT = frozenset({"dusk", "night"})
# Four goes round five hours, so every split gets every hour, in every twenty pairs equally.
SPLITS = ("train", "val", "test", "train")


def write_all(job: Job, for_each: ForEach) -> None:
    """Write ``images/``, ``labels/``, ``{train,val,test}.txt`` and ``test_{day,night}.txt``."""
    write_facts(job, for_each(write_pair, range(job.count)))
    names = {split: names_of(job, split) for split in SPLITS}
    for split, split_names in names.items():
        write_lines(job.root / f"{split}.txt", split_names)
    for hour, letter in (("day", "D"), ("night", "N")):
        hour_names = [name for name in names["test"] if name.endswith(letter)]
        write_lines(job.root / f"test_{hour}.txt", hour_names)


def write_pair(job: Job, index: int) -> WrittenPair:
    """Write one image with its labels; the fourth channel is thermal."""
    name = name_of(index)
    rendered = job.render(index, hour_of(index))
    write_png(job.root / f"images/{name}.png", np.dstack([rendered.rgb, rendered.thermal]))
    write_png(job.root / f"labels/{name}.png", rendered.semantics)
    return write_truth(job, name, rendered)


def names_of(job: Job, split: str) -> list[str]:
    """List the pairs of a split, in order."""
    return [name_of(i) for i in range(job.count) if SPLITS[i % len(SPLITS)] == split]


def name_of(index: int) -> str:
    """Number from 1; end with D (day) or N (night), all that MFNet knows of the hour."""
    return f"{index + 1:05d}{'N' if hour_of(index) in NIGHT else 'D'}"


def hour_of(index: int) -> str:
    """Give every hour equally often."""
    return HOURS[index % len(HOURS)]
