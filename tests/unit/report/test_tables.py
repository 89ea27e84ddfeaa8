from tests.made.report import FACTS, METRICS
from twinband.report.tables import Cell, headlines, tables_of


def test_two_levels_are_a_matrix_and_single_values_a_list_after_it() -> None:
    matrix, single = tables_of(FACTS)
    assert (matrix.caption, matrix.columns) == ("accuracy", ("day", "night", "overall"))
    assert [name for name, _ in matrix.rows] == ["rgb", "thermal", "both"]
    assert matrix.rows[0][1] == (
        Cell("0.931", 0.9312),
        Cell("0.693", 0.6934),
        Cell("0.812", 0.8123),
    )
    assert single.columns == ("",)
    assert single.rows == (
        ("most_frequent_class", (Cell("0.253"),)),
        ("test_crops", (Cell("1\u202f720"),)),
        ("train_crops", (Cell("7\u202f180"),)),
    )


def test_deeper_levels_are_named_by_the_way_to_them() -> None:
    metrics = {"miss_rate": {"day": {"near": {"all": 12.25}, "far": {"all": 45.0, "count": 3}}}}
    (table,) = tables_of(metrics)
    assert table.caption == "miss_rate · day"
    assert table.columns == ("all", "count")
    assert dict(table.rows) == {
        "near": (Cell("12.25"), Cell("–")),
        "far": (Cell("45.00"), Cell("3")),
    }


def test_dicts_without_a_common_key_are_lists_of_their_own() -> None:
    tables = tables_of({"counts": {"train": 3}, "seconds": {"fit": 1.5}})
    assert [(table.caption, table.columns) for table in tables] == [
        ("counts", ("",)),
        ("seconds", ("",)),
    ]


def test_a_confusion_matrix_is_a_matrix_by_position() -> None:
    (table,) = tables_of({"confusion": [[10, 2], [3, 20]]})
    assert (table.caption, table.columns) == ("confusion", ("0", "1"))
    assert [[cell.text for cell in cells] for _, cells in table.rows] == [["10", "2"], ["3", "20"]]


def test_odd_values_are_shown_as_they_are() -> None:
    (table,) = tables_of(
        {"a": float("nan"), "b": None, "c": True, "d": ["x", 1], "e": 1e-05, "f": "word", "g": {}}
    )
    texts = {name: cell.text for name, (cell,) in table.rows}
    assert texts == {
        "a": "not a number",
        "b": "–",
        "c": "yes",
        "d": "x, 1",
        "e": "1e-05",
        "f": "word",
    }
    assert tables_of({}) == []


def test_only_fractions_of_one_get_bars() -> None:
    fractions, others = tables_of({"iou": {"a": {"x": 0.5}}, "error": {"a": {"x": 1.5, "y": 0.5}}})
    assert fractions.rows[0][1][0].share == 0.5
    assert all(cell.share is None for _, cells in others.rows for cell in cells)


def test_headlines_have_decimals_and_bars_of_their_own() -> None:
    assert headlines(METRICS) == [
        ("linear_rgb", Cell("0.812", 0.8123)),
        ("linear_thermal", Cell("0.854", 0.8542)),
        ("linear_both", Cell("0.902", 0.9017)),
    ]
    assert headlines({"pairs": 1200, "error": 12.345, "overall": 0.5}) == [
        ("pairs", Cell("1\u202f200")),
        ("error", Cell("12.35")),
        ("overall", Cell("0.500", 0.5)),
    ]
