"""The figure of a dataset's registration."""

import pyarrow as pa
import pytest

from twinband.registration.figures import PANELS, distribution

NAMES = sorted({name for _, series in PANELS for _, name, _ in series})
SCHEMA = pa.schema([("registration", pa.string()), *((name, pa.float64()) for name in NAMES)])


def table(**columns: list[float | None]) -> pa.Table:
    """Accepted pairs with these columns; what is not named was not measured."""
    count = len(next(iter(columns.values()), []))
    empty: list[float | None] = [None] * count
    whole = {name: columns.get(name, empty) for name in NAMES}
    return pa.table({"registration": ["accepted"] * count, **whole}, SCHEMA)


@pytest.mark.parametrize(
    "manifest",
    [
        table(),
        table(score=[None, None]),
        table(score=[0.3], score_before=[0.3]),
        table(score=[0.3, 0.4], score_before=[0.1, 0.2], motion_px=[2.0, 2.0]),
    ],
    ids=["nothing", "unmeasured", "one", "two"],
)
def test_it_is_drawn_whatever_was_measured(manifest: pa.Table) -> None:
    assert distribution(manifest).startswith(b"<?xml")


def test_equal_tables_give_equal_bytes_and_its_size_does_not_grow_with_them() -> None:
    small = table(score=[0.1, 0.5, 0.9], score_before=[0.0, 0.2, 0.4])
    large = pa.concat_tables([small] * 20_000)
    assert distribution(small) == distribution(small)
    assert len(distribution(large)) < 1.2 * len(distribution(small))


def test_a_quantity_without_values_has_no_panel() -> None:
    both = table(score=[0.1, 0.5], score_before=[0.1, 0.2], motion_px=[1.0, 2.0])
    fewer = table(score=[0.1, 0.5], score_before=[0.1, 0.2])
    assert distribution(both).count(b'id="axes_') > distribution(fewer).count(b'id="axes_')
