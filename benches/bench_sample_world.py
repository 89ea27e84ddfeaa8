"""Milliseconds a rendered pair of 256x192 on one core, for each hour.

The baseline in the same run writes and reads the same pair as PNG, which is the least that using
a stored world instead of a rendered one would cost.
"""

import time
from collections.abc import Callable
from functools import partial

import cv2

from benches._record import record
from twinband.world.render import Rendered, render
from twinband.world.scene import HOURS, Scene, sample_scene

SCENES = 40
WIDTH, HEIGHT = 256, 192


def milliseconds(work: Callable[[int], object]) -> float:
    """Measure the processor time of one call, the mean over ``SCENES``."""
    begin = time.process_time()
    for index in range(SCENES):
        work(index)
    return (time.process_time() - begin) * 1000 / SCENES


def render_one(scenes: list[Scene], index: int) -> Rendered:
    """Render one of the scenes."""
    return render(scenes[index], WIDTH, HEIGHT)


def through_png(pair: Rendered) -> None:
    """Encode and decode all maps of a pair."""
    for pixels in (pair.rgb, pair.thermal, pair.thermal_raw, pair.instances, pair.semantics):
        _, data = cv2.imencode(".png", pixels)
        cv2.imdecode(data, cv2.IMREAD_UNCHANGED)


def main() -> None:
    """Measure and record."""
    cv2.setNumThreads(1)
    pair = render(sample_scene(0, "bench", 0), WIDTH, HEIGHT)  # the first call fills caches
    figures: dict[str, float | int | str] = {}
    for hour in HOURS:
        scenes = [sample_scene(0, "bench", index, hour) for index in range(SCENES)]
        spent = milliseconds(partial(render_one, scenes))
        figures[f"{hour}_ms"] = round(spent, 2)
    figures["png_baseline_ms"] = round(milliseconds(lambda _: through_png(pair)), 2)
    record("sample_world", figures)


if __name__ == "__main__":
    main()
