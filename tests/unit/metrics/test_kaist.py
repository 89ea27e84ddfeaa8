"""KAIST's miss rate: rule by rule, and against plain loops over random scenes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made.miss_rate import spec_miss_rate
from twinband.metrics.bootstrap import interval
from twinband.metrics.kaist import SETTINGS, Detections, Evaluation, Truth, miss_rates

Box = tuple[float, float, float, float]
PERSON: Box = (100, 100, 30, 60)
# 1 - recall at the nine points when half of the people are found without a false positive.
HALF = 0.5
NOBODY = 1.0


def truth(
    *boxes: tuple[int, Box],
    images: int = 200,
    occlusions: int = 0,
    ignored: bool | list[bool] = False,
    first_id: int = 1,
) -> Truth:
    count = len(boxes)
    table = np.array([box for _, box in boxes], np.float64).reshape(-1, 4)
    return Truth(
        images,
        np.array([image for image, _ in boxes], np.int64),
        table,
        table[:, 3],
        np.full(count, occlusions, np.int64),
        np.broadcast_to(np.asarray(ignored, np.bool_), count),
        np.arange(first_id, first_id + count) == 0,
    )


def found(*rows: tuple[int, Box, float]) -> Detections:
    return Detections(
        np.array([image for image, _, _ in rows], np.int64),
        np.array([box for _, box, _ in rows], np.float64).reshape(-1, 4),
        np.array([score for _, _, score in rows], np.float64),
    )


def rate(true: Truth, detections: Detections, name: str = "all", mode: str = "strict") -> float:
    return Evaluation(true, detections, mode).miss_rate(name)


@pytest.mark.parametrize("mode", ["strict", "evalai"])
def test_half_of_the_people(mode: str) -> None:
    true = truth((0, PERSON), (1, PERSON))
    detections = found((0, PERSON, 0.9), (1, (400, 100, 30, 60), 0.1))
    assert rate(true, detections, mode=mode) == pytest.approx(HALF)


def test_a_perfect_detector_is_not_zero_by_the_reference() -> None:
    true, detections = truth((0, PERSON)), found((0, PERSON, 0.5))
    assert rate(true, detections) == pytest.approx(1e-10)
    assert rate(true, detections, mode="evalai") == 0


def test_images_without_a_detection_count_by_the_reference_only() -> None:
    true, detections = truth((0, PERSON), (1, PERSON)), found((0, PERSON, 0.5))
    assert rate(true, detections) == pytest.approx(HALF)
    assert rate(true, detections, mode="evalai") == 0


def test_annotation_0_is_a_false_positive_for_the_script() -> None:
    true = truth((0, PERSON), (1, PERSON), first_id=0)
    detections = found((0, PERSON, 0.9), (1, PERSON, 0.8))
    assert rate(true, detections) == pytest.approx(1e-10)
    # One false positive on 200 images comes first, so no point is before the curve.
    assert rate(true, detections, mode="evalai") == pytest.approx(HALF)


def test_a_point_before_the_curve() -> None:
    """With ten images, one false positive is 0.1 an image: four points lie before that."""
    true = truth((0, PERSON), (1, PERSON), images=10)
    detections = found((0, (400, 100, 30, 60), 0.9), (0, PERSON, 0.8), (1, (9, 9, 30, 60), 0.7))
    assert rate(true, detections) == pytest.approx(0.5 ** (5 / 9))
    assert rate(true, detections, mode="evalai") == pytest.approx(0.5)


def test_the_script_rounds_its_points() -> None:
    """On 1455 images 46 false positives are 0.03161 an image: before 0.03162, beyond 0.0316."""
    wrong = [(image, (300.0, 100.0, 30.0, 60.0), 0.9) for image in range(46)]
    people = [(image, PERSON) for image in range(1455)]
    late = [(image, PERSON, 0.5) for image in range(1455)]
    true = truth(*people, (0, (500, 100, 30, 60)), images=1455)  # the last one is never found
    detections = found(*wrong, *late)
    # Who is found comes after the 46: the points from 0.0316 on see them, or only those beyond.
    assert rate(true, detections) == pytest.approx((1 / 1456) ** (7 / 9))
    assert rate(true, detections, mode="evalai") == pytest.approx((1 / 1456) ** (6 / 9))


def test_one_detection_a_person_and_the_best_score_first() -> None:
    true = truth((0, PERSON), images=1)
    twice = found((0, PERSON, 0.5), (0, PERSON, 0.9))
    assert rate(true, twice) == pytest.approx(1e-10)  # 1 false positive an image is the last point


def test_overlaps_of_exactly_a_half_match() -> None:
    true = truth((0, (100, 100, 30, 60)))
    assert rate(true, found((0, (100, 100, 30, 30), 0.5))) == pytest.approx(1e-10)
    assert rate(true, found((0, (100, 100, 30, 29.9), 0.5))) == NOBODY


def test_of_equal_overlaps_the_later_box() -> None:
    """The first detection lies between two people; the second is on the left one."""
    left, right = (100.0, 100.0, 30.0, 60.0), (110.0, 100.0, 30.0, 60.0)
    middle = (105.0, 100.0, 30.0, 60.0)
    true = truth((0, left), (0, right))
    assert rate(true, found((0, middle, 0.9), (0, left, 0.8))) == pytest.approx(1e-10)
    assert rate(true, found((0, middle, 0.9), (0, right, 0.8))) == pytest.approx(1e-10)
    narrow = (112.0, 100.0, 30.0, 60.0)  # overlaps left by less than a half
    assert rate(true, found((0, middle, 0.9), (0, narrow, 0.8))) == pytest.approx(HALF)


def test_ignored_boxes_absorb_any_number_by_the_share_of_the_detection() -> None:
    crowd: Box = (300, 100, 200, 100)
    true = truth((0, crowd), (0, PERSON), ignored=[True, False], images=1)
    inside = [(0, (310.0 + 20 * k, 110.0, 15.0, 40.0), 0.9) for k in range(5)]
    assert rate(true, found(*inside, (0, PERSON, 0.1))) == pytest.approx(1e-10)


def test_a_person_comes_before_an_ignored_box() -> None:
    """A group stands around the person; the detection is the person's though it is in both."""
    true = truth((0, (90, 90, 60, 90)), (0, PERSON), ignored=[True, False])
    assert rate(true, found((0, (102, 100, 30, 60), 0.9))) == pytest.approx(1e-10)


