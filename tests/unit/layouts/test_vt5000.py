"""The sample world in the layout of VT5000."""

from collections.abc import Callable

from tests.made.written import Sample, alike


def test_images_and_masks_are_as_rendered(sample: Callable[[str], Sample]) -> None:
    written = sample("vt5000")
    salient = 0
    for name, pair in written.pairs.items():
        rendered = written.rendered(int(name.split("/")[1]) - 1, pair.labels["hour"])
        assert alike(pair.rgb, rendered.rgb)
        assert alike(pair.thermal, rendered.thermal)
        mask = pair.labels["saliency"]
        assert (mask == rendered.saliency).all()
        assert set(mask.ravel().tolist()) <= {0, 255}
        salient += int(mask.any())
    assert salient


def test_halves_with_every_hour(sample: Callable[[str], Sample]) -> None:
    written = sample("vt5000")
    splits = [pair.split for pair in written.pairs.values()]
    assert splits.count("train") == splits.count("test") == 6
    test_hours = {p.labels["hour"] for p in written.pairs.values() if p.split == "test"}
    assert len(test_hours) == 5
    assert written.image("Train/T/00001.jpg").ndim == 2
