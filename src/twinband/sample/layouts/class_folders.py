"""Crops of objects in folders by hour, split, modality and class, such as those cut from FLIR."""

from collections.abc import Sequence

from twinband.errors import InputError
from twinband.sample.layouts._balance import CROPS_A_SCENE, Balance
from twinband.sample.layouts._crops import LEAST_HEIGHT_PX, Crop, cut_scene
from twinband.sample.layouts._files import write_bytes, write_table
from twinband.sample.layouts._job import Each, Job
from twinband.sample.layouts._truth import write_hours
from twinband.sample.scene import HOURS

ROUND = len(HOURS)  # scenes, one of each hour
MOST_SCENES_A_CROP = 4
HEADER = ["name", "scene", "x1", "y1", "x2", "y2", "occlusion"]


def write_all(job: Job, each: Each) -> None:
    """``HOUR/{train,val}/{rgb,thermal}/CLASS/``, and ``truth/crops.csv``.

    Scenes are rendered in rounds until there are enough crops.

    Raises:
        InputError: the scenes hold too few objects that are large enough.
    """
    crops = choose(job, each)
    for crop in crops:
        write_crop(job, crop)
    write_hours(job, ((crop.name, crop.hour) for crop in crops))
    rows = [(c.name, c.scene, *map(float, c.box.xyxy), float(c.box.occlusion)) for c in crops]
    write_table(job.root / "truth/crops.csv", HEADER, sorted(rows))


def choose(job: Job, each: Each) -> Sequence[Crop]:
    """The first ``job.count`` crops of a sequence that depends on seed and name only."""
    balance = Balance()
    scenes = 0
    while (missing := job.count - len(balance.taken)) > 0:
        if scenes > MOST_SCENES_A_CROP * job.count + ROUND:
            raise InputError(
                f"{job.name}: {scenes} scenes of {job.width}x{job.height} px gave only "
                f"{len(balance.taken)} of {job.count} crops, since few objects are "
                f"{LEAST_HEIGHT_PX} px high; raise sample_world.datasets.{job.name}.width_px and "
                "height_px"
            )
        rounds = -(-missing // (CROPS_A_SCENE * ROUND))
        found = each(cut_scene, range(scenes, scenes + rounds * ROUND), CROPS_A_SCENE)
        for first in range(0, len(found), ROUND):
            balance.add(found[first : first + ROUND])
        scenes += len(found)
    return balance.taken[: job.count]


def write_crop(job: Job, crop: Crop) -> None:
    """Both images; the suffixes differ, as in the crops cut from FLIR."""
    hour, split, label, stem = crop.name.split("/")
    folder = job.root / hour / split
    write_bytes(folder / f"rgb/{label}/{stem}.jpg", crop.rgb)
    write_bytes(folder / f"thermal/{label}/{stem}.jpeg", crop.thermal)
