from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.made.cmss import write_dataset
from tests.made.diary import Diary
from tests.made.labelled import WITHOUT, fill, pairs_of, same_thermal, without_thermal, write_pairs
from tests.made.raw_pairs import RUNTIME
from twinband.core.parallel import _on_processes
from twinband.labels.fill import PAIRS_AT_ONCE, ImageLabel, cache_of, fill_cache
from twinband.labels.images import MODALITIES

KEYS = [f"p{seed:03d}" for seed in range(5)]


def fresh(labels: list[ImageLabel]) -> int:
    return sum(label.fresh for label in labels)


def test_every_image_is_labelled_once(tmp_path: Path) -> None:
    base = write_pairs(tmp_path, range(3), range(3, 5))
    diary = Diary(tmp_path / "diary")
    labels = fill(base, diary, KEYS)
    assert [(label.key, label.modality) for label in labels] == [
        (key, modality) for key in KEYS for modality in MODALITIES
    ]
    assert fresh(labels) == 10 == len(set(diary.lines()))
    cache = cache_of(tmp_path / "cache", diary)
    kept = [cache.get(label.sha256) for label in labels]
    assert sorted(fields["sum"].decode() for fields in kept if fields) == sorted(diary.lines())

    again = fill(base, diary, KEYS)
    assert fresh(again) == 0 and len(diary.lines()) == 10
    assert [label.sha256 for label in again] == [label.sha256 for label in labels]


def test_progress_counts_pairs(tmp_path: Path) -> None:
    count = 2 * PAIRS_AT_ONCE + 1
    base = write_pairs(tmp_path, range(count))
    said = []
    fill_cache(
        base / "pairs",
        base / "registered",
        sorted(pairs_of(range(count))),
        "rgb",
        Diary(tmp_path / "diary"),
        tmp_path / "cache",
        RUNTIME,
        lambda done, total: said.append((done, total)),
    )
    assert said == [(n, count) for n in (0, 1, 3, 3 + PAIRS_AT_ONCE, count)]


def test_more_pairs_than_one_task_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many pairs a task has more than are labelled at once."""
    monkeypatch.setattr("twinband.labels.fill.MOST_TASKS", 1)
    count = 2 * PAIRS_AT_ONCE + 1
    base = write_pairs(tmp_path, range(count))
    labels = fill(base, Diary(tmp_path / "diary"), sorted(pairs_of(range(count))), "rgb")
    assert [label.key for label in labels] == sorted(pairs_of(range(count)))
    assert fresh(labels) == count


def test_a_grown_dataset_costs_what_it_grew_by(tmp_path: Path) -> None:
    diary = Diary(tmp_path / "diary")
    fill(write_pairs(tmp_path / "small", range(5)), diary, KEYS)
    larger = write_pairs(tmp_path / "larger", range(3, 7), range(3))
    labels = fill(larger, diary, sorted(pairs_of(range(7))))
    assert [label.key for label in labels if label.fresh] == ["p005", "p005", "p006", "p006"]
    assert len(diary.lines()) == 14


def test_images_that_pairs_share_cost_once(tmp_path: Path) -> None:
    base = tmp_path / "twins"
    write_dataset(base, {"a": same_thermal(1, 9), "b": same_thermal(2, 9)})
    diary = Diary(tmp_path / "diary")
    labels = fill(base, diary, ["a", "b"])
    assert [label.fresh for label in labels] == [True, True, True, False]
    assert labels[1].sha256 == labels[3].sha256
    assert len(diary.lines()) == 3


def test_another_annotator_labels_anew(tmp_path: Path) -> None:
    base = write_pairs(tmp_path, range(5))
    fill(base, Diary(tmp_path / "diary"), KEYS)
    other = Diary(tmp_path / "diary", "other")
    assert fresh(fill(base, other, KEYS)) == 10
    assert fresh(fill(base, other, KEYS)) == 0


def test_absent_thermal_is_not_labelled(tmp_path: Path) -> None:
    write_dataset(tmp_path, {key: without_thermal(n) for n, key in enumerate(KEYS)}, **WITHOUT)
    labels = fill(tmp_path, Diary(tmp_path / "diary"), KEYS)
    assert [label.modality for label in labels] == ["rgb"] * 5
    assert fill(tmp_path, Diary(tmp_path / "diary"), KEYS, "thermal") == []


def test_labels_given_before_a_break_down_are_kept(tmp_path: Path) -> None:
    base = write_pairs(tmp_path, range(5))
    with pytest.raises(RuntimeError, match="broken down"):
        fill(base, Diary(tmp_path / "diary", fails_after=3), KEYS)
    labels = fill(base, Diary(tmp_path / "diary"), KEYS)
    # Two images of the first pair, then three of the two pairs after it.
    assert fresh(labels) == 5 and [label.fresh for label in labels[:5]] == [False] * 5


def test_a_torn_label_is_made_anew(tmp_path: Path) -> None:
    base = write_pairs(tmp_path, range(5))
    diary = Diary(tmp_path / "diary")
    torn = fill(base, diary, KEYS)[4]
    path = cache_of(tmp_path / "cache", diary).path_of(torn.sha256)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert [label.sha256 for label in fill(base, diary, KEYS) if label.fresh] == [torn.sha256]
    assert path.read_bytes() == whole


@pytest.mark.parametrize(("worth", "begun"), [(0.0, [2]), (1e9, [])])
def test_workers_are_begun_for_what_takes_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worth: float, begun: list[int]
) -> None:
    """And find what one process finds."""
    monkeypatch.setattr("twinband.labels.fill.WORTH_WORKERS_S", worth)
    asked = []

    def processes(function, tasks, workers):  # type: ignore[no-untyped-def]
        asked.append(workers)
        return _on_processes(function, tasks, workers)

    monkeypatch.setattr("twinband.core.parallel._on_processes", processes)
    count = 3 * PAIRS_AT_ONCE
    base = write_pairs(tmp_path, range(count))
    keys = sorted(pairs_of(range(count)))
    alone = fill(base, Diary(tmp_path / "diary"), keys)
    (tmp_path / "two").mkdir()
    diary = Diary(tmp_path / "two" / "diary")
    together = fill(base, diary, keys, runtime=RUNTIME.model_copy(update={"workers": 2}))
    assert together == alone and len(diary.lines()) == 2 * count and asked == begun


def test_what_another_process_labels_meanwhile_is_not_labelled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting for a claim, as long as somebody else fills the cache."""
    base = write_pairs(tmp_path, range(5))
    diary = Diary(tmp_path / "diary")

    @contextmanager
    def others_first(file, sha256s):  # type: ignore[no-untyped-def]
        for sha256 in list(sha256s)[:1]:
            cache_of(tmp_path / "cache", diary).put(sha256, {"sum": b"theirs"})
        yield

    monkeypatch.setattr("twinband.labels.fill.claimed", others_first)
    labels = fill(base, diary, KEYS)
    claims = [False, True, *[False, True, True, True] * 2]
    assert [label.fresh for label in labels] == claims
    assert len(diary.lines()) == 7
