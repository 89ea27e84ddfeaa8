import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from twinband.annotators.claims import DIGITS, claimed

ONE, OTHER = "1a" * 32, "7f" * 32
HOLD = """
import sys
from pathlib import Path
from twinband.annotators.claims import claimed
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
    owner.communicate(timeout=60)
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
