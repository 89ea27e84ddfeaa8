"""The training loop: learning, accumulation, precision, determinism, reports, non-finite stops."""

import csv
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.made.training import TinyTask, digest, run, settings_of
from twinband.training.loop import NonFiniteError, TrainingTask


def curve(folder: Path) -> list[dict[str, str]]:
    with (folder / "losses.csv").open() as stream:
        return list(csv.DictReader(stream))


def test_the_loss_falls_and_the_curve_tells_it(tmp_path: Path) -> None:
    result = run(tmp_path, TinyTask(), settings_of(steps=60, warmup_steps=6))
    rows = curve(tmp_path)
    assert [row["step"] for row in rows] == [str(step) for step in range(1, 61)]
    assert list(rows[0]) == ["step", "lr", "loss", "loss_thermal", "gradient_norm"]
    assert float(rows[-1]["loss"]) < 0.5 * float(rows[0]["loss"])
    assert result.last["loss"] == float(rows[-1]["loss"])
    assert result.resumed_at == 0 and result.pairs_per_second > 0


def test_the_learning_rate_of_each_step_is_the_schedules(tmp_path: Path) -> None:
    run(tmp_path, TinyTask(), settings_of(steps=12, warmup_steps=4))
    rates = [float(row["lr"]) for row in curve(tmp_path)]
    peak = 0.3 * 8 / 256
    assert rates[:5] == pytest.approx([peak / 4, peak / 2, peak * 3 / 4, peak, peak])
    assert rates[8] == pytest.approx(peak / 2)
    assert rates == sorted(rates[:4]) + sorted(rates[4:], reverse=True) and rates[-1] > 0


def test_rows_are_means_over_windows_and_the_last_may_be_short(tmp_path: Path) -> None:
    settings = settings_of(steps=10, log_every=4)
    run(tmp_path / "windows", TinyTask(), settings)
    run(tmp_path / "steps", TinyTask(), settings_of(steps=10))
    losses = [float(row["loss"]) for row in curve(tmp_path / "steps")]
    rows = curve(tmp_path / "windows")
    assert [row["step"] for row in rows] == ["4", "8", "10"]
    means = [sum(losses[:4]) / 4, sum(losses[4:8]) / 4, sum(losses[8:]) / 2]
    assert [float(row["loss"]) for row in rows] == pytest.approx(means, rel=1e-7)


def test_two_runs_give_equal_weights_and_another_seed_gives_others(tmp_path: Path) -> None:
    digests: list[str] = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        torch.manual_seed(len(digests))  # what was drawn before does not matter
        task = TinyTask()
        run(tmp_path / name, task, settings_of(seed=seed))
        digests.append(digest(task))
    assert digests[0] == digests[1] != digests[2]
    files = [(tmp_path / name / "losses.csv").read_bytes() for name in "abc"]
    assert files[0] == files[1] != files[2]


def test_accumulated_parts_equal_one_batch(tmp_path: Path) -> None:
    whole, parts = TinyTask(noise=0), TinyTask(noise=0)
    run(tmp_path / "whole", whole, settings_of(clip_norm=0.5))
    run(tmp_path / "parts", parts, settings_of(clip_norm=0.5, accumulation=4))
    assert digest(whole) != digest(TinyTask())
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(parts.state_dict()[name], value, rtol=1e-4, atol=1e-5)
    for one, other in zip(curve(tmp_path / "whole"), curve(tmp_path / "parts"), strict=True):
        for name in ("loss", "gradient_norm"):
            assert float(one[name]) == pytest.approx(float(other[name]), rel=1e-4)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_reduced_precision_stays_finite_and_learns(tmp_path: Path, precision: str) -> None:
    task = TinyTask()
    settings = settings_of(steps=60, precision=precision)
    run(tmp_path, task, settings)
    rows = curve(tmp_path)
    assert all(torch.isfinite(p).all() and p.dtype == torch.float32 for p in task.parameters())
    assert float(rows[-1]["loss"]) < 0.7 * float(rows[0]["loss"])
    run(tmp_path / "fp32", TinyTask(), settings_of(steps=60))
    assert rows[0]["loss"] != curve(tmp_path / "fp32")[0]["loss"]


def test_clipping_bounds_the_update_by_the_reported_norm(tmp_path: Path) -> None:
    norms: list[float] = []
    seen: list[Tensor] = []

    class Watched(TinyTask):
        def before_step(self, step: int, steps: int) -> None:
            seen.append(torch.cat([p.detach().flatten().clone() for p in self.parameters()]))

    settings = settings_of(clip_norm=1e-12, weight_decay=0.0)
    run(tmp_path, Watched(), settings, log=lambda step, v: norms.append(v["gradient_norm"]))
    assert min(norms) > 1e-3  # the length before clipping
    # AdamW hides the gradient's scale except beside its epsilon of 1e-8.
    assert max(float((b - a).abs().max()) for a, b in itertools.pairwise(seen)) < 1e-5


