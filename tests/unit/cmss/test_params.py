"""Parameters of the stages ``cmss`` and ``cmss_mixture``."""

from typing import Any

import pytest

from tests.made.cmss import COMMON
from twinband.cmss.params import CmssMixtureParams, CmssParams
from twinband.core.params import ParamsError, validate

POOL = {"datasets": ["one", "two"], "components": 3, "most_components": 6, "quantile": 0.999}


def test_whole_numbers_will_do_for_low_and_high() -> None:
    section = {"common": {**COMMON, "low": -8, "high": 13}, "datasets": {"one": {}}}
    assert validate(CmssParams, section, "cmss").common.low == -8.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"low": 13.0}, r"cmss.common: .*low must be below high"),
        ({"variance": "both"}, r"cmss.common.variance: .*\(got 'both'\)"),
        ({"quantile": 0.0}, r"cmss.common.quantile: .*greater than 0"),
        ({"batch": 0}, r"cmss.common.batch: .*greater than or equal to 1"),
        ({"colour": 1}, r"cmss.common.colour: unknown parameter"),
    ],
)
def test_wrong_parameters_are_told_by_their_path(change: dict[str, Any], message: str) -> None:
    section = {"common": {**COMMON, **change}, "datasets": {"one": {}}}
    with pytest.raises(ParamsError, match=message):
        validate(CmssParams, section, "cmss")


@pytest.mark.parametrize(
    ("datasets", "message"),
    [(["one", "two", "one"], "named more than once: one"), ([], "at least 1 item")],
)
def test_datasets_are_pooled_once(datasets: list[str], message: str) -> None:
    with pytest.raises(ParamsError, match=message):
        validate(CmssMixtureParams, {**POOL, "datasets": datasets}, "cmss_mixture")
