"""Frames of two modalities: paired by number, whatever is missing or was left beside them."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinband.ingest.sequences import paired, usual_names

Name = Callable[[int], str]
STYLES: dict[str, tuple[Name, Name]] = {
    "rgbt234": (lambda n: f"{n:05d}v", lambda n: f"{n:05d}i"),
    "no-zeros": (lambda n: f"{n}v", lambda n: f"{n}i"),
    "zeros-differ": (lambda n: f"{n:05d}", lambda n: f"{n:06d}"),
    "equal": (lambda n: f"{n:04d}", lambda n: f"{n:04d}"),
    "words": (lambda n: f"visible_{n:04d}", lambda n: f"lwir_{n:04d}"),
    "camera-numbers": (lambda n: f"cam0_{n:04d}", lambda n: f"cam1_{n:04d}"),
    "constant-after": (lambda n: f"{n:04d}_640x512", lambda n: f"{n:04d}_1920x1080"),
    "times": (lambda n: f"{1000 + 7 * n}_{n}", lambda n: f"{1003 + 7 * n}_{n}"),
    "before": (lambda n: f"{n}_{5000 + 3 * n}", lambda n: f"{n}_{9001 + 4 * n}"),
    "date": (lambda n: f"2023-05-01_{n:04d}_W", lambda n: f"2023-05-01_{n:04d}_T"),
}


def fields(style: str, rgb: list[int], thermal: list[int]) -> dict[str, list[str]]:
    names = STYLES[style]
    return {
        "rgb": [f"s/visible/{names[0](n)}.jpg" for n in rgb],
        "thermal": [f"s/infrared/{names[1](n)}.jpg" for n in thermal],
    }


def pairs_of(files: dict[str, list[str]]) -> list[tuple[str, str]]:
    found = paired(files)
    whole = [] if found.why else [m for m in found.moments if len(m) == 2]
    return [(moment["rgb"], moment["thermal"]) for moment in whole]


@settings(derandomize=True, max_examples=60, deadline=None)
@given(lost=st.lists(st.integers(0, 29), max_size=10), side=st.lists(st.booleans(), min_size=10))
@pytest.mark.parametrize("style", STYLES)
def test_a_lost_frame_is_lost_alone(style: str, lost: list[int], side: list[bool]) -> None:
    gone = dict(zip(lost, side, strict=False))
    rgb = [n for n in range(30) if gone.get(n) is not True]
    thermal = [n for n in range(30) if gone.get(n) is not False]
    files = fields(style, rgb, thermal)
    both = fields(style, sorted({*rgb} & {*thermal}), sorted({*rgb} & {*thermal}))
    assert pairs_of(files) == list(zip(both["rgb"], both["thermal"], strict=True))
    found = paired(files)
    assert sum(map(len, found.moments)) == len(rgb) + len(thermal) and not found.strays


@pytest.mark.parametrize(
    "copy",
    [
        "00004v - Copy",
        "00004v (2)",
        "00004v_copy",
        "Kopie von 00004v",
        "copy of 00004v",
        "00004v~",
        "00004v.orig",
        "00004v-1",
        "preview",
        "00004 v",
    ],
)
@pytest.mark.parametrize("both", [False, True])
def test_a_copy_is_a_stray_and_shifts_nothing(copy: str, both: bool) -> None:
    files = fields("rgbt234", list(range(1, 11)), list(range(1, 11)))
    whole = pairs_of(files)
    files["rgb"].append(f"s/visible/{copy}.jpg")
    if both:
        files["thermal"].append(f"s/infrared/{copy.replace('v', 'i')}.jpg")
    assert pairs_of(files) == whole
    assert len(paired(files).strays) == 1 + both


@pytest.mark.parametrize("other", ["4v", "0004v"])
def test_of_two_files_of_one_number_none_is_taken(other: str) -> None:
    files = fields("rgbt234", list(range(1, 11)), list(range(1, 11)))
    files["rgb"].append(f"s/visible/{other}.jpg")
    assert len(pairs_of(files)) == 9
    assert {path for _, path in paired(files).strays} == {
        f"s/visible/{other}.jpg",
        "s/visible/00004v.jpg",
    }


@pytest.mark.parametrize(
    ("rgb", "thermal", "pairs"),
    [
        ([1, 2, 3], [101, 102, 103], 3),
        ([1, 3, 5], [101, 103, 105], 3),
        ([9, 10, 11], [99, 100, 101], 3),
        ([1], [101], 1),
        ([1, 2, 3], [101, 102], 0),
        ([1, 2, 3], [101, 102, 103, 104, 105], 0),
        ([1, 2, 4], [101, 103, 104], 0),
        ([1, 2, 3], [], 0),
        ([], [1, 2], 0),
        ([2, 3, 4], [1, 2, 3], 2),
    ],
)
def test_other_numbers_pair_only_if_all_differ_by_the_same(
    rgb: list[int], thermal: list[int], pairs: int
) -> None:
    assert len(pairs_of(fields("rgbt234", rgb, thermal))) == pairs


def test_names_without_numbers_pair_if_they_are_equal() -> None:
    files = {"rgb": ["v/a.jpg", "v/b.jpg", "v/c.jpg"], "thermal": ["t/a.jpg", "t/c.png"]}
    assert pairs_of(files) == [("v/a.jpg", "t/a.jpg"), ("v/c.jpg", "t/c.png")]
    assert paired({"rgb": ["v/a.jpg", "v/b.jpg"], "thermal": ["t/x.jpg", "t/y.jpg"]}).why


def test_without_a_prevailing_form_all_names_count() -> None:
    assert usual_names(["b1.jpg", "a1.jpg"]) == ["a1.jpg", "b1.jpg"]
    assert usual_names([]) == []
