"""Learnt rivals: each trains a little, is saved, and opened again as it was."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from twinband.core.errors import InputError
from twinband.fusion.files import learned_method, read_fusion, save_fusion
from twinband.fusion.interface import load_fusion, method_names

LEARNT = ("attention", "cnn", "decoupled", "gan")


def batch() -> dict[str, Any]:
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(2, 2, 1, 32, 32, generator=generator)
    smooth = torch.nn.functional.avg_pool2d(images.flatten(0, 1), 5, 1, 2).unflatten(0, (2, 2))
    return {"visible": smooth[0], "infrared": smooth[1], "key": ["a", "b"], "seed": torch.ones(2)}


def pair(height: int = 45, width: int = 70) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    colour = generator.integers(0, 256, (height, width, 3), np.uint8)
    return colour, generator.integers(0, 256, (height, width), np.uint8)


@pytest.mark.parametrize("name", LEARNT)
def test_it_learns_and_comes_back(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    method = learned_method(name)
    network = method.network(width=4)
    task = method.Task(network)
    optimizer = torch.optim.Adam(task.parameters(), lr=1e-2)
    losses = []
    for step in range(20):
        task.before_step(step, 20)
        optimizer.zero_grad()
        values = task(batch())
        values["loss"].backward()
        optimizer.step()
        losses.append(values["loss_gradient"].item())
    assert losses[-1] < losses[0]
    save_fusion(name, {"width": 4}, network, tmp_path)
    visible, infrared = pair()
    expected = method.opened(network.eval()).fuse(visible, infrared)
    np.testing.assert_array_equal(read_fusion(tmp_path).fuse(visible, infrared), expected)
    np.testing.assert_array_equal(load_fusion(tmp_path).fuse(visible, infrared), expected)


def test_discriminators_and_generator_take_turns() -> None:
    method = learned_method("gan")
    task = method.Task(method.network(4))
    for step in range(2):
        task.zero_grad(set_to_none=True)
        task.before_step(step, 2)
        task(batch())["loss"].backward()
        generator = any(p.grad is not None for p in task.network.parameters())
        judges = any(p.grad is not None for p in task.of_visible.parameters())
        assert (generator, judges) == (step == 1, step == 0)


def test_attention_weights_add_up() -> None:
    network = learned_method("attention").network(4)
    first, second = torch.rand(2, 1, 1, 16, 16)
    weights = network.weights(first, second)
    torch.testing.assert_close(weights.sum(1), torch.ones(1, 16, 16))
    fused = network(first, second)
    assert (fused <= torch.maximum(first, second) + 1e-6).all()
    assert (fused >= torch.minimum(first, second) - 1e-6).all()


def test_a_dictionary_is_learnt_and_fuses_an_image_with_itself(tmp_path: Path) -> None:
    method = learned_method("sparse")
    network = method.network(most_atoms=16, step=4)
    rows = method.fit(network, iter([batch()] * 3), 3, lambda done, total: None)
    assert rows[-1]["loss"] <= rows[0]["loss"]
    save_fusion("sparse", {"most_atoms": 16, "step": 4}, network, tmp_path)
    image = batch()["visible"][:1]
    with torch.no_grad():
        fused = network(image, image)
    assert (fused - image).abs().mean() < 2 / 255
    assert read_fusion(tmp_path).fuse(*pair()).shape == (45, 70, 3)


def test_learnt_methods_need_weights_and_files_their_own_kind(tmp_path: Path) -> None:
    assert not set(LEARNT) & set(method_names())
    with pytest.raises(InputError, match="the method cnn is learnt: name a folder"):
        load_fusion("cnn")
    with pytest.raises(InputError, match="no such file of weights"):
        read_fusion(tmp_path)
    with pytest.raises(ValueError, match="has no weights to learn"):
        learned_method("average")
