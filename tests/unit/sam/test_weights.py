import hashlib
import json
import re
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from tests.made.sam import SMALL
from twinband.core.errors import InputError
from twinband.sam.build import OFFICIAL, Sam, Sizes, build, build_empty, sizes_of
from twinband.sam.torchvision_stub import stand_in
from twinband.sam.weights import load, save
from twinband.shards.sums import SUMS

with stand_in():
    from segment_anything import sam_model_registry


def equal(one: Sam, other: Sam) -> bool:
    left, right = one.state_dict(), other.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[k], right[k]) for k in left)


@pytest.fixture(scope="module")
def sam() -> Sam:
    torch.manual_seed(1)
    return build(SMALL)


def test_what_is_saved_is_loaded(sam: Sam, tmp_path: Path) -> None:
    pixels = torch.linspace(-2, 2, 3 * SMALL.image_px**2).view(1, 3, SMALL.image_px, -1)
    for path in (tmp_path / "sam", tmp_path / "sam-1.0", tmp_path / "sam.safetensors"):
        file = save(sam, path)
        found = load(path)
        assert file.suffix == ".safetensors" and equal(found, load(str(file)))
        assert equal(found, sam) and sizes_of(found) == SMALL and not found.training
        assert torch.equal(found.pixel_mean, sam.pixel_mean)
        assert torch.equal(found.image_encoder(pixels), sam.image_encoder(pixels))


def test_loading_draws_no_random_numbers(sam: Sam, tmp_path: Path) -> None:
    save(sam, tmp_path)
    before = torch.random.get_rng_state()
    load(tmp_path)
    assert torch.equal(before, torch.random.get_rng_state())


def test_equal_weights_are_equal_bytes(sam: Sam, tmp_path: Path) -> None:
    first = save(sam, tmp_path / "first").read_bytes()
    assert save(load(tmp_path / "first"), tmp_path / "second").read_bytes() == first


def test_half_precision_is_stored_and_single_loaded(sam: Sam, tmp_path: Path) -> None:
    whole, half = save(sam, tmp_path / "a"), save(sam, tmp_path / "b", torch.float16)
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    for key, value in load(half).state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, sam.state_dict()[key].half().float())


@pytest.mark.parametrize(
    "sizes",
    [
        Sizes(**{**SMALL.model_dump(), "global_blocks": (), "pixel_std": (1.0, 2.5, 58.395)}),
        Sizes(**{**SMALL.model_dump(), "global_blocks": (0, 1), "masks_a_prompt": 5}),
        Sizes(**{**SMALL.model_dump(), "decoder_depth": 3, "decoder_heads": 2, "iou_depth": 2}),
    ],
)
def test_other_sizes_come_back(sizes: Sizes, tmp_path: Path) -> None:
    made = build(sizes)
    found = load(save(made, tmp_path))
    assert equal(found, made)
    assert sizes_of(found).model_dump(exclude={"window"}) == sizes.model_dump(exclude={"window"})


def test_a_model_of_other_layers_is_not_saved(tmp_path: Path) -> None:
    odd = build(SMALL)
    odd.image_encoder.pos_embed = None
    with pytest.raises(ValueError, match="other layers"):
        save(odd, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["vit_b", "vit_l", "vit_h"])
def test_official_sizes_are_those_of_the_package(name: str) -> None:
    with torch.device("meta"):
        theirs = sam_model_registry[name]()
    own = build_empty(OFFICIAL[name])
    assert {k: v.shape for k, v in own.state_dict().items()} == {
        k: v.shape for k, v in theirs.state_dict().items()
    }
    assert sizes_of(own) == OFFICIAL[name]
    for ours, other in zip(own.modules(), theirs.modules(), strict=True):
        assert type(ours) is type(other)
        for attribute in ("eps", "num_heads", "window_size", "scale", "input_image_size"):
            assert getattr(ours, attribute, None) == getattr(other, attribute, None)


