"""Products: their small files, identity, cards, and products that follow others."""

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pytest

from tests.made.products import NOTE, sample, two_shards, write_product
from twinband.core.errors import InputError
from twinband.shards.product import (
    checked,
    count_rows,
    count_values,
    markdown_card,
    markdown_table,
    product_id,
    read_index,
    read_manifest,
    write_following,
)
from twinband.shards.read import open_products
from twinband.verify import verify_product

HOURS = pa.chunked_array([["night", "day", None], ["", "night"]], pa.string())


def test_values_are_counted_in_order_and_empty_ones_only_by_a_name() -> None:
    found = count_values(HOURS)
    assert found == {"day": 1, "night": 2} and list(found) == ["day", "night"]
    found = count_values(HOURS, "noon")
    assert found == {"day": 1, "night": 2, "noon": 2} and list(found) == ["day", "night", "noon"]
    assert count_values(pa.chunked_array([[]], pa.string())) == {}


def test_an_empty_value_may_count_as_another() -> None:
    assert count_values(HOURS, "day") == {"day": 3, "night": 2}


def test_a_card_is_a_front_matter_and_sections_apart() -> None:
    table = markdown_table(("what", "pairs"), count_rows("hour", count_values(HOURS)))
    assert table == "| what | pairs |\n| --- | --- |\n| hour: day | 1 |\n| hour: night | 2 |"
    card = markdown_card("one: pairs", ["a", "b"], "First.", "", table, license="CC0-1.0")
    assert card == (
        f"---\nlicense: CC0-1.0\ntags: [a, b]\n---\n# one: pairs\n\nFirst.\n\n{table}\n"
    )


def follow(tmp_path: Path, keys: list[str]) -> Path:
    write_product(tmp_path / "pairs", two_shards())
    write_following(
        tmp_path / "pairs",
        tmp_path / "out",
        product="predictions",
        samples={key: ({"json": f'"{key}"'.encode()}, {"note": key}) for key in keys},
        columns=NOTE,
        absent="not_tested",
        card="# x\n",
    )
    return tmp_path / "out"


def test_it_joins_with_what_it_follows(tmp_path: Path) -> None:
    out = follow(tmp_path, ["f", "b", "c"])
    assert verify_product(out, tmp_path / "pairs") == []
    dataset = open_products({"pairs": tmp_path / "pairs", "predictions": out})
    said = {item["key"]: item["predictions"] for item in dataset}
    assert said == {
        "a": None,
        "b": {"json": "b"},
        "c": {"json": "c"},
        "e": None,
        "f": {"json": "f"},
    }
    reasons = dict(zip(*read_manifest(out, ["key", "reason"]).to_pydict().values(), strict=True))
    assert reasons == {"a": "not_tested", "b": "", "c": "", "e": "not_tested", "f": ""}
    assert sorted(path.name for path in out.iterdir()) == [
        *["README.md", "index.json", "manifest.parquet", "shard-000000.tar", "shard-000001.tar"]
    ]


@pytest.mark.parametrize("key", ["d", "nobody"])
def test_samples_that_the_source_lacks_are_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match=key):
        follow(tmp_path, ["a", key])


def test_the_manifest_has_a_row_a_sample_in_order_of_key(tmp_path: Path) -> None:
    write_product(tmp_path, two_shards())
    table = read_manifest(tmp_path)
    assert table.column_names == [
        *["key", "status", "reason", "detail", "shard", "offset", "size"],
        "note",
    ]
    assert table["key"].to_pylist() == list("abcdef")
    assert table["shard"].to_pylist() == [0, 1, 0, -1, 0, 1]
    assert table["status"].to_pylist() == ["ok"] * 3 + ["absent"] + ["ok"] * 2
    assert read_manifest(tmp_path, ["note"]).column_names == ["note"]


def test_the_index_is_a_wids_list_of_the_shards(tmp_path: Path) -> None:
    write_product(tmp_path, two_shards())
    index = json.loads((tmp_path / "index.json").read_text())
    assert (index["__kind__"], index["wids_version"]) == ("wids-shard-index-v1", 1)
    assert (index["product"], index["dataset"]) == ("pairs", "made-up")
    for number, entry in enumerate(index["shardlist"]):
        data = (tmp_path / f"shard-{number:06d}.tar").read_bytes()
        digest = hashlib.md5(data).hexdigest()
        assert entry == {
            "url": f"shard-{number:06d}.tar",
            "md5sum": digest,
            "nsamples": (3, 2)[number],
            "filesize": len(data),
        }


def test_equal_products_are_equal_byte_by_byte(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_product(tmp_path / name, two_shards())
    names = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert names == sorted(
        ["README.md", "index.json", "manifest.parquet", "shard-000000.tar", "shard-000001.tar"]
    )
    for name in names:
        one, two = (tmp_path / folder / name for folder in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_the_id_changes_with_any_sample(tmp_path: Path) -> None:
    write_product(tmp_path / "one", two_shards())
    write_product(tmp_path / "same", two_shards())
    changed = two_shards()
    changed[1]["f"] = sample(7)
    write_product(tmp_path / "other", changed)
    ids = [product_id(tmp_path / name) for name in ("one", "same", "other")]
    assert ids[0] == ids[1] != ids[2] and len(ids[0]) == 16


def test_a_product_is_checked_against_the_facts_of_its_stage(tmp_path: Path) -> None:
    folder, facts = tmp_path / "one", tmp_path / "facts.json"
    with pytest.raises(InputError, match="not there yet"):
        checked(folder, facts)
    write_product(folder, two_shards())
    facts.write_text(json.dumps({"product": product_id(folder)}))
    assert checked(folder, facts) == product_id(folder)
    for text, message in (
        ('{"product": "0123456789abcdef"}', "is not what .*facts.json tells of"),
        ("{}", "not there yet"),
        ("[]", "not there yet"),
        ("not JSON", "not there yet"),
    ):
        facts.write_text(text)
        with pytest.raises(InputError, match=message):
            checked(folder, facts)
    facts.write_text('{"product": "one"}')
    assert checked(folder, facts, identity=lambda path: path.name) == "one"


def test_what_is_no_product_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finished product"):
        read_manifest(tmp_path)
    write_product(tmp_path, two_shards())
    (tmp_path / "manifest.parquet").write_bytes(b"PAR1 nonsense")
    with pytest.raises(InputError, match=r"manifest\.parquet"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"__kind__": "other"}', "\xff"])
def test_what_is_no_index_is_an_input_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "index.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=r"index\.json"):
        read_index(tmp_path)
