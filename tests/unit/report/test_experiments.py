"""Tables of experiments: names of metrics, and arms that are told apart."""

from pathlib import Path

import pytest

from tests.made.raw_pairs import write
from twinband.core.errors import InputError
from twinband.report.experiments import read_experiments


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (
            ("metrics/evaluate/probe.json:acc.rgb.overall", "metrics/evaluate/seg.json:miou"),
            ("probe acc rgb", "seg miou"),
        ),
        (
            ("metrics/probe.json:acc.knn.rgb", "metrics/probe.json:acc.linear.rgb"),
            ("knn rgb", "linear rgb"),
        ),
        (("metrics/probe.json:overall",), ("probe overall",)),
    ],
)
def test_metrics_are_named_by_what_tells_them_apart(
    tmp_path: Path, columns: tuple[str, ...], names: tuple[str, ...]
) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "masks.yaml").write_text("description: Which masks are best\n")
    rows = [",".join(("arm", "seed", *columns)), ",".join(("a", "0", *["0.5"] * len(columns)))]
    (tmp_path / "results/masks.csv").write_text("\n".join(rows) + "\n")
    assert read_experiments("masks", tmp_path, tmp_path, {}).metrics == names


def test_arms_are_told_apart_where_the_spread_allows_it(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "masks.yaml").write_text("description: Which masks are best\n")
    runs = {"low": (0.50, 0.52, 0.54), "near": (0.53, 0.55, 0.57), "high": (0.80, 0.82, 0.84)}
    rows = [f"{arm},{seed},{v},1" for arm, vs in runs.items() for seed, v in enumerate(vs)]
    (tmp_path / "results/masks.csv").write_text("\n".join(["arm,seed,a.json:x,a.json:y", *rows]))
    experiment_set = read_experiments("masks", tmp_path, tmp_path, {})
    assert experiment_set.told_apart == ((("low", "high"), ("near", "high")), ())


def test_one_seed_tells_nothing_apart(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "masks.yaml").write_text("description: Which masks are best\n")
    (tmp_path / "results/masks.csv").write_text("arm,seed,a.json:x\nlow,0,0.1\nhigh,0,0.9\n")
    assert read_experiments("masks", tmp_path, tmp_path, {}).told_apart == ((),)


@pytest.mark.parametrize(
    "table",
    [
        b"",
        b"arm,seed\n",
        b"arm,seed,a.json:x\nlow,0\n",
        b"arm,seed,a.json:x\nlow,0,0.1,0.2\n",
        b"arm,seed,a.json:x\nlow,0,much\n",
        b"arm,seed,a.json:x\nlow,0,nan\n",
        b"arm,seed,a.json:x\nlow,0,1e999\n",
        b"seed,a.json:x\n0,0.1\n",
        b"arm,seed,a.json:x\n\xff,0,0.1\n",
        b"arm,seed,a.json:x\n" + b"l" * 200_000 + b",0,0.1\n",
    ],
)
def test_a_damaged_table_is_a_line(tmp_path: Path, table: bytes) -> None:
    write(tmp_path / "masks.yaml", b"description: Which masks are best\n")
    write(tmp_path / "results/masks.csv", table)
    with pytest.raises(InputError, match=r"masks\.csv: no table of arm, seed and metrics"):
        read_experiments("masks", tmp_path, tmp_path, {})


@pytest.mark.parametrize(
    ("described", "recipes"),
    [
        (b"arms: [low]\n", b"{}"),
        (b"arms: {low: 1}\n", b"{}"),
        (b"seed_parameters: 3\n", b"{}"),
        (b"{}", b"[]"),
        (b"{}", b"{"),
        (b"{}", b'{"a": 1}'),
        (b"{}", b'{"a": {"inputs": [], "params": {}, "arms": {}}}'),
        (b"{}", b'{"a": {"inputs": {}, "params": {}, "arms": []}}'),
        (b"{}", b"[" * 100_000),
    ],
)
def test_damaged_recipes_are_a_line(tmp_path: Path, described: bytes, recipes: bytes) -> None:
    write(tmp_path / "masks.yaml", described)
    write(tmp_path / "results/masks.csv", b"arm,seed,a.json:x\nlow,0,0.1\n")
    write(tmp_path / "results/masks.recipes.json", recipes)
    with pytest.raises(InputError, match=r"masks\.recipes\.json or .*masks\.yaml is not what"):
        read_experiments("masks", tmp_path, tmp_path, {})