class Explodes(TinyTask):
    """Has a finite loss, and a gradient that is not, at some steps."""

    def __init__(self, steps: range) -> None:
        super().__init__()
        self.explosions = steps

    def forward(self, batch: dict[str, Any]) -> dict[str, Tensor]:
        outputs = super().forward(batch)
        if self.step in self.explosions:
            zero = self.hidden.bias[0] * 0
            outputs["loss"] = outputs["loss"] + torch.sqrt(zero)  # slope infinite at 0
        return outputs


@pytest.mark.parametrize(
    ("task", "what"), [(TinyTask(poison_at=5), "the loss"), (Explodes(range(5, 6)), "the gradient")]
)
def test_a_non_finite_step_stops_with_its_keys_and_good_weights(
    tmp_path: Path, task: TrainingTask, what: str
) -> None:
    with pytest.raises(NonFiniteError, match=f"step 5: {what} is not finite") as caught:
        run(tmp_path, task, settings_of(accumulation=2))
    assert str(tmp_path / "non_finite.json") in str(caught.value)
    report = json.loads((tmp_path / "non_finite.json").read_text())
    assert report["step"] == 5
    assert [len(part["keys"]) for part in report["parts"]] == [4, 4]
    assert all(key.startswith("pair-") for part in report["parts"] for key in part["keys"])
    assert (report["parts"][0]["values"]["loss"] == "nan") == (what == "the loss")
    assert all(torch.isfinite(p).all() for p in task.parameters())
    assert len(curve(tmp_path)) == 5
    repaired = TinyTask()
    assert run(tmp_path, repaired, settings_of(accumulation=2)).resumed_at == 4
    assert not (tmp_path / "non_finite.json").exists()


def test_fp16_skips_a_step_whose_gradients_overflow(tmp_path: Path) -> None:
    task = Explodes(range(5, 7))
    run(tmp_path, task, settings_of(precision="fp16"))
    norms = [row["gradient_norm"] for row in curve(tmp_path)]
    # The first scale, 2^16, may be too great for the real gradients too.
    assert [step for step, norm in enumerate(norms) if norm == "nan" and step > 3] == [5, 6]
    assert len(norms) == 12 and all(torch.isfinite(p).all() for p in task.parameters())


def test_fp16_does_not_take_a_bad_loss_for_an_overflow(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteError, match="step 5: the loss"):
        run(tmp_path, TinyTask(poison_at=5), settings_of(precision="fp16"))


def test_fp16_gives_up_when_no_scale_helps(tmp_path: Path) -> None:
    with pytest.raises(NonFiniteError, match="the gradient is not finite"):
        run(tmp_path, Explodes(range(5, 99)), settings_of(precision="fp16", steps=60))
    assert 5 + 10 < len(curve(tmp_path)) < 5 + 20  # from at most 2^16, halved each time


def test_progress_log_and_draw_are_called(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    logged: list[int] = []
    drawn: list[tuple[int, bool, int]] = []

    def log(step: int, values: Mapping[str, float]) -> None:
        logged.append(step)

    def draw(step: int, task: TrainingTask, batch: dict[str, Any]) -> bytes:
        torch.rand(100)  # drawing numbers must not change the training
        drawn.append((step, torch.is_grad_enabled(), len(batch["key"])))
        return b"picture %d" % step

    task = TinyTask()
    result = run(
        tmp_path / "drawn",
        task,
        settings_of(log_every=2, draw_every=5),
        log=log,
        progress=lambda done, total: progress.append((done, total)),
        draw=draw,
    )
    assert progress == [(8 * step, 96) for step in range(1, 13)]
    assert logged == [2, 4, 6, 8, 10, 12]
    assert drawn == [(5, False, 8), (10, False, 8), (12, False, 8)]
    assert result.drawings == {step: b"picture %d" % step for step in (5, 10, 12)}
    plain = TinyTask()
    run(tmp_path / "plain", plain, settings_of())
    assert digest(plain) == digest(task)


def test_layer_decay_slows_what_the_task_calls_distant(tmp_path: Path) -> None:
    class Layered(TinyTask):
        def layer_distance(self, name: str) -> int:
            return 30 if name.startswith("hidden") else 0

    task, start = Layered(), TinyTask()
    run(tmp_path, task, settings_of(layer_decay=0.5))
    assert torch.allclose(task.hidden.weight, start.hidden.weight, atol=1e-6)
    assert not torch.allclose(task.head.weight, start.head.weight, atol=1e-3)


def test_the_callers_modes_are_left_as_they_were(tmp_path: Path) -> None:
    before = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    with pytest.raises(NonFiniteError):
        run(tmp_path, TinyTask(poison_at=0), settings_of(threads=2 if before[0] == 1 else 1))
    assert (torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()) == before
