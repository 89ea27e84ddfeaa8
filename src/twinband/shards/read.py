"""Reading samples out of shards at random: one read of the file a sample.

The manifest knows where in its tar each sample begins and how long it is, so no shard is ever
scanned and the memory used does not grow with the dataset.
"""

import io
import os
import tarfile
from functools import lru_cache
from pathlib import Path

from twinband.errors import InputError


@lru_cache(maxsize=64)
def _descriptor(path: str, pid: int) -> int:
    """A file descriptor of this process (``pid`` keeps forked workers from sharing one)."""
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def read_fields(path: Path, offset: int, size: int, key: str) -> dict[str, bytes]:
    """The members of one sample by field.

    Raises:
        InputError: at that place stands something else than the sample ``key``.
    """
    data = os.pread(_descriptor(str(path), os.getpid()), size, offset)
    fields = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                name, _, field = member.name.partition(".")
                stream = tar.extractfile(member)
                if name != key or stream is None:
                    raise tarfile.TarError(f"found {member.name!r}")
                fields[field] = stream.read()
    except tarfile.TarError as error:
        raise InputError(f"{path}: no sample {key!r} at byte {offset}: {error}") from None
    return fields
