"""The sample world in the layout of RoadScene."""

from collections.abc import Callable

import numpy as np

from tests.made.written import Sample, alike
from twinband.world.truth import warp_thermal


def test_every_second_pair_is_misaligned_as_told(sample: Callable[[str], Sample]) -> None:
    written = sample("roadscene")
    hours = written.hours()
    rows = written.table("truth/homographies.csv")
    assert [row["name"] for row in rows] == sorted(written.pairs)
    assert [row["aligned"] for row in rows] == ["1", "0"] * 6
    for index, row in enumerate(rows):
        pair = written.pairs[row["name"]]
        cells = [float(row[f"h{i}{j}"]) for i in range(3) for j in range(3)]
        matrix = np.array(cells).reshape(3, 3)
        rendered = written.rendered(index, hours[row["name"]])
        assert alike(pair.rgb, rendered.rgb)
        if row["aligned"] == "1":
            assert (matrix == np.eye(3)).all()
            assert alike(pair.thermal, rendered.thermal)
        else:
            seen = warp_thermal(rendered.thermal, matrix)
            assert alike(pair.thermal, seen)
            assert (seen != rendered.thermal).any()
    matrices = {tuple(sorted(row.items())) for row in rows if row["aligned"] == "0"}
    assert len(matrices) == 6


def test_files_pair_by_stem(sample: Callable[[str], Sample]) -> None:
    written = sample("roadscene")
    assert written.pairs["FLIR_00001"].sources == {
        "rgb": "crop_LR_visible/FLIR_00001.jpg",
        "thermal": "cropinfrared/FLIR_00001.jpg",
    }
    assert written.image("cropinfrared/FLIR_00001.jpg").ndim == 2
