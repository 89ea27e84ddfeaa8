"""Registration of a dataset at work: workers, tries that were killed, reads, misuse."""

import math
from pathlib import Path
from typing import Any

import pytest

from tests.made.raw_pairs import RUNTIME, contents
from tests.made.registered_pairs import (
    HEIGHT,
    WIDTH,
    Made,
    name_of,
    pair,
    register_pairs,
    rows_by_key,
    shift,
    write_pairs,
)
from tests.made.scenes import displaced, scene
from twinband.core.errors import InputError
from twinband.core.params import ParamsError
from twinband.registration import build, trust
from twinband.registration.facts import facts_of
from twinband.registration.geometry import Matrix, Similarity
from twinband.registration.pairs import Pairs
from twinband.registration.shard import ShardTask, write_registered_shard
from twinband.shards.write import Shard
from twinband.verify import verify_product

MOTION = Similarity(6.0, -4.0, math.radians(1.2), math.log(1.02))


def three_shards(base: Path) -> None:
    """A sequence and two frames of another, moved otherwise, over three shards."""
    shards: list[dict[str, Made | None]] = [{}, {}, {}]
    for number in range(6):
        rgb, thermal = scene(30 + number, WIDTH, HEIGHT)
        group, motion = ("drive", MOTION) if number < 4 else ("short", MOTION.inverse())
        made = Made(rgb, displaced(thermal, motion)[0], group=group, frame=number)
        shards[number % 3][f"p{number}"] = made
    write_pairs(base / "pairs", *shards)


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    for workers in (1, 2):
        base = tmp_path / str(workers)
        three_shards(base)
        runtime = RUNTIME.model_copy(update={"workers": workers})
        done = register_pairs(base, rig="sequence", pooled_pairs=3, runtime=runtime)
        assert {row["source"] for row in done.manifest.to_pylist()} == {"sequence", "pair"}
    first, second = (contents(tmp_path / str(workers) / "registered") for workers in (1, 2))
    assert first == second and len(first) == 6


def test_finished_shards_and_rigs_are_not_made_again(tmp_path: Path) -> None:
    three_shards(tmp_path)
    register_pairs(tmp_path, rig="sequence", pooled_pairs=3)
    first = contents(tmp_path / "registered")
    shards, rigs = tmp_path / "work" / "shards", tmp_path / "work" / "rigs"
    (shards / "shard-000001.json").unlink()  # as if killed before the last of its three files
    (shards / "shard-000002.12345.tmp").write_bytes(b"half a shard")
    (rig,) = rigs.glob("*")
    kept = rig.read_bytes()
    rig.write_bytes(kept.replace(b"accepted", b"rejected"))  # a rig that says something else
    stamps = {path: path.stat().st_mtime_ns for path in (*shards.glob("*.tar"), *rigs.glob("*"))}
    assert len(stamps) == 4
    done = register_pairs(tmp_path, rig="sequence", pooled_pairs=3)
    assert (done.shards, done.continued) == (3, 2)
    assert contents(tmp_path / "registered") == first
    changed = [path.name for path in stamps if path.stat().st_mtime_ns != stamps[path]]
    assert sorted(changed) == sorted([rig.name, "shard-000001.tar"])
    assert rig.read_bytes() == kept and not list(shards.glob("*.tmp"))


def test_progress_counts_shards_and_empty_ones_are_made_too(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", {"a": pair(1)}, {"b": pair(2)}, {})
    told: list[tuple[int, int]] = []
    done = register_pairs(
        tmp_path, aligned=True, progress=lambda done, total: told.append((done, total))
    )
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert (done.shards, done.continued, done.manifest.num_rows) == (3, 0, 2)
    assert len(list((tmp_path / "registered").glob("shard-*.tar"))) == 3


@pytest.mark.parametrize(
    ("settings", "reads"),
    [
        ({"aligned": True, "on_failure": "use_rig"}, 1),
        ({"on_failure": "keep_identity"}, 1),
        ({"on_failure": "use_rig"}, 2),
    ],
)
def test_a_pair_is_read_again_only_where_one_may_lend_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], reads: int
) -> None:
    write_pairs(tmp_path / "pairs", {key: pair(n, group="g") for n, key in enumerate("abc")})
    asked: list[str] = []
    decoded = Pairs.open

    def opened(self: Pairs, key: str) -> Any:
        asked.append(key)
        return decoded(self, key)

    monkeypatch.setattr(Pairs, "open", opened)
    register_pairs(tmp_path, **settings)
    assert asked == [*"abc"] * reads


