import pytest

from twinband.report.render import anchor_of
from twinband.text import count, in_reading_order, share, size


def test_counts_are_grouped_by_narrow_spaces() -> None:
    assert [count(0), count(999), count(1_234_567)] == ["0", "999", "1\u202f234\u202f567"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (99_400, "99.4 kB"), (99_960, "100 kB"),
     (999_700, "1.0 MB"), (3_140_000_000, "3.1 GB"), (5e15, "5000 TB")],
)  # fmt: skip
def test_sizes_are_decimal(number: int, text: str) -> None:
    assert size(number) == text


def test_a_share_never_rounds_to_none_or_all() -> None:
    shares = [share(1, 100_000), share(99_999, 100_000), share(1, 3), share(0, 5), share(5, 5)]
    plain = [text.replace("\u202f", "") for text in shares]
    assert plain == ["<0.1%", ">99.9%", "33.3%", "0.0%", "100.0%"]
    assert share(0, 0) == "–"


def test_known_names_have_their_own_order_and_the_whole_comes_last() -> None:
    names = ["both", "overall", "person", "night", "rgb", "unknown", "car", "day", "thermal"]
    assert in_reading_order(names) == [
        *["rgb", "thermal", "both", "day", "night"],
        *["person", "car"],
        *["unknown", "overall"],
    ]
    assert in_reading_order(["test", "train", "val"]) == ["train", "val", "test"]


def test_anchors_are_safe_and_distinct() -> None:
    names = ["a b", "a.b", "a-b", "a_b", 'a"b', "a<b>", "ä", "A-b"]
    anchors = [anchor_of("dataset", name) for name in names]
    assert len(set(anchors)) == len(names)
    assert all(set(anchor) <= set("abcdefghijklmnopqrstuvwxyzA0123456789.-_") for anchor in anchors)
