"""Parameters of the stages ``cmss`` and ``cmss_mixture``."""

from typing import Any

import pytest

from tests.made.cmss import PARAMS
from twinband.cmss.params import CmssMixtureParams, CmssParams
from twinband.core.params import ParamsError, stage_params


def checked(**changes: Any) -> CmssParams:
    data = {"cmss": {"common": {**PARAMS, **changes}, "items": {"one": {"model": "models/vit"}}}}
    _, params = stage_params(CmssParams, data, "cmss", "one")
    return params


def test_whole_numbers_will_do_for_low_and_high() -> None:
    params = checked(low=-8, high=13)
    assert params.low == -8.0 and params.model == "models/vit"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"low": 13.0}, r"cmss.*: .*low must be below high"),
        ({"variance": "both"}, r"cmss.common.variance: .*\(got 'both'\)"),
        (
            {"mixture": {**PARAMS["mixture"], "quantile": 0.0}},
            r"cmss.common.mixture.quantile: .*greater than 0",
        ),
        ({"batch": 0}, r"cmss.common.batch: .*greater than or equal to 1"),
        ({"colour": 1}, r"cmss.common.colour: unknown parameter"),
    ],
)
def test_wrong_parameters_are_told_by_their_path(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        checked(**change)


def test_the_mixture_s_datasets_are_those_measured() -> None:
    data = {"cmss": {"common": PARAMS, "items": {"one": {}, "two": {}}}}
    _, params = stage_params(CmssMixtureParams, data, "cmss_mixture")
    assert params.datasets == ["one", "two"] and params.mixture.components == 3
    data["cmss"]["items"] = {}
    with pytest.raises(ParamsError, match="at least 1 item"):
        stage_params(CmssMixtureParams, data, "cmss_mixture")
