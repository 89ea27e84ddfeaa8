from typing import Any

import pytest

from tests.made.masked import PARAMS, SETTINGS
from twinband.core.params import ParamsError, stage_params
from twinband.masks.params import SamMasksParams
from twinband.sam.settings import MaskSettings


def checked(**changes: Any) -> SamMasksParams:
    settings = {k: v for k, v in changes.items() if k in SETTINGS or k == "colour"}
    common = {**PARAMS, **{k: v for k, v in changes.items() if k not in settings}}
    common["settings"] = {**SETTINGS, **settings}
    data = {"sam_masks": {"common": common, "items": {"one": {"truth": "data/truth/one"}}}}
    _, params = stage_params(SamMasksParams, data, "sam_masks", "one")
    return params


def test_they_become_the_settings_of_sam() -> None:
    params = checked(points_per_side=7, max_masks=3)
    assert params.settings == MaskSettings(**{**SETTINGS, "points_per_side": 7, "max_masks": 3})
    assert params.truth == "data/truth/one"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"points_per_side": 0}, r"settings.points_per_side: .*greater than or equal to 1"),
        ({"max_masks": 0}, r"settings.max_masks.*: .*greater than or equal to 1"),
        ({"box_nms_thresh": 1.5}, r"settings.box_nms_thresh: .*less than or equal to 1"),
        ({"crop_n_layers": -1}, r"settings.crop_n_layers: .*greater than or equal to 0"),
        (
            {"points_per_side": 2, "crop_n_layers": 1, "crop_n_points_downscale_factor": 3},
            r"common.settings: .*leaves no point in a crop",
        ),
        ({"colour": 1}, r"settings.colour: unknown parameter"),
        ({"device": "tpu"}, r"common.device: .*\(got 'tpu'\)"),
        ({"least_px": 0}, r"common.least_px: .*greater than or equal to 1"),
    ],
)
def test_wrong_parameters_are_told_by_their_path(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParamsError, match=f"sam_masks.*{message}"):
        checked(**change)
