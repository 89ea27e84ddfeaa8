"""The layout of RoadScene: pairs of JPEGs without labels, every second one misaligned."""

import numpy as np
from numpy.typing import NDArray

from twinband.world.scene import HOURS, generator_of
from twinband.world.truth import (
    Written,
    sample_homography,
    warp_thermal,
    write_facts,
    write_homographies,
    write_truth,
)
from twinband.world.write import Each, Job, write_jpeg


def write_all(job: Job, each: Each) -> None:
    """``crop_LR_visible/``, ``cropinfrared/`` and ``truth/homographies.csv``."""
    write_facts(job, each(write_pair, range(job.count)))
    indices = range(job.count)
    write_homographies(job, ((name_of(i), is_aligned(i), homography_of(job, i)) for i in indices))


def write_pair(job: Job, index: int) -> Written:
    """Two images; where they are misaligned, thermal is as seen by a camera beside the other."""
    name = name_of(index)
    rendered = job.render(index, HOURS[index % len(HOURS)])
    thermal = rendered.thermal
    if not is_aligned(index):
        thermal = warp_thermal(thermal, homography_of(job, index))
    write_jpeg(job.root / f"crop_LR_visible/{name}.jpg", rendered.rgb)
    write_jpeg(job.root / f"cropinfrared/{name}.jpg", thermal)
    return write_truth(job, name, rendered)


def name_of(index: int) -> str:
    """Numbered from 1, as if cut from FLIR's videos."""
    return f"FLIR_{index + 1:05d}"


def is_aligned(index: int) -> bool:
    """Every second pair is, from the first."""
    return index % 2 == 0


def homography_of(job: Job, index: int) -> NDArray[np.float64]:
    """``3,3``: from thermal to RGB pixels."""
    if is_aligned(index):
        return np.eye(3)
    rng = generator_of("homography", job.seed, job.name, index)
    return sample_homography(rng, job.width, job.height)