def test_a_full_official_checkpoint_loads(tmp_path: Path) -> None:
    torch.manual_seed(2)
    theirs = sam_model_registry["vit_b"]()
    path = tmp_path / "sam_vit_b.pth"
    torch.save(theirs.state_dict(), path)
    assert path.stat().st_size > 370e6
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    found = load(path, sha256=sha256)
    path.unlink()
    assert equal(found, theirs) and sizes_of(found) == OFFICIAL["vit_b"]
    assert torch.equal(found.pixel_std, theirs.pixel_std)


def test_a_checksum_is_checked(sam: Sam, tmp_path: Path) -> None:
    file = save(sam, tmp_path)
    good = hashlib.sha256(file.read_bytes()).hexdigest()
    assert equal(load(tmp_path, sha256=good.upper()), sam)
    with pytest.raises(InputError, match=f"{re.escape(str(file))}.*{good}, not {'0' * 64}"):
        load(tmp_path, sha256="0" * 64)


@pytest.mark.parametrize("name", ["vit_b", "vit_l", "vit_h"])
def test_a_name_says_what_to_fetch(name: str) -> None:
    with pytest.raises(InputError, match=rf"https://.*sam_{name}_\w+\.pth and give the path"):
        load(name)


def test_a_missing_file_says_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere/weights\.safetensors: no such file.*sam_vit_b"):
        load(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"sam\.pth: no such file"):
        load(tmp_path / "sam.pth")


def test_wrong_checkpoints_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "sam.pth"
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(InputError, match="cannot be read as tensors only"):
        load(path)
    torch.save({"model": Path("an object")}, path)
    with pytest.raises(InputError, match="cannot be read as tensors only"):
        load(path)
    torch.save({"epoch": 3}, path)
    with pytest.raises(InputError, match="plain state_dict"):
        load(path)
    torch.save({"head.weight": torch.zeros(3)}, path)
    with pytest.raises(InputError, match="width 0 and depth 0 is none of vit_b, vit_l, vit_h"):
        load(path)
    torch.save(build(SMALL).state_dict(), path)
    with pytest.raises(InputError, match=r"width 32 and depth 2 is none of .*sam\.save"):
        load(path)


def test_a_checkpoint_that_lacks_a_layer_is_refused(tmp_path: Path) -> None:
    blocks = {f"image_encoder.blocks.{i}.norm1.weight": torch.zeros(768) for i in range(12)}
    path = tmp_path / "sam.pth"
    torch.save({"image_encoder.pos_embed": torch.zeros(1, 64, 64, 768), **blocks}, path)
    with pytest.raises(InputError, match=r"missing: .*proj\.weight, .* and \d+ more"):
        load(path)


def test_wrong_files_of_our_own_are_refused(sam: Sam, tmp_path: Path) -> None:
    file = save(sam, tmp_path)
    with safe_open(file, framework="pt") as stream:
        text = stream.metadata()["twinband"]
    tensors = {k: v.clone() for k, v in sam.state_dict().items()}
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged, its SHA-256"):
        load(file)
    file.with_name(SUMS).unlink()
    with pytest.raises(InputError, match="not a whole safetensors file"):
        load(file)
    save_file(tensors, file)
    with pytest.raises(InputError, match=r"(?s)does not say.*kind"):
        load(file)
    save_file(tensors, file, {"twinband": text.replace('"patch_px": 8', '"patch_px": "8"')})
    with pytest.raises(InputError, match=r"(?s)does not say.*patch_px"):
        load(file)
    description = json.loads(text)
    del description["settings"]
    save_file(tensors, file, {"twinband": json.dumps(description)})
    with pytest.raises(InputError, match=r"(?s)does not say.*settings"):
        load(file)
    del tensors["mask_decoder.iou_token.weight"]
    save_file(tensors, file, {"twinband": text})
    with pytest.raises(InputError, match=r"SAM\n  missing: mask_decoder\.iou_token\.weight$"):
        load(file)
