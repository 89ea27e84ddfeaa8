"""Samples read at random, decoded without losing depth or channels, and joined."""

import io
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made.products import Members, sample, two_shards, write_product
from tests.made.raw_pairs import encoded, scene
from twinband.core.errors import BadSample, InputError
from twinband.core.images import encode_png
from twinband.shards import read
from twinband.shards.product import IndexEntry, shard_problem
from twinband.shards.read import decode_field, decode_fields, open_products, read_fields


def test_images_keep_depth_and_channels() -> None:
    rgb, thermal = scene(1)
    deep = thermal.astype(np.uint16) * 60
    labels = (thermal // 32).astype(np.uint8)
    fields = {
        "rgb.png": encode_png(thermal),
        "thermal.png": encode_png(deep),
        "semantics.png": encode_png(labels),
        "json": b'{"a": [1]}',
    }
    found = decode_fields(fields)
    assert found["rgb"].shape == rgb.shape  # one channel is repeated
    np.testing.assert_array_equal(found["thermal"], deep)
    np.testing.assert_array_equal(found["semantics"], labels)
    assert found["json"] == {"a": [1]}
    assert decode_field("thermal.jpg", encoded(thermal))[1].ndim == 2


def test_arrays_are_read_without_pickle() -> None:
    stream = io.BytesIO()
    np.save(stream, np.arange(6, dtype=np.float32).reshape(2, 3))
    name, value = decode_field("features.npy", stream.getvalue())
    assert name == "features" and value.shape == (2, 3)
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        decode_field("features.npy", stream.getvalue())


def test_unknown_suffixes_and_broken_images_are_errors() -> None:
    with pytest.raises(ValueError, match=r"masks\.rle"):
        decode_field("masks.rle", b"")
    with pytest.raises(BadSample, match=r"rgb\.png"):
        decode_field("rgb.png", b"no image")


def label(number: int) -> dict[str, bytes]:
    return {"json": f'{{"label": {number}}}'.encode()}


def labels() -> list[dict[str, Members]]:
    """A product of labels for ``two_shards``; that of ``c`` is absent."""
    return [{"a": label(1), "c": None, "e": label(5)}, {"b": label(2), "f": label(6)}]


def join(tmp_path: Path, other: list[dict[str, Members]], **options: object):  # type: ignore[no-untyped-def]
    write_product(tmp_path / "pairs", two_shards())
    write_product(tmp_path / "labels", other, "labels")
    products = {"pairs": tmp_path / "pairs", "labels": tmp_path / "labels"}
    return open_products(products, **options)  # type: ignore[arg-type]


def test_samples_are_joined_by_key_and_absent_labels_are_none(tmp_path: Path) -> None:
    dataset = join(tmp_path, labels())
    assert dataset.keys == ["a", "b", "c", "e", "f"] and len(dataset) == 5
    for item, seed in zip(dataset, (1, 2, 3, 5, 6), strict=True):
        rgb, thermal = scene(seed)
        np.testing.assert_array_equal(item["pairs"]["rgb"], rgb)
        np.testing.assert_array_equal(item["pairs"]["thermal"], thermal)
        assert item["pairs"]["json"] == {"seed": seed}
        wanted = None if item["key"] == "c" else {"json": {"label": seed}}
        assert item["labels"] == wanted


def test_slices_negative_indices_and_the_end(tmp_path: Path) -> None:
    dataset = join(tmp_path, labels())
    assert [item["key"] for item in dataset[1:4]] == ["b", "c", "e"]
    assert [item["key"] for item in dataset[::-2]] == ["f", "c", "a"]
    assert dataset[-1]["key"] == dataset[np.int64(4)]["key"] == "f"
    for index in (5, -6):
        with pytest.raises(IndexError):
            dataset[index]


def test_only_some_keys(tmp_path: Path) -> None:
    dataset = join(tmp_path, labels(), keys=["f", "a", "a"])
    assert dataset.keys == ["a", "f"]
    assert [item["labels"]["json"]["label"] for item in dataset] == [1, 6]
    assert dataset.column("pairs", "note").to_pylist() == ["note of a", "note of f"]


@pytest.mark.parametrize("keys", [["a", "nobody"], ["d"]])  # d is in the manifest, but absent
def test_unknown_keys_are_an_error(tmp_path: Path, keys: list[str]) -> None:
    with pytest.raises(InputError, match=keys[-1]):
        join(tmp_path, labels(), keys=keys)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", "lacks 1 samples"),
        ("surplus", "has unknown 1 samples"),
        ("surplus_absent", "has unknown 1 samples"),
        ("moved", "moved 1 samples"),
    ],
)
def test_products_that_do_not_fit_fail_loudly(tmp_path: Path, change: str, message: str) -> None:
    first, second = labels()
    if change == "missing":
        del first["e"]
    elif change == "surplus":
        second["g"] = label(7)
    elif change == "surplus_absent":  # the pairs' manifest knows d, but has no such sample
        second = {"b": label(2), "d": label(4), "f": label(6)}
    else:
        second["z"] = first.pop("e")
        second["e"] = second.pop("z")
        second = dict(sorted(second.items()))
    with pytest.raises(InputError, match=message):
        join(tmp_path, [first, second])