def test_tables_are_read_once_and_a_task_carries_only_its_own_transforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pairs(tmp_path / "pairs", {"a": pair(1, group="g")}, {"b": pair(2), "c": pair(3)})
    read: list[str] = []
    carried: list[tuple[list[str], list[str]]] = []

    def reading(path: Path) -> dict[str, Matrix]:
        read.append(path.name)
        return trust.read_homographies(path)

    def writing(task: ShardTask) -> Shard:
        carried.append((list(task.homographies), list(task.truth)))
        return write_registered_shard(task)

    monkeypatch.setattr(build, "read_homographies", reading)
    monkeypatch.setattr(build, "write_registered_shard", writing)
    supplied = {name_of("b"): shift(2, 0), "g": shift(1, 0), "*": shift(3, 0)}
    done = register_pairs(tmp_path, supplied=supplied, truth={name_of("c"): shift(3, 0)})
    assert read == ["supplied.csv", "truth.csv"]
    assert carried == [(["*", "g"], []), (["*", "raw/b"], ["raw/c"])]
    rows = rows_by_key(done)
    assert {key: row["matrix"][2] for key, row in rows.items()} == {"a": 1.0, "b": 2.0, "c": 3.0}
    assert [row["corner_error_px"] for row in rows.values()] == [None, None, 0.0]


def test_a_dataset_without_one_usable_pair_is_an_empty_product(tmp_path: Path) -> None:
    write_pairs(tmp_path / "pairs", {"bad": None}, {})
    done = register_pairs(tmp_path, rig="dataset")
    assert done.manifest.num_rows == 0 and facts_of(done.manifest).pairs == 0
    assert verify_product(tmp_path / "registered", source=tmp_path / "pairs") == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"backend": "nobody"}, r"items\.made-up: there is no registration backend nobody"),
        ({"options": {"colour": 1}}, "registration backend search cannot be opened: .*colour"),
        (
            {"options": {"max_shift_share": "far"}},
            "backend search cannot be opened: max_shift_share.*'far'",
        ),
    ],
)
def test_an_unknown_backend_or_option_is_named_at_once(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    write_pairs(tmp_path / "pairs", {"a": pair(1)})
    with pytest.raises(ParamsError, match=message):
        register_pairs(tmp_path, **settings)
    assert not (tmp_path / "work").exists() and not (tmp_path / "registered").exists()


def test_a_module_that_a_backend_lacks_is_not_taken_for_the_backend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import twinband.backends as backends

    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "learned.py").write_text("import a_library_that_is_not_there\n")
    monkeypatch.setattr(backends, "__path__", [*backends.__path__, str(folder)])
    write_pairs(tmp_path / "pairs", {"a": pair(1)})
    with pytest.raises(ModuleNotFoundError, match="a_library_that_is_not_there"):
        register_pairs(tmp_path, backend="learned")


def test_pairs_that_are_not_there_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no finished product"):
        register_pairs(tmp_path)


@pytest.mark.parametrize("table", ["supplied", "truth"])
def test_a_transform_of_nothing_is_a_slip_and_is_told_before_any_work(
    tmp_path: Path, table: str
) -> None:
    write_pairs(tmp_path / "pairs", {"a": pair(1)})
    tables: dict[str, Any] = {table: {name_of("a"): shift(1, 1), "raw/slip": shift(9, 9)}}
    with pytest.raises(InputError, match=rf"{table}.csv: 1 names are neither .*\(raw/slip\)"):
        register_pairs(tmp_path, **tables)
    assert not (tmp_path / "work").exists()
