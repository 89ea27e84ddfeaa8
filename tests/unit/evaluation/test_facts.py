"""Facts that benchmarks have in common."""

from twinband.evaluation.facts import modality_bias


def test_scores_are_laid_out_by_modality_and_way() -> None:
    scores = {
        "full": 0.9,
        "no_thermal_zeros": 0.5,
        "no_thermal_predicted": 0.6,
        "no_rgb_zeros": 0.4,
    }
    bias = modality_bias("mIoU", scores, (0.8, 0.95))
    assert bias.plain() == {
        "measure": "mIoU",
        "full": 0.9,
        "interval_95": [0.8, 0.95],
        "hidden": {"thermal": {"zeros": 0.5, "predicted": 0.6}, "rgb": {"zeros": 0.4}},
    }