def test_an_absent_label_may_be_of_no_pair(tmp_path: Path) -> None:
    first, second = labels()
    second = {"b": label(2), "d": None, "f": label(6)}
    assert len(join(tmp_path, [first, second])) == 5


def test_no_product_is_an_error() -> None:
    with pytest.raises(InputError):
        open_products({})


def test_a_sample_that_is_not_where_the_manifest_says_is_an_error(tmp_path: Path) -> None:
    dataset = join(tmp_path, labels())
    write_product(tmp_path / "pairs", [{"a": sample(9)}, {"b": sample(2)}])
    with pytest.raises(InputError, match=r"shard-000000\.tar: not the file of the index"):
        dataset[2]


def test_a_dataset_travels_to_other_processes(tmp_path: Path) -> None:
    dataset = pickle.loads(pickle.dumps(join(tmp_path, labels())))
    assert [item["key"] for item in dataset] == ["a", "b", "c", "e", "f"]


def test_another_sample_at_that_place_is_an_error(tmp_path: Path) -> None:
    rows = {row["key"]: row for row in write_product(tmp_path, two_shards()).to_pylist()}
    path = tmp_path / "shard-000000.tar"
    a, c = rows["a"], rows["c"]
    assert read_fields(path, c["offset"], c["size"], "c") == sample(3)
    for offset, size in ((a["offset"], a["size"]), (c["offset"] + 512, c["size"]), (10**9, 512)):
        with pytest.raises(InputError, match="no sample 'c'"):
            read_fields(path, offset, size, "c")
    with pytest.raises(InputError):  # two samples instead of one
        read_fields(path, a["offset"], a["size"] + c["size"], "a")


def test_a_missing_shard_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"shard-000009\.tar"):
        read_fields(tmp_path / "shard-000009.tar", 0, 512, "a")


SMALL = [{"a": {"json": b"{}", "x.json": b"[1]", "y.json": b""}, "c": {"json": b"{}"}}]


