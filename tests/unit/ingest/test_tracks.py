"""Boxes of a target over a sequence: parsed, and put beside their frames."""

from pathlib import Path

import pytest

from tests.made.layouts import scan, write_image, write_text
from tests.made.tracking import boxes, write_rgbt234
from twinband.core.errors import InputError
from twinband.ingest.dataset import open_dataset, open_layout
from twinband.ingest.sequences import paired
from twinband.ingest.tracks import Way, lines_of_frames, parse_box


@pytest.mark.parametrize(
    "line",
    [
        "0,0,0,0",
        "NaN,NaN,NaN,NaN",
        "nan nan nan nan",
        "nan\tnan\tnan\tnan",
        "NAN;NAN;NAN;NAN;",
        "nan,1,2,3",
        "1,2,nan,nan",
        "-nan,-nan,-nan,-nan",
        "1,2,0,5,",
        "1,2,5,-1",
    ],
)
def test_absent_targets_have_no_box(line: str) -> None:
    assert parse_box(line, "a.txt, line 1") is None


@pytest.mark.parametrize(
    "line",
    [
        "1,2,3,4",
        "1,2,3,4,",
        "1, 2, 3, 4, ",
        "1;2;3;4;",
        "1 2 3 4 ",
        "1\t2 3,4",
        "1\t2\t3\t4\t",
        ",1,2,3,4",
        "1.0,2.0,3e0,4.",
        " 1 ,2 ,3 ,4 ,,",
    ],
)
def test_separators_around_the_numbers_are_nothing(line: str) -> None:
    assert parse_box(line, "a.txt, line 1") == [1.0, 2.0, 4.0, 6.0]


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("1 2 3 4", [1.0, 2.0, 3.0, 4.0]),
        ("1,2,1,4", None),
        ("3,2,1,4", None),
        ("1,2,nan,4", None),
        ("-1.5\t2\t3\t4,", [-1.5, 2.0, 3.0, 4.0]),
    ],
)
def test_corners_are_kept(line: str, box: list[float] | None) -> None:
    assert parse_box(line, "a.txt, line 1", "xyxy") == box


RANKS = Way(10, range(10))
GAPS = Way(12, [0, 1, 2, 3, 4, 6, 7, 8, 9, 11])


@pytest.mark.parametrize(
    ("lines", "ways", "every", "expected", "fits"),
    [
        (10, [RANKS], 1, [*range(10)], True),
        (12, [GAPS, RANKS], 1, [0, 1, 2, 3, 4, 6, 7, 8, 9, 11], True),
        (10, [GAPS, RANKS], 1, [*range(10)], True),
        (8, [GAPS, RANKS], 1, [0, 1, 2, 3, 4, 6, 7, 8, 9, 11], False),
        (99, [RANKS], 1, [*range(10)], False),
        (0, [RANKS], 1, [*range(10)], False),
        (1, [RANKS], 10, [0, *[None] * 9], True),
        (2, [GAPS, RANKS], 10, [0, *[None] * 9], True),
        (2, [RANKS], 5, [0, None, None, None, None, 1, None, None, None, None], True),
        (4, [RANKS], 5, [0, None, None, None, None, 1, None, None, None, None], False),
        (1, [Way(1, [None, 0])], 1, [None, 0], True),
    ],
)
def test_the_number_of_lines_tells_what_is_counted(
    lines: int, ways: list[Way], every: int, expected: list[int | None], fits: bool
) -> None:
    assert lines_of_frames(lines, ways, every) == (expected, fits)


def frames(numbers: list[int], other: list[int] | None = None) -> dict[str, list[str]]:
    return {
        "rgb": [f"s/v/{n:05d}v.jpg" for n in numbers],
        "thermal": [f"s/i/{n:05d}i.jpg" for n in (numbers if other is None else other)],
    }


