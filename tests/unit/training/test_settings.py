"""Settings of a training run: ranges, and the learning rate of a batch."""

import math
from typing import Any

import pytest

from tests.made.training import settings_of


def test_the_rate_grows_with_the_batch() -> None:
    assert settings_of(base_lr=1.5e-4, batch_size=1024).lr == pytest.approx(6e-4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0, "warmup_steps": 0}, "steps\n.* greater than or equal to 1"),
        ({"warmup_steps": 12}, "warmup_steps = 12 must be fewer than steps"),
        ({"accumulation": 3}, "batch_size = 8 must be a multiple of ranks . accumulation = 3"),
        ({"log_every": 3}, "checkpoint_every = 4 must be a multiple of log_every = 3"),
        ({"base_lr": math.nan}, "base_lr\n.* a finite number"),
        ({"ema_decay": 1.0}, "ema_decay\n.* less than 1"),
        ({"layer_decay": 0.0}, "layer_decay\n.* greater than 0"),
        ({"betas": (0.9, 1.0)}, "betas"),
        ({"compile": True}, "compile = True must be false without device: cuda"),
    ],
)
def test_a_setting_out_of_range_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings_of(**changes)
