"""Pretraining on a pool: what it reads, where it starts, what it leaves and how it continues."""

import json
import math
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from tests.made.pretraining import (
    TINY,
    mae_params,
    mae_section,
    pretrain_item,
    pretrain_params,
    write_pool,
)
from tests.made.raw_pairs import run_in
from twinband.core.errors import InputError
from twinband.core.params import ParamsError
from twinband.methods.mae.model import MaskedAutoencoder
from twinband.methods.mspecgene.model import MSpecGene
from twinband.networks.build import build, load_model
from twinband.networks.masked import MaskedModel
from twinband.networks.sampler import Sampler, Visible
from twinband.networks.weights import WEIGHTS, read_weights, save_weights
from twinband.pretraining.build import Pretrained, fresh_model, pretrain
from twinband.pretraining.facts import Subject
from twinband.pretraining.labels import Labels
from twinband.pretraining.pairs import Bases, open_pool
from twinband.pretraining.params import MaeParams, PretrainParams
from twinband.pretraining.pictures import masking_figure
from twinband.pretraining.start import started_model
from twinband.pretraining.task import VisibleObjects
from twinband.shards.read import Dataset
from twinband.shards.sums import write_sums
from twinband.training.loop import Log
from twinband.training.seeds import seeded

NOWHERE = Path("none.json")
NO_LABELS = Labels(products={}, classes=[])
SUBJECT = Subject("made-up", "A model of a test.", {})


def no_log(step: int, values: object) -> None:
    """Do nothing."""


def datasets(root: Path, fraction: float = 1.0) -> dict[str, Dataset]:
    data = root / "data"
    return open_pool(data / "pool", Bases(data / "pairs", data / "registered"), fraction)


def trained(
    params: MaeParams | PretrainParams, root: Path, name: str, log: Log = no_log
) -> tuple[Pretrained, MaskedModel]:
    models = []

    def make_model() -> MaskedModel:
        if isinstance(params, MaeParams):
            models.append(fresh_model(params, "mae"))
        else:
            models.append(started_model(params, NOWHERE, NO_LABELS, "pretrain.items.made-up"))
        return models[0]

    result = pretrain(
        SUBJECT,
        make_model,
        datasets(root),
        params.data,
        params.training,
        out=root / name / "out",
        plots=root / name / "plots",
        run=run_in(root / name / "work"),
        open_log=lambda folder: nullcontext(log),
    )
    return result, models[0]


def fresh(params: PretrainParams, start: Path = NOWHERE) -> MaskedModel:
    with seeded(params.training.seed):
        return started_model(params, start, NO_LABELS, "pretrain.items.made-up")


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
    with pytest.raises(InputError, match=r"products\.json: damaged"):
        datasets(tmp_path)
    write_sums(pool / "products.json")
    with pytest.raises(InputError, match="registered/made-up is not what the pool was made of"):
        datasets(tmp_path)
    for text in ("[]", '{"pairs": {"made-up": 1}}', "[" * 100_000):
        (pool / "products.json").write_text(text)
        write_sums(pool / "products.json")
        with pytest.raises(InputError, match="pool is no pool"):
            datasets(tmp_path)


def test_a_product_that_is_gone_is_an_input_error(tmp_path: Path) -> None:
    write_pool(tmp_path)
    (tmp_path / "data/registered/made-up/index.json").unlink()
    with pytest.raises(InputError, match="registered/made-up is not what the pool was made of"):
        datasets(tmp_path)


def test_mae_learns_and_leaves_weights_curves_and_drawings(tmp_path: Path) -> None:
    write_pool(tmp_path)
    params = mae_params(steps=30, log_every=10, checkpoint_every=10)
    result, model = trained(params, tmp_path, "mae")
    facts = result.facts
    assert facts.pairs == 5 and facts.steps == 30
    assert facts.loss.last < facts.loss.first
    assert facts.headline()["loss_thermal"] == facts.loss_thermal.last
    assert facts.visible_objects_rgb is None and facts.others.keys() == {"gradient_norm"}
    again = load_model(tmp_path / "mae/out" / WEIGHTS)
    assert isinstance(again, MaskedAutoencoder)
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name
    plots = {path.name for path in (tmp_path / "mae/plots").iterdir()}
    assert {"losses.csv", "losses.svg", "step-000030.jpg"} <= plots


