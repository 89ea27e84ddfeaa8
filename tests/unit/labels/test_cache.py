import errno
import fcntl
import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made.project import TIMEOUT_S
from twinband.labels.cache import DIGITS, LabelCache, claimed

SHA = "ab" * 32
FIELDS = {"masks.json": b'{"masks":[]}\nmore', "empty": b"", "depth.png": bytes(range(256))}


@pytest.fixture
def cache(tmp_path: Path) -> LabelCache:
    cache = LabelCache(tmp_path)
    cache.put(SHA, FIELDS)
    return cache


def test_there_and_back(cache: LabelCache, tmp_path: Path) -> None:
    assert cache.get(SHA) == FIELDS
    assert list(cache.get(SHA) or {}) == list(FIELDS)
    assert cache.get("cd" * 32) is None
    assert [path.name for path in (tmp_path / "ab").iterdir()] == [f"{SHA}.label"]
    cache.put(SHA, {"other": b"new"})
    assert cache.get(SHA) == {"other": b"new"}


def test_no_part_of_a_file_is_believed(cache: LabelCache) -> None:
    path = cache.path_of(SHA)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert cache.get(SHA) is None, length
    path.write_bytes(whole + b"x")
    assert cache.get(SHA) is None


def test_no_changed_byte_is_believed(cache: LabelCache) -> None:
    path = cache.path_of(SHA)
    whole = path.read_bytes()
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert cache.get(SHA) in (None, FIELDS), place  # a changed space changes nothing


@pytest.mark.parametrize(
    "head", ["", "[]", "1", "{}", '{"fields": [1], "sha256": ""}', "\xff", "[" * 100_000]
)
def test_other_files_are_not_believed(cache: LabelCache, head: str) -> None:
    cache.path_of(SHA).write_bytes(head.encode("latin1") + b"\n")
    assert cache.get(SHA) is None


def test_sizes_must_fit_even_if_the_digest_does(cache: LabelCache) -> None:
    sizes = {"a": 2}
    digest = hashlib.sha256(json.dumps(sizes).encode() + b"abc").hexdigest()
    head = json.dumps({"fields": sizes, "sha256": digest}).encode()
    cache.path_of(SHA).write_bytes(head + b"\nabc")
    assert cache.get(SHA) is None


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    head=st.one_of(
        st.binary(max_size=80),
        st.dictionaries(
            st.sampled_from(["fields", "sha256"]),
            st.one_of(
                st.none(),
                st.text(),
                st.lists(st.integers()),
                st.dictionaries(st.text(), st.one_of(st.floats(), st.integers(), st.text())),
            ),
        ).map(lambda header: json.dumps(header).encode()),
    ),
    body=st.binary(max_size=40),
)
def test_whatever_stands_there_is_a_label_or_none(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, body: bytes
) -> None:
    cache = LabelCache(tmp_path_factory.getbasetemp() / "hostile")
    path = cache.path_of(SHA)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(head + b"\n" + body)
    assert cache.get(SHA) is None


def test_a_folder_in_its_place_gives_way(cache: LabelCache) -> None:
    cache.path_of(SHA).unlink()
    (cache.path_of(SHA) / "inside").mkdir(parents=True)
    assert cache.get(SHA) is None
    cache.put(SHA, FIELDS)
    assert cache.get(SHA) == FIELDS


def test_what_a_killed_process_left_goes_with_the_next_try(cache: LabelCache) -> None:
    path = cache.path_of(SHA)
    path.with_name(f".{path.name}.12345.tmp").write_bytes(b"half")
    cache.put(SHA, FIELDS)
    assert list(path.parent.iterdir()) == [path]


def test_a_full_disk_leaves_no_temporary_file(
    cache: LabelCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Path.write_bytes

    def half(path: Path, data: bytes) -> int:
        write(path, data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(OSError, match="No space left"):
        cache.put(SHA, FIELDS)
    assert list(cache.path_of(SHA).parent.iterdir()) == [cache.path_of(SHA)]
    assert cache.get(SHA) == FIELDS


ONE, OTHER = "1a" * 32, "7f" * 32
HOLD = """
import sys
from pathlib import Path
from twinband.labels.cache import claimed
with claimed(Path(sys.argv[1]), sys.argv[2:]):
    print("held", flush=True)
    sys.stdin.read()
"""


def free(file: Path, sha256: str) -> bool:
    """Whether this process could claim an image without waiting."""
    with file.open("ab") as stream:
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, int(sha256[:DIGITS], 16))
        except BlockingIOError:
            return False
    return True


@pytest.mark.parametrize("killed", [False, True])
def test_a_claim_lasts_as_long_as_its_owner_wants_or_lives(tmp_path: Path, killed: bool) -> None:
    file = tmp_path / "some" / "claims"
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(file), ONE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert owner.stdout is not None and owner.stdout.readline() == "held\n"
    assert not free(file, ONE) and free(file, OTHER)
    if killed:
        owner.kill()
    owner.communicate(timeout=TIMEOUT_S)
    assert free(file, ONE)


def test_claims_are_taken_in_one_order_by_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two processes might wait for each other."""
    places: list[int] = []
    monkeypatch.setattr(fcntl, "lockf", lambda stream, how, size, place: places.append(place))
    for names in ([OTHER, ONE, OTHER], [ONE, OTHER]):
        with claimed(tmp_path / "claims", names):
            pass
    assert places == sorted(places[:2]) * 2


def test_it_goes_on_where_there_are_no_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(fcntl, "lockf", refuse)
    with claimed(tmp_path / "claims", [ONE]):
        done = True
    assert done