@pytest.mark.parametrize(
    ("box", "scored"),
    [
        ((5, 5, 30, 60), True),
        ((4.9, 100, 30, 60), False),
        ((100, 4.9, 30, 60), False),
        ((605, 447, 30, 60), True),
        ((605.1, 447, 30, 60), False),
        ((605, 447.1, 30, 60), False),
    ],
)
def test_people_at_the_edge_are_ignored(box: Box, scored: bool) -> None:
    assert Evaluation(truth((0, box)), found(), "strict").people("reasonable") == scored


@pytest.mark.parametrize(
    ("height", "occlusion", "names"),
    [
        (1, 0, "far none all"),
        (45, 0, "medium far none all"),
        (54.9, 0, "medium none all"),
        (55, 0, "reasonable medium none all"),
        (115, 0, "reasonable near medium none all"),
        (115.1, 0, "reasonable near none all"),
        (60, 1, "reasonable partial all"),
        (40, 1, "partial all"),
        (60, 2, "heavy all"),
        (0.9, 0, ""),
    ],
)
def test_settings(height: float, occlusion: int, names: str) -> None:
    true = truth((0, (100, 100, 30, height)), occlusions=occlusion)
    evaluation = Evaluation(true, found(), "strict")
    assert [name for name in SETTINGS if evaluation.people(name)] == names.split()


def test_detections_are_never_left_out_for_their_size() -> None:
    true = truth((0, PERSON), images=1)
    tiny = [(0, (300.0 + k, 300.0, 2.0, 4.0), 0.9) for k in range(3)]
    assert rate(true, found(*tiny, (0, PERSON, 0.1)), "reasonable") == NOBODY