def test_an_interrupted_run_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    write_pool(tmp_path)
    params = pretrain_params(steps=6)
    whole, _ = trained(params, tmp_path, "whole")

    class Interrupted(Exception):
        pass

    def interrupt(step: int, values: object) -> None:
        if step == 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        trained(params, tmp_path, "torn", log=interrupt)
    torn, _ = trained(params, tmp_path, "torn")
    assert whole.result.resumed_at == 0 and torn.result.resumed_at == 2
    for part in ("out/" + WEIGHTS, "plots/losses.csv", "plots/masking.svg"):
        assert (tmp_path / "whole" / part).read_bytes() == (tmp_path / "torn" / part).read_bytes()


@pytest.mark.parametrize("arm", ["random", "fixed", "cmss", "gmm_cmss"])
def test_every_arm_shows_as_many_patches_and_can_be_followed(tmp_path: Path, arm: str) -> None:
    write_pool(tmp_path)
    params = pretrain_params(arm)
    result, _ = trained(params, tmp_path, arm)
    visible = result.curve["kept_rgb"] + result.curve["kept_thermal"]
    np.testing.assert_array_equal(visible, 8.0)  # a quarter of 16 patches, twice
    assert np.isfinite(result.curve["visible_objects_thermal"]).all()
    assert masking_figure(result.curve) is not None
    assert ("masking_mixture_mean_1" in result.curve) == (arm == "gmm_cmss")
    found = load_model(tmp_path / arm / "out" / WEIGHTS)
    assert isinstance(found, MSpecGene) and found.sampler is None


def test_without_labels_objects_are_not_followed(tmp_path: Path) -> None:
    write_pool(tmp_path, labelled=False)
    params = pretrain_params()
    assert "visible_objects_rgb" not in trained(params, tmp_path, "x")[0].curve


def test_the_share_of_objects_is_1_by_chance_and_high_when_objects_are_chosen(
    tmp_path: Path,
) -> None:
    write_pool(tmp_path)
    model = fresh(pretrain_params("random"))
    watch = VisibleObjects.of(datasets(tmp_path).values(), model)
    assert watch is not None
    sampler = model.sampler
    assert isinstance(sampler, Sampler)
    shares = []
    for _ in range(400):
        sampler.advance(0.0)
        shares.append(watch()["visible_objects_rgb"])
    assert np.mean(shares) == pytest.approx(1.0, abs=0.05)
    chosen = watch._objects.argsort(1, descending=True)[:, :4]

    class Chooser(Sampler):
        def forward(self, rgb_tokens: Tensor, thermal_tokens: Tensor) -> Visible:
            return Visible(chosen, chosen)

    model.sampler = Chooser(16)
    assert watch()["visible_objects_thermal"] > 2


def test_it_starts_from_an_autoencoder_a_vit_or_from_scratch(tmp_path: Path) -> None:
    params = pretrain_params()
    with seeded(1):
        mae = build("mae_tiny", image_px=32, **TINY)
        vit = build("vit_tiny", image_px=32, patch_px=8, width=16, depth=1, heads=2)
    for name in ("mae", "vit"):
        (tmp_path / name).mkdir()
    save_weights(mae, tmp_path / "mae" / WEIGHTS)
    save_weights(vit, tmp_path / "vit" / WEIGHTS)
    scratch = fresh(params).state_dict()
    from_mae = fresh(params, tmp_path / "mae").state_dict()
    from_vit = fresh(params, tmp_path / "vit").state_dict()
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
    params = pretrain_params()
    with pytest.raises(ParamsError, match=r"items\.made-up: mspecgene has no depht"):
        fresh(params.model_copy(update={"options": {"depht": 3}}))
    masking = params.masking.model_copy(update={"options": {"gmm_cmss": {"ratio": 0.9}}})
    with pytest.raises(ParamsError, match=r"made-up.masking.options.gmm_cmss: .*ratio"):
        fresh(params.model_copy(update={"masking": masking}))


def test_a_model_is_of_its_method_or_stage() -> None:
    with pytest.raises(ValidationError, match="model mae_tiny is none of the method mspecgene"):
        PretrainParams.model_validate({**pretrain_item(), "model": "mae_tiny"})
    with pytest.raises(ValidationError, match="model"):
        MaeParams.model_validate({**mae_section(), "model": "mspecgene_tiny"})


def test_the_curve_has_a_column_for_centres_that_do_not_exist_yet(tmp_path: Path) -> None:
    write_pool(tmp_path)
    params = pretrain_params(steps=6, log_every=1, checkpoint_every=1)
    curve = trained(params, tmp_path, "x")[0].curve
    assert math.isnan(curve["masking_centre_3"][0]) and len(curve["masking_centre_1"]) == 6
