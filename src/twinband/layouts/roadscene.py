"""Layout of RoadScene: pairs of JPEGs without labels, every second one misaligned."""

import numpy as np
from numpy.typing import NDArray

from twinband.world.scene import HOURS, generator_of
from twinband.world.truth import (
    WrittenPair,
    sample_homography,
    warp_thermal,
    write_facts,
    write_homographies,
    write_truth,
)
from twinband.world.write import ForEach, Job, write_jpeg


def write_all(job: Job, for_each: ForEach) -> None:
    """Write ``crop_LR_visible/``, ``cropinfrared/`` and ``truth/homographies.csv``."""
    write_facts(job, for_each(write_pair, range(job.count)))
    indices = range(job.count)
    write_homographies(job, ((name_of(i), is_aligned(i), homography_of(job, i)) for i in indices))


def write_pair(job: Job, index: int) -> WrittenPair:
    """Write two images; of a misaligned pair, thermal as seen by a camera beside the other."""
    name = name_of(index)
    rendered = job.render(index, HOURS[index % len(HOURS)])
    thermal = rendered.thermal
    if not is_aligned(index):
        thermal = warp_thermal(thermal, homography_of(job, index))
    write_jpeg(job.root / f"crop_LR_visible/{name}.jpg", rendered.rgb)
    write_jpeg(job.root / f"cropinfrared/{name}.jpg", thermal)
    return write_truth(job, name, rendered)


def name_of(index: int) -> str:
    """Number from 1, as if cut from FLIR's videos."""
    return f"FLIR_{index + 1:05d}"


def is_aligned(index: int) -> bool:
    """Tell if a pair is aligned: every second one, from the first."""
    return index % 2 == 0


def homography_of(job: Job, index: int) -> NDArray[np.float64]:
    """Give the homography from thermal to RGB pixels, ``3,3``."""
    if is_aligned(index):
        return np.eye(3)
    rng = generator_of("homography", job.seed, job.name, index)
    return sample_homography(rng, job.width, job.height)
