"""Tables of experiments: names of metrics, and arms that are told apart."""

from pathlib import Path

import pytest

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