@pytest.mark.parametrize(
    ("fields", "places", "numbers"),
    [
        (frames([1, 2, 3]), [0, 1, 2], [1, 2, 3]),
        (frames([1, 2, 4]), [0, 1, 2], [1, 2, 4]),
        (frames([1, 2, 3, 4], [1, 2, 4]), [0, 1, 2, 3], [1, 2, 3, 4]),
        ({"rgb": ["v/a.jpg", "v/b.jpg"], "thermal": ["t/a.jpg", "t/b.jpg"]}, [0, 1], []),
        (
            {"rgb": ["v/c0_5.jpg", "v/c0_6.jpg"], "thermal": ["t/c1_5.jpg", "t/c1_6.jpg"]},
            [0, 1],
            [5, 6],
        ),
        ({"rgb": ["v/5.jpg"], "thermal": ["t/5.jpg"]}, [0], []),
    ],
)
def test_names_tell_the_numbers_of_moments(
    fields: dict[str, list[str]], places: list[int], numbers: list[int]
) -> None:
    found = paired(fields)
    assert (list(found.places), list(found.numbers)) == (places, numbers)


def test_two_files_of_a_number_shift_nothing() -> None:
    fields = frames([1, 2, 3, 4, 5, 6])
    fields["rgb"].append("s/v/2v.jpg")
    fields["thermal"].append("s/i/2i.jpg")
    assert list(paired(fields).places) == [0, 2, 3, 4, 5]


def write_numbers(root: Path, numbers: list[int], lines: int) -> None:
    for n in numbers:
        write_image(root / f"walk/visible/{n:05d}v.jpg", seed=n)
        write_image(root / f"walk/infrared/{n:05d}i.jpg", channels=1, seed=n)
    write_text(root / "walk/visible.txt", boxes(lines))


@pytest.mark.parametrize(
    ("numbers", "lines", "expected"),
    [
        ([1, 2, 3, 4], 4, [1, 2, 3, 4]),
        ([1, 2, 5, 6], 6, [1, 2, 5, 6]),  # lost in both modalities
        ([1, 2, 5, 6], 4, [1, 2, 3, 4]),
        ([0, 5, 10, 15], 16, [1, 6, 11, 16]),  # a thinned copy
        ([1, 6, 11, 16], 20, [1, 6, 11, 16]),
        ([3, 4, 5, 6], 6, [3, 4, 5, 6]),  # the first are lost
        ([3, 4, 5, 6], 7, [4, 5, 6, 7]),
        ([3, 4, 5, 6], 4, [1, 2, 3, 4]),
        ([100, 107, 114, 121], 4, [1, 2, 3, 4]),  # times
        ([1, 2, 3, 4], 2, [1, 2, None, None]),
        ([1, 2, 3, 4], 0, [None] * 4),
    ],
)
def test_boxes_stay_with_the_frames_that_they_were_drawn_on(
    tmp_path: Path, numbers: list[int], lines: int, expected: list[int | None]
) -> None:
    write_numbers(tmp_path, numbers, lines)
    layout = open_layout("rgbt234", str(tmp_path), {})
    list(layout.scan())
    found = [
        pair.labels.get("target_rgb", [None])[0] for pair in open_dataset("rgbt234", str(tmp_path))
    ]
    assert found == expected
    odd = lines in (0, 2, 20)
    assert bool(layout.remarks) == odd and all("4 frames" in said for said in layout.remarks)


def test_a_list_that_cannot_be_read_is_a_row_and_costs_no_images(tmp_path: Path) -> None:
    write_rgbt234(tmp_path, "walk", 2)
    write_text(tmp_path / "walk/visible.txt", "1,2,3,4\n\0\n")
    entries, problems = scan("rgbt234", tmp_path)
    assert len(entries) == 2
    assert [(p.name, p.reason) for p in problems.values()] == [("walk/visible.txt", "not_text")]
    assert list(open_dataset("rgbt234", str(tmp_path))[0].labels) == ["target_thermal"]
    with pytest.raises(InputError, match=r"walk/visible\.txt"):
        scan("rgbt234", tmp_path, strict_labels=True)