def flipped(data: bytes, place: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1 << bit
    return bytes(changed)


def test_no_flipped_bit_of_a_header_loses_or_renames_a_member(tmp_path: Path) -> None:
    """The tar reader takes a damaged header for the end of the archive."""
    rows = write_product(tmp_path, SMALL).to_pylist()
    path, row = tmp_path / "shard-000000.tar", rows[0]
    whole = path.read_bytes()
    headers = [place for begin in (0, 1024, 2048) for place in range(begin, begin + 512)]
    refused = 0
    for place in headers:
        path.write_bytes(flipped(whole, place, place % 8))
        try:
            assert read_fields(path, row["offset"], row["size"], "a") == SMALL[0]["a"], place
        except InputError as error:
            refused += 1
            assert "shard-000000.tar: no sample 'a' at byte 0" in str(error)
    assert refused > 1500  # the rest are bytes that no reader looks at


@settings(max_examples=300, deadline=None, derandomize=True)
@given(data=st.binary(max_size=2048), size=st.integers(0, 1 << 40))
def test_whatever_stands_in_a_shard_is_the_sample_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, size: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.tar"
    path.write_bytes(data)
    with pytest.raises(InputError, match="no sample 'a'"):
        read_fields(path, 0, size, "a")


def test_members_that_no_writer_of_ours_writes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "shard-000000.tar"
    for change in (
        {"name": "a"},
        {"name": "a."},
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.DIRTYPE},
        {"type": tarfile.FIFOTYPE},
    ):
        with tarfile.open(path, "w|") as tar:
            member = tarfile.TarInfo("a.json")
            for name, value in change.items():
                setattr(member, name, value)
            tar.addfile(member)
            size = tar.offset
        with pytest.raises(InputError, match="no sample 'a'"):
            read_fields(path, 0, size, "a")
    with tarfile.open(path, "w|") as tar:
        tar.addfile(tarfile.TarInfo("a.json"))
        tar.addfile(tarfile.TarInfo("a.json"))
        size = tar.offset
    with pytest.raises(InputError, match=r"found 'a\.json'"):
        read_fields(path, 0, size, "a")


def test_a_flipped_bit_of_an_image_is_found_before_it_is_looked_at(tmp_path: Path) -> None:
    dataset = join(tmp_path, labels())
    path = tmp_path / "pairs/shard-000000.tar"
    path.write_bytes(flipped(path.read_bytes(), 5000, 3))
    with pytest.raises(
        InputError, match=r"shard-000000\.tar: not the file of the index.*dvc repro"
    ):
        dataset[0]
    with pytest.raises(InputError, match=r"shard-000000\.tar"):
        dataset.check_shards()
    assert dataset[1]["key"] == "b"  # in the other shard


def test_a_shard_is_hashed_once_and_again_if_it_was_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []

    def problem(path: Path, entry: IndexEntry) -> str:
        hashed.append(path.name)
        return shard_problem(path, entry)

    monkeypatch.setattr(read, "shard_problem", problem)
    dataset = join(tmp_path, labels())
    list(dataset)
    list(join(tmp_path / "again", labels()))
    assert len(hashed) == 8  # two shards of two products, twice
    dataset.check_shards()
    list(pickle.loads(pickle.dumps(dataset)))
    assert len(hashed) == 8
    path = tmp_path / "pairs/shard-000000.tar"
    path.write_bytes(path.read_bytes())
    list(dataset)
    assert len(hashed) == 9


@pytest.mark.parametrize(
    "fields",
    [
        {"json": b"{"},
        {"json": b"[" * 100_000},
        {"json": bytes([255])},
        {"rgb.png": b"no image"},
        {"rgb.png": encode_png(np.zeros((2, 2), np.uint16))},
        {"features.npy": b"\x93NUMPY\x01\x00"},
        {"masks.rle": b""},
    ],
)
def test_what_cannot_be_decoded_names_shard_and_key(
    tmp_path: Path, fields: dict[str, bytes]
) -> None:
    write_product(tmp_path, [{"a": fields}])
    with pytest.raises(InputError, match=r"shard-000000\.tar: the sample 'a' is not what"):
        open_products({"pairs": tmp_path})[0]


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_reading_many_shards_keeps_no_file_open(tmp_path: Path) -> None:
    rows = write_product(tmp_path, [{f"k{n:03d}": sample(n)} for n in range(80)]).to_pylist()
    before = open_files()
    for row in rows:
        path = tmp_path / f"shard-{row['shard']:06d}.tar"
        read_fields(path, row["offset"], row["size"], row["key"])
    assert open_files() == before


def test_a_shard_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    [row] = write_product(tmp_path, [{"a": sample(1)}]).to_pylist()
    path = tmp_path / "shard-000000.tar"
    read_fields(path, row["offset"], row["size"], "a")
    [row] = write_product(tmp_path, [{"a": sample(2)}]).to_pylist()
    assert read_fields(path, row["offset"], row["size"], "a") == sample(2)
