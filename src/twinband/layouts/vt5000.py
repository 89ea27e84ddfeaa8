"""Layout of VT5000: pairs of JPEGs with a mask of the salient objects."""

from twinband.world.scene import HOURS
from twinband.world.truth import WrittenPair, write_facts, write_truth
from twinband.world.write import ForEach, Job, write_jpeg, write_png

SPLITS = ("Train", "Test")  # in turn: halves, as in the public set


def write_all(job: Job, for_each: ForEach) -> None:
    """Write ``{Train,Test}/{RGB,T,GT}/``."""
    write_facts(job, for_each(write_pair, range(job.count)))


def write_pair(job: Job, index: int) -> WrittenPair:
    """Write two images and the mask, 0 or 255."""
    split, stem = SPLITS[index % len(SPLITS)], f"{index + 1:05d}"
    rendered = job.render(index, HOURS[index % len(HOURS)])
    write_jpeg(job.root / split / f"RGB/{stem}.jpg", rendered.rgb)
    write_jpeg(job.root / split / f"T/{stem}.jpg", rendered.thermal)
    write_png(job.root / split / f"GT/{stem}.png", rendered.saliency)
    return write_truth(job, f"{split}/{stem}", rendered)
