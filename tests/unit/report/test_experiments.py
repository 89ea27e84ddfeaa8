"""What a table of experiments is made of."""

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
