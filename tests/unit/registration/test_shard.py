"""Transforms that pairs of a dataset get, and consequences of failure."""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.made.registered_pairs import (
    HEIGHT,
    WIDTH,
    Made,
    apart,
    joined,
    name_of,
    pair,
    register_pairs,
    rows_by_key,
    shift,
    write_pairs,
)
from tests.made.scenes import displaced, scene
from twinband.registration.geometry import Similarity
from twinband.registration.quality import Status
from twinband.registration.register import Registration, register_rig
from twinband.registration.trust import Sample
from twinband.shards.registered import registered_pair

MOTION = Similarity(6.0, -4.0, math.radians(1.2), math.log(1.02))
IDENTITY = np.eye(3).ravel().tolist()


class MadeUp:
    """A backend that answers what the test wants; remembers what was asked together."""

    def __init__(self, answer: Callable[[Sequence[Sample]], Registration | None]) -> None:
        self.answer = answer
        self.asked: list[list[str]] = []
        self.options: Mapping[str, Any] = {}

    def register(self, samples: Sequence[Sample]) -> Registration | None:
        self.asked.append([sample.name for sample in samples])
        return self.answer(samples)


Install = Callable[[Callable[[Sequence[Sample]], Registration | None]], MadeUp]


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Puts a backend ``made_up`` where a learned matcher would stand."""

    def put(answer: Callable[[Sequence[Sample]], Registration | None]) -> MadeUp:
        backend = MadeUp(answer)

        def open_backend(options: Mapping[str, Any]) -> MadeUp:
            backend.options = options
            return backend

        module = ModuleType("twinband.backends.made_up")
        module.open_backend = open_backend  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return backend

    return put


def answer(x: float, y: float, status: Status = "accepted", score: float = 0.5) -> Registration:
    matrix = shift(x, y) if status == "accepted" else np.eye(3)
    reason = "low_score" if status == "failed" else ""
    return Registration(matrix, shift(x, y), status, reason, score, 0.1, 0.5, math.hypot(x, y))


def by_key(answers: Mapping[str, Registration]) -> Callable[[Sequence[Sample]], Registration]:
    return lambda samples: answers[samples[0].name.removeprefix("raw/")]


def test_a_new_backend_is_one_module_found_by_its_name(tmp_path: Path, install: Install) -> None:
    write_pairs(tmp_path / "pairs", {"a": pair(1)})
    backend = install(by_key({"a": answer(7, 2)}))
    done = register_pairs(tmp_path, backend="made_up", options={"weights": "small"})
    assert backend.options == {"weights": "small"} and backend.asked == [["raw/a"]]
    row = rows_by_key(done)["a"]
    assert row["matrix"] == shift(7, 2).ravel().tolist() and row["registration"] == "accepted"


def test_a_backend_may_be_unable_to_tell(tmp_path: Path, install: Install) -> None:
    write_pairs(tmp_path / "pairs", {k: pair(n, group="g") for n, k in enumerate("abc")})
    install(lambda samples: None)
    done = register_pairs(tmp_path, backend="made_up", rig="sequence")
    for row in rows_by_key(done).values():
        found = (row["registration"], row["registration_reason"], row["source"])
        assert found == ("failed", "backend_cannot_tell", "pair")


@pytest.mark.parametrize(
    ("policy", "applied", "moved", "present", "training"),
    [
        ("keep_identity", ["keep_identity", "keep_identity"], [], [1, 1], [1, 1]),
        ("use_rig", ["use_rig", "keep_identity"], ["fails"], [1, 1], [1, 1]),
        ("single_modality", ["single_modality", "single_modality"], [], [0, 0], [1, 1]),
        ("drop", ["drop", "drop"], [], [1, 1], [0, 0]),
    ],
)
def test_failure_policies(
    tmp_path: Path,
    install: Install,
    policy: str,
    applied: list[str],
    moved: list[str],
    present: list[int],
    training: list[int],
) -> None:
    answers = {
        "best": answer(5, -3, score=0.6),
        "fails": answer(20, 20, "failed"),
        "good": answer(4, 4, score=0.4),
        "alone": answer(20, 20, "failed"),
        "elsewhere": answer(9, 9, score=0.9),
    }
    groups = dict.fromkeys(("best", "fails", "good"), "drive")
    write_pairs(
        tmp_path / "pairs",
        {key: pair(n, group=groups.get(key, key)) for n, key in enumerate(answers)},
    )
    install(by_key(answers))
    done = register_pairs(tmp_path, backend="made_up", on_failure=policy)
    rows, samples = rows_by_key(done), joined(tmp_path)
    failed = ["fails", "alone"]
    assert [rows[key]["registration"] for key in failed] == ["failed", "failed"]
    assert [rows[key]["policy"] for key in failed] == applied
    assert [key for key in failed if rows[key]["resampled"]] == moved
    for key, thermal_present, used in zip(failed, present, training, strict=True):
        assert rows[key]["matrix"] == (shift(5, -3).ravel().tolist() if key in moved else IDENTITY)
        assert rows[key]["estimate"] == shift(20, 20).ravel().tolist()
        found = registered_pair(samples[key])
        assert found.thermal_present == bool(thermal_present) == found.thermal.any()
        assert found.training == bool(used) == rows[key]["training"]
        assert ("thermal" in samples[key]["registered"]) == (key in moved)
    for key in ("best", "good", "elsewhere"):
        assert rows[key]["policy"] == "" and rows[key]["training"]
        assert registered_pair(samples[key]).thermal_present


def test_images_of_other_sizes_lend_nothing(tmp_path: Path, install: Install) -> None:
    small = Made(*scene(1, 80, 60), group="drive")
    write_pairs(tmp_path / "pairs", {"a": pair(0, group="drive"), "b": small})
    install(by_key({"a": answer(5, 5), "b": answer(9, 9, "failed")}))
    done = register_pairs(tmp_path, backend="made_up", on_failure="use_rig")
    assert rows_by_key(done)["b"]["policy"] == "keep_identity"
    assert not rows_by_key(done)["b"]["resampled"]


# The order of trust.


def test_supplied_then_declared_then_pooled_then_single(tmp_path: Path, install: Install) -> None:
    frames = {f"s{n}": pair(n, group="drive", frame=10 - n) for n in range(5)}
    frames["s2"] = apart(2, 9, 9, group="drive", frame=8)
    frames["few"] = pair(7, group="short")
    write_pairs(tmp_path / "pairs", frames)
    backend = install(lambda samples: answer(len(samples), 0))
    supplied = {name_of("s2"): shift(9, 9)}
    done = register_pairs(
        tmp_path, backend="made_up", rig="sequence", pooled_pairs=3, supplied=supplied
    )
    rows = rows_by_key(done)
    assert {key: (row["source"], row["matrix"][2]) for key, row in rows.items()} == {
        **{f"s{n}": ("sequence", 3.0) for n in (0, 1, 3, 4)},
        "s2": ("supplied", 9.0),
        "few": ("pair", 1.0),
    }
    # By frame: s4 to s0; the first, the middle one and the last.
    assert backend.asked == [["raw/s4", "raw/s2", "raw/s0"], ["raw/few"]]


def test_declared_beats_any_estimate_but_not_what_was_supplied(
    tmp_path: Path, install: Install
) -> None:
    write_pairs(tmp_path / "pairs", {key: pair(n, group="g") for n, key in enumerate("abc")})
    backend = install(lambda samples: answer(5, 5))
    done = register_pairs(
        tmp_path,
        backend="made_up",
        rig="dataset",
        aligned=True,
        supplied={name_of("b"): shift(3, 0)},
    )
    found = {key: (row["source"], row["registration"]) for key, row in rows_by_key(done).items()}
    declared = ("declared", "already_aligned")
    assert found == {"a": declared, "b": ("supplied", "accepted"), "c": declared}
    assert backend.asked == []
    samples = joined(tmp_path)
    assert set(samples["a"]["registered"]) == {"json"}
    assert {"thermal", "valid"} < set(samples["b"]["registered"])


def test_a_rig_is_the_whole_dataset_if_it_says_so(tmp_path: Path, install: Install) -> None:
    write_pairs(tmp_path / "pairs", {"a": pair(0), "c": pair(1)}, {"b": pair(2), "d": pair(3)})
    backend = install(lambda samples: answer(len(samples), 0))
    done = register_pairs(tmp_path, backend="made_up", rig="dataset", pooled_pairs=4)
    assert backend.asked == [["raw/a", "raw/b", "raw/c", "raw/d"]]
    assert {row["source"] for row in rows_by_key(done).values()} == {"rig"}


def test_pairs_of_other_sizes_than_their_rig_are_estimated_alone(
    tmp_path: Path, install: Install
) -> None:
    small = Made(*scene(4, 80, 60), group="g")
    write_pairs(tmp_path / "pairs", {"a": pair(0, group="g"), "b": small, "c": pair(1, group="g")})
    install(lambda samples: answer(len(samples), 0))
    rows = rows_by_key(register_pairs(tmp_path, backend="made_up", rig="sequence", pooled_pairs=3))
    found = {key: (row["source"], row["matrix"][2]) for key, row in rows.items()}
    assert found == {"a": ("sequence", 2.0), "b": ("pair", 1.0), "c": ("sequence", 2.0)}


def test_pairs_of_a_rig_that_failed_are_estimated_alone(tmp_path: Path, install: Install) -> None:
    write_pairs(tmp_path / "pairs", {key: pair(n, group="g") for n, key in enumerate("abc")})
    install(lambda samples: answer(8, 0, "failed") if len(samples) > 1 else answer(1, 0))
    rows = rows_by_key(register_pairs(tmp_path, backend="made_up", rig="sequence"))
    assert {(row["source"], row["matrix"][2]) for row in rows.values()} == {("pair", 1.0)}


def test_a_pooled_search_is_what_register_rig_says(tmp_path: Path) -> None:
    pairs = {}
    for number in range(3):
        rgb, thermal = scene(20 + number, WIDTH, HEIGHT)
        pairs[f"f{number}"] = Made(rgb, displaced(thermal, MOTION)[0], group="g", frame=number)
    write_pairs(tmp_path / "pairs", pairs)
    done = register_pairs(tmp_path, rig="sequence", pooled_pairs=3)
    expected = register_rig([(made.rgb, made.thermal) for made in pairs.values()])
    assert expected.status == "accepted"
    for row in rows_by_key(done).values():
        assert row["source"] == "sequence"
        assert row["matrix"] == expected.matrix.ravel().tolist()
        assert row["score"] > row["score_before"]
