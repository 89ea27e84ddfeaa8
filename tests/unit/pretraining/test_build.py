"""Pretraining on a pool: what it reads, where it starts, what it leaves and how it continues."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.made.pretraining import TINY, mae_params, method, write_pool
from tests.made.raw_pairs import RUNTIME
from twinband.core.errors import InputError
from twinband.core.params import ParamsError
from twinband.methods.mae.model import MaskedAutoencoder
from twinband.methods.mspecgene.model import MSpecGene
from twinband.networks.build import build
from twinband.networks.sampler import Sampler
from twinband.networks.weights import load_model, read_weights, save_weights
from twinband.pretraining.build import WEIGHTS, Pretrained, open_pool, pretrain
from twinband.pretraining.params import Pretraining
from twinband.pretraining.pictures import masking_figure
from twinband.pretraining.start import started_model
from twinband.pretraining.task import VisibleObjects
from twinband.shards.read import Dataset
from twinband.training.seeds import seeded

NOWHERE = Path("none.json")


def ignore(*said: object) -> None:
    """Says nothing."""


def datasets(root: Path, fraction: float = 1.0) -> dict[str, Dataset]:
    data = root / "data"
    return open_pool(data / "pool", data / "pairs", data / "registered", fraction)


def trained(
    model: MaskedAutoencoder | MSpecGene, settings: Any, root: Path, name: str, log: Any = ignore
) -> Pretrained:
    return pretrain(
        model,
        datasets(root),
        settings.data,
        settings.training.settings(),
        out=root / name / "out",
        plots=root / name / "plots",
        work=root / name / "work",
        runtime=RUNTIME,
        log=log,
        progress=ignore,
    )


def fresh(settings: Pretraining, start: Path = NOWHERE) -> MSpecGene:
    with seeded(settings.training.seed):
        return started_model(settings, start, "pretrain.methods.made-up")


def test_the_pool_says_which_pairs_are_seen(tmp_path: Path) -> None:
    write_pool(tmp_path)
    assert datasets(tmp_path)["made-up"].keys == [f"pair-{n}" for n in range(5)]
    few = datasets(tmp_path, 0.6)["made-up"].keys
    assert 0 < len(few) < 5
    with pytest.raises(InputError, match="leaves no pair to train on"):
        datasets(tmp_path, 1e-9)


def test_products_must_be_those_that_the_pool_was_made_of(tmp_path: Path) -> None:
    pool = write_pool(tmp_path)
    products = json.loads((pool / "products.json").read_text())
    products["registered"]["made-up"] = "0" * 16
    (pool / "products.json").write_text(json.dumps(products))
    with pytest.raises(InputError, match="registered/made-up is not what the pool was made of"):
        datasets(tmp_path)


def test_mae_learns_and_leaves_weights_curves_and_drawings(tmp_path: Path) -> None:
    write_pool(tmp_path)
    settings = mae_params(steps=30, log_every=10, checkpoint_every=10)
    with seeded(0):
        model = build(settings.model, image_px=32, **TINY)
    assert isinstance(model, MaskedAutoencoder)
    done = trained(model, settings, tmp_path, "mae")
    facts = done.facts()
    assert facts["pairs"] == 5 and facts["steps"] == 30
    assert facts["loss"]["last"] < facts["loss"]["first"]
    again = load_model(tmp_path / "mae/out" / WEIGHTS)
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    plots = {path.name for path in (tmp_path / "mae/plots").iterdir()}
    assert {"losses.csv", "losses.svg", "step-000030.jpg"} <= plots


def test_an_interrupted_run_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    write_pool(tmp_path)
    settings = method(steps=6)
    whole = trained(fresh(settings), settings, tmp_path, "whole")

    class Interrupted(Exception):
        pass

    def interrupt(step: int, values: object) -> None:
        if step == 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        trained(fresh(settings), settings, tmp_path, "torn", log=interrupt)
    torn = trained(fresh(settings), settings, tmp_path, "torn")
    assert whole.result.resumed_at == 0 and torn.result.resumed_at == 2
    for part in ("out/" + WEIGHTS, "plots/losses.csv", "plots/masking.svg"):
        assert (tmp_path / "whole" / part).read_bytes() == (tmp_path / "torn" / part).read_bytes()


@pytest.mark.parametrize("arm", ["random", "fixed", "cmss", "gmm_cmss"])
def test_every_arm_shows_as_many_patches_and_can_be_followed(tmp_path: Path, arm: str) -> None:
    write_pool(tmp_path)
    settings = method(arm)
    done = trained(fresh(settings), settings, tmp_path, arm)
    visible = done.curve["kept_rgb"] + done.curve["kept_thermal"]
    np.testing.assert_array_equal(visible, 8.0)  # a quarter of 16 patches, twice
    assert np.isfinite(done.curve["visible_objects_thermal"]).all()
    assert masking_figure(done.curve) is not None
    assert ("masking_mixture_mean_1" in done.curve) == (arm == "gmm_cmss")
    found = load_model(tmp_path / arm / "out" / WEIGHTS)
    assert isinstance(found, MSpecGene) and found.sampler is None


def test_without_labels_objects_are_not_followed(tmp_path: Path) -> None:
    write_pool(tmp_path, labelled=False)
    settings = method()
    assert "visible_objects_rgb" not in trained(fresh(settings), settings, tmp_path, "x").curve


def test_the_share_of_objects_is_1_by_chance_and_high_when_objects_are_chosen(
    tmp_path: Path,
) -> None:
    write_pool(tmp_path)
    model = fresh(method("random"))
    watch = VisibleObjects.of(datasets(tmp_path).values(), model.config)
    assert watch is not None
    sampler = model.sampler
    assert isinstance(sampler, Sampler)
    shares = []
    for _ in range(400):
        sampler.advance(0.0)
        shares.append(watch(model)["visible_objects_rgb"])
    assert np.mean(shares) == pytest.approx(1.0, abs=0.05)
    chosen = watch._objects.argsort(1, descending=True)[:, :4]

    class Chooser(torch.nn.Module):
        def forward(self, rgb: torch.Tensor, thermal: torch.Tensor) -> Any:
            return type("Visible", (), {"rgb": chosen, "thermal": chosen, "cmss": None})()

    model.sampler = Chooser()  # type: ignore[assignment]
    assert watch(model)["visible_objects_thermal"] > 2


def test_it_starts_from_an_autoencoder_a_vit_or_from_scratch(tmp_path: Path) -> None:
    settings = method()
    with seeded(1):
        mae = build("mae_tiny", image_px=32, **TINY)
        vit = build("vit_tiny", image_px=32, patch_px=8, width=16, depth=1, heads=2)
    (tmp_path / "mae").mkdir()
    save_weights(mae, tmp_path / "mae" / WEIGHTS)
    save_weights(vit, tmp_path / "vit.safetensors")
    scratch = fresh(settings).state_dict()
    from_mae = fresh(settings, tmp_path / "mae").state_dict()
    from_vit = fresh(settings, tmp_path / "vit.safetensors").state_dict()
    weight = "encoder.blocks.0.attn.qkv.weight"
    for found, source in ((from_mae, mae), (from_vit, vit)):
        own = source.state_dict()
        name = weight if weight in own else weight.removeprefix("encoder.")
        assert torch.equal(found[weight], own[name])
        assert not torch.equal(found[weight], scratch[weight])
    decoder = [name for name in from_mae if name.startswith("decoder_rgb.blocks")]
    assert all(torch.equal(from_mae[n], from_mae[n.replace("rgb", "thermal")]) for n in decoder)
    assert read_weights(tmp_path / "mae" / WEIGHTS).kind == "mae"


def test_options_that_do_not_exist_are_named() -> None:
    wrong = method().model_copy(update={"options": {"depht": 3}})
    with pytest.raises(ParamsError, match=r"methods\.made-up: mspecgene has no depht"):
        fresh(wrong)
    masked = method()
    unknown = masked.masking.model_copy(update={"options": {"gmm_cmss": {"ratio": 0.9}}})
    with pytest.raises(ParamsError, match=r"made-up.masking.options.gmm_cmss: .*ratio"):
        fresh(masked.model_copy(update={"masking": unknown}))
    with pytest.raises(ParamsError, match="made-up: mae_tiny is a MaskedAutoencoder, and no MSp"):
        fresh(method().model_copy(update={"model": "mae_tiny"}))


def test_the_curve_has_a_column_for_centres_that_do_not_exist_yet(tmp_path: Path) -> None:
    write_pool(tmp_path)
    settings = method(steps=6, log_every=1, checkpoint_every=1)
    curve = trained(fresh(settings), settings, tmp_path, "x").curve
    assert math.isnan(curve["masking_centre_3"][0]) and len(curve["masking_centre_1"]) == 6
