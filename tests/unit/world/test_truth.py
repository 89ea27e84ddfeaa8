"""``truth/`` holds what was rendered."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.sample.layouts.written import SEED, Sample
from twinband.sample.layouts._job import Job
from twinband.sample.layouts._truth import write_truth
from twinband.sample.layouts.rgbt234 import FRAMES
from twinband.sample.render import Rendered, render
from twinband.sample.scene import sample_sequence

# How to get from a pair's name to the number of its scene.
INDEX = {
    "mfnet": lambda name: int(name[:5]) - 1,
    "llvip": lambda name: (int(name[2:]) - 1) * 20 + int(name[:2]) - 1,
    "vt5000": lambda name: int(name.split("/")[1]) - 1,
    "roadscene": lambda name: int(name.removeprefix("FLIR_")) - 1,
}
LAYOUTS = ("mfnet", "llvip", "vt5000", "roadscene", "rgbt234")


def rendered_as(written: Sample, name: str, hour: str) -> Rendered:
    if written.layout != "rgbt234":
        return written.rendered(INDEX[written.layout](name), hour)
    sequence, frame = name.removeprefix("street").split("/")
    scenes = sample_sequence(SEED, written.name, int(sequence) - 1, FRAMES, hour)
    return render(scenes[int(frame)], *written.size)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_equals_the_rendering(layout: str, sample: Callable[[str], Sample]) -> None:
    written = sample(layout)
    boxes = json.loads((written.root / "truth/boxes.json").read_text())
    hours = written.hours()
    assert list(boxes) == list(hours)
    for name in list(hours)[::3]:
        rendered = rendered_as(written, name, hours[name])
        depth = written.image(f"truth/depth/{name}.png")
        sky = rendered.depth == 0
        assert depth.dtype == np.uint16
        assert ((depth == 0) == sky).all()
        far = np.minimum(rendered.depth, 65535 / 256)
        assert np.abs(depth / 256 - far)[~sky].max() <= 1 / 256
        instances = written.image(f"truth/instances/{name}.png")
        assert instances.dtype == np.uint16
        assert (instances == rendered.instances).all()
        semantics = written.image(f"truth/semantics/{name}.png")
        assert (semantics == rendered.scene_semantics).all()
        assert boxes[name] == [
            {
                "class": box.name,
                "instance": box.instance,
                "occlusion": box.occlusion,
                "xyxy": list(box.xyxy),
            }
            for box in sorted(rendered.boxes, key=lambda box: box.instance)
        ]


def test_depth_beyond_the_range_is_not_sky(
    sample: Callable[[str], Sample], monkeypatch: pytest.MonkeyPatch
) -> None:
    written = sample("mfnet")
    depth = np.array([[0.0, 0.001, 1.5, 1e6]], np.float32)
    rendered = replace(written.rendered(0, "day"), depth=depth)
    job = Job(written.root.parent / "depths", 1, SEED, "depths", 4, 1)
    write_truth(job, "a/b", rendered)
    other = Sample("mfnet", job.root, 1)
    assert other.image("truth/depth/a/b.png").tolist() == [[0, 1, 384, 65535]]
