"""The segmentation head and its training data."""

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from twinband.evaluation.head import CachedBatches, Head, head_settings
from twinband.training.loop import train

KEYS = [f"p{number}" for number in range(6)]


def data() -> tuple[torch.Tensor, torch.Tensor]:
    """Features whose first channel says the class of each patch, on a scale of its own."""
    random = torch.Generator().manual_seed(0)
    features = torch.randn(6, 4, 2, 3, generator=random)
    coarse = (features[:, 0] > 0).to(torch.uint8)
    features[:, 0] = features[:, 0] * 1e-3 + 5
    labels = coarse.repeat_interleave(8, 1).repeat_interleave(8, 2)
    return features, labels


def fitted(folder: Path, epochs: int = 200) -> Head:
    features, labels = data()
    settings = head_settings(pairs=6, epochs=epochs, batch=4, base_lr=1.0, threads=1, seed=0)
    torch.manual_seed(0)
    head = Head(features, 8, 2)
    batches = CachedBatches(features, labels, KEYS, settings)
    train(
        head,
        batches,
        settings,
        folder=folder,
        log=lambda step, values: None,
        progress=lambda done, total: None,
    )
    return head.eval()


def test_it_learns_what_a_patch_says(tmp_path: Path) -> None:
    features, labels = data()
    head = fitted(tmp_path)
    patches = head.logits(features, (2, 3)).argmax(1)
    assert torch.equal(patches, labels[:, ::8, ::8].long())


def test_a_patch_is_told_by_its_own_features_alone() -> None:
    features, _ = data()
    head = Head(features, 8, 3)
    changed = features.clone()
    changed[0, :, 1, 2] += 1
    before, after = (head.logits(x, (2, 3)) for x in (features, changed))
    assert before.shape == (6, 3, 2, 3)
    differs = (before - after).abs().sum(1) > 0
    assert differs.nonzero().tolist() == [[0, 1, 2]]


def test_its_loss_is_the_pixels_cross_entropy() -> None:
    features, labels = data()
    head = Head(features, 8, 2)
    expected = F.cross_entropy(head.logits(features, (16, 24)), labels.long())
    outputs = head({"features": features, "labels": labels, "key": KEYS})
    torch.testing.assert_close(outputs["loss"], expected)


def test_the_same_weights_twice(tmp_path: Path) -> None:
    one, other = fitted(tmp_path / "a", 5), fitted(tmp_path / "b", 5)
    for first, second in zip(one.state_dict().values(), other.state_dict().values(), strict=True):
        assert torch.equal(first, second)


def test_batches_hold_each_pairs_own_labels_and_every_pair_once_an_epoch() -> None:
    features, labels = data()
    settings = head_settings(pairs=6, epochs=2, batch=2, base_lr=0.1, threads=1, seed=3)
    batches = list(CachedBatches(features, labels, KEYS, settings).starting_at(0))
    assert len(batches) == settings.steps == 6
    for batch in batches:
        for row, key in enumerate(batch["key"]):
            assert torch.equal(batch["features"][row], features[KEYS.index(key)])
            assert torch.equal(batch["labels"][row], labels[KEYS.index(key)])
    assert sorted(key for batch in batches[:3] for key in batch["key"]) == KEYS
    later = next(iter(CachedBatches(features, labels, KEYS, settings).starting_at(4)))
    assert later["key"] == batches[4]["key"]


def test_other_features_are_other_data() -> None:
    features, labels = data()
    settings = head_settings(pairs=6, epochs=1, batch=2, base_lr=0.1, threads=1, seed=0)
    one = CachedBatches(features, labels, KEYS, settings).identity
    assert one == CachedBatches(features.clone(), labels, KEYS, settings).identity
    assert one != CachedBatches(features + 1, labels, KEYS, settings).identity
    assert one != CachedBatches(features, labels + 1, KEYS, settings).identity


@pytest.mark.parametrize(("pairs", "epochs", "batch"), [(1, 1, 8), (6, 1, 6), (60, 40, 12)])
def test_settings_suit_any_number_of_pairs(pairs: int, epochs: int, batch: int) -> None:
    settings = head_settings(
        pairs=pairs, epochs=epochs, batch=batch, base_lr=0.1, threads=1, seed=0
    )
    assert settings.steps == max(1, pairs * epochs // batch)