def test_nobody_to_find_is_not_a_number() -> None:
    assert np.isnan(rate(truth((0, PERSON)), found((0, PERSON, 0.5)), "heavy"))
    assert np.isnan(rate(truth((0, PERSON)), found(), mode="evalai"))
    assert rate(truth((0, PERSON)), found()) == NOBODY


def test_the_ten_numbers_in_percent() -> None:
    true = truth((0, PERSON), (100, PERSON))
    evaluation = Evaluation(true, found((0, PERSON, 0.5)), "strict")
    day = np.arange(200) < 100
    rates = miss_rates(evaluation, day, ~day)
    hours = ["reasonable", "reasonable_day", "reasonable_night"]
    assert list(rates) == [*hours, "near", "medium", "far", "none", "partial", "heavy", "all"]
    assert rates["reasonable"] == pytest.approx(50)
    assert rates["reasonable_day"] == pytest.approx(1e-8)
    assert rates["reasonable_night"] == 100
    assert np.isnan(rates["near"])


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Truth, Detections]:
    """Small boxes on a coarse grid: equal overlaps and equal scores are frequent."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    images = int(rng.integers(1, 150))
    people, detections = int(rng.integers(0, 3 * images)), int(rng.integers(0, 5 * images))

    def boxes(count: int) -> np.ndarray:
        corners = rng.integers(0, 6, (count, 2)) * [20, 10] + [0, 340]
        return np.hstack([corners, rng.integers(1, 5, (count, 2)) * [20, 30]]).astype(float)

    table = boxes(people)
    true = Truth(
        images,
        np.sort(rng.integers(0, images, people)),
        table,
        table[:, 3],
        rng.integers(0, 3, people),
        rng.random(people) < 0.2,
        np.arange(people) == 0,
    )
    image = rng.integers(0, images, detections) // int(rng.integers(1, 4))
    scores = rng.integers(0, 8, detections) / 8
    return true, Detections(image, boxes(detections), scores)


@settings(max_examples=60, deadline=None)
@given(scenes(), st.sampled_from(["strict", "evalai"]), st.sampled_from(sorted(SETTINGS)))
def test_it_equals_plain_loops(scene: tuple[Truth, Detections], mode: str, name: str) -> None:
    true, detections = scene
    setting = SETTINGS[name]
    evaluation = Evaluation(true, detections, mode)
    for part in (np.arange(true.images), np.arange(true.images // 2)):
        chosen = np.isin(np.arange(true.images), part)
        if not np.isin(detections.image, part).any() and mode == "evalai":
            assert np.isnan(evaluation.miss_rate(name, chosen))
            continue
        expected = spec_miss_rate(
            true, detections, setting.heights, setting.occlusions, part.tolist(), mode
        )
        assert evaluation.miss_rate(name, chosen) == pytest.approx(expected, nan_ok=True)


def test_weights_repeat_images() -> None:
    """A drawn image counts as often as it is drawn, as if it stood in the list twice."""
    rng = np.random.default_rng(3)
    true = truth(*((image, PERSON) for image in range(6)), images=6)
    rows = [
        (k, (100.0 + 3 * rng.integers(0, 8), 100.0, 30.0, 60.0), rng.random()) for k in range(6)
    ]
    weights = np.array([2, 0, 1, 1, 0, 2])
    names = np.repeat(np.arange(6), weights)
    doubled_truth = truth(*((k, PERSON) for k in range(6)), images=6)
    doubled = found(*((k, rows[name][1], rows[name][2]) for k, name in enumerate(names)))
    expected = rate(doubled_truth, doubled)
    assert Evaluation(true, found(*rows), "strict").miss_rate("all", weights) == pytest.approx(
        expected
    )


def test_an_interval_of_the_miss_rate_by_images() -> None:
    true = truth(*((image, PERSON) for image in range(100)), images=100)
    evaluation = Evaluation(true, found(*((k, PERSON, 0.5) for k in range(0, 100, 2))), "strict")
    result = interval(lambda weights: evaluation.miss_rate("all", weights), 100, seed=0)
    assert result.value == pytest.approx(0.5)
    assert 0.35 < result.low < 0.45 < 0.55 < result.high < 0.65
