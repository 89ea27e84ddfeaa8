"""Pictures of a registration: distribution, comparison, arrows, and the pairs shown."""

from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from tests.made.registered_pairs import apart, register_pairs, shift, write_pairs
from twinband.registration.pictures import (
    CELL_PX,
    NO_EDGE_PX,
    PANELS,
    RGB_EDGE,
    TEXT_PX,
    THERMAL_EDGE,
    WHITE,
    Column,
    choose,
    comparison,
    distribution,
    jpeg,
    residual_arrows,
    write_pictures,
)
from twinband.registration.residual import Residuals

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


def manifest(*rows: tuple[str, str, float | None, float | None]) -> pa.Table:
    """Rows of key, status, score and score before."""
    names = ("key", "registration", "score", "score_before")
    return pa.Table.from_pylist(
        [
            {**dict(zip(names, row, strict=True)), "motion_px": 3.0 * i, "residual_px_p90": None}
            for i, row in enumerate(rows)
        ],
        pa.schema(
            [("key", pa.string()), ("registration", pa.string())]
            + [(name, pa.float64()) for name in (*names[2:], "motion_px", "residual_px_p90")]
        ),
    )


def test_every_picture_shows_another_pair() -> None:
    chosen = choose(
        manifest(
            ("a", "accepted", 0.5, 0.4),
            ("b", "accepted", 0.6, 0.1),
            ("c", "already_aligned", 0.2, 0.2),
            ("d", "failed", 0.1, 0.1),
            ("e", "failed", 0.1, 0.1),
        )
    )
    assert chosen == {"best": "b", "worst": "c", "typical": "a", "failed": "e"}


def test_best_is_a_pair_that_was_moved_and_one_pair_is_shown_once() -> None:
    assert choose(manifest(("a", "already_aligned", 0.4, 0.4))) == {"worst": "a"}
    assert choose(manifest(("a", "accepted", None, None))) == {}
    assert choose(manifest()) == {}


def line(column: int) -> np.ndarray:
    image = np.full((100, CELL_PX), 90, np.uint8)
    image[:, column:] = 160
    return image


def colours_at(picture: np.ndarray, column: int) -> set[tuple[int, ...]]:
    overlay = picture[TEXT_PX + 100 + 20 : TEXT_PX + 180, column - 2 : column + 3]
    return {tuple(int(v) for v in pixel) for row in overlay for pixel in row}


def test_edges_have_the_colour_of_their_image_and_white_where_they_meet() -> None:
    rgb = np.repeat(line(200)[..., None], 3, axis=2)
    everywhere = np.ones(rgb.shape[:2], bool)
    columns = [Column("before", line(260), everywhere), Column("after", line(200), everywhere)]
    picture = comparison(rgb, columns)
    assert picture.shape == (TEXT_PX + 200, 2 * (CELL_PX + 4), 3)
    before, after = picture[:, :CELL_PX], picture[:, CELL_PX + 4 :]
    assert RGB_EDGE in colours_at(before, 200) and THERMAL_EDGE in colours_at(before, 260)
    assert WHITE in colours_at(after, 200)
    assert not {RGB_EDGE, THERMAL_EDGE} & colours_at(after, 260)


def test_the_border_of_the_data_is_no_edge() -> None:
    rgb = np.repeat(line(100)[..., None], 3, axis=2)
    valid = np.ones(rgb.shape[:2], bool)
    valid[:, 300:] = False
    thermal = np.where(valid, line(100), 0).astype(np.uint8)
    picture = comparison(rgb, [Column("", thermal, valid)])
    for column in range(300 - NO_EDGE_PX + 2, 304):
        assert THERMAL_EDGE not in colours_at(picture, column)
    tiles = picture[TEXT_PX : TEXT_PX + 100, 300:CELL_PX]
    np.testing.assert_array_equal(tiles, rgb[:, 300:])  # RGB alone, no black tiles


@pytest.mark.parametrize("shape", [(900, 3), (3, 900), (1, 1)])
def test_odd_shapes_can_be_drawn(shape: tuple[int, int]) -> None:
    rgb, valid = np.zeros((*shape, 3), np.uint8), np.ones(shape, bool)
    picture = comparison(rgb, [Column("", np.zeros(shape, np.uint16), valid)])
    assert max(picture.shape) < 5 * CELL_PX and len(jpeg(picture)) > 100
    none = np.zeros((0, 2))
    assert residual_arrows(rgb, Residuals(none, none, np.zeros(0))).ndim == 3


def test_arrows_point_where_thermal_has_to_go() -> None:
    rgb = np.full((100, CELL_PX, 3), 255, np.uint8)
    centre, there = np.array([[200.0, 50.0]]), np.array([[4.0, 0.0]])
    picture = residual_arrows(rgb, Residuals(centre, there, np.ones(1)))[TEXT_PX:]
    drawn = np.flatnonzero((picture != 255).any(axis=(0, 2)))
    assert drawn.min() >= 195 and drawn.max() >= 235  # ten times as long


@pytest.mark.parametrize("grid", ["rgb", "thermal"])
def test_a_product_gets_its_pictures(tmp_path: Path, grid: str) -> None:
    write_pairs(tmp_path / "pairs", {key: apart(3, 6, 0) for key in "abc"})
    register_pairs(tmp_path, supplied={"*": shift(6, 0)}, grid=grid)
    write_pictures(tmp_path / "pairs", tmp_path / "registered", tmp_path / "plots")
    names = sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert {"best.jpg", "distribution.svg", "typical.jpg", "worst.jpg"} <= set(names)
    best = cv2.imread(str(tmp_path / "plots/best.jpg"))
    assert best is not None and best.shape[1] == 2 * (CELL_PX + 4)
    again = tmp_path / "again"
    write_pictures(tmp_path / "pairs", tmp_path / "registered", again)
    for path in again.iterdir():
        assert path.read_bytes() == (tmp_path / "plots" / path.name).read_bytes()
