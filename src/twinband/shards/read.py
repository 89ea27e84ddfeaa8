"""Reading samples out of shards at random: one read of the file a sample.

The manifest knows where in its tar each sample begins and how long it is, so no shard is ever
scanned and the memory used does not grow with the dataset.
"""

import io
import os
import tarfile
from pathlib import Path

from twinband.errors import InputError


def read_fields(path: Path, offset: int, size: int, key: str) -> dict[str, bytes]:
    """The members of one sample by field.

    Raises:
        InputError: there is no such file, or at that place stands something else than the sample
            ``key``.
    """
    fields = {}
    try:
        with path.open("rb", buffering=0) as stream:
            data = os.pread(stream.fileno(), size, offset)
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            for member in tar:
                name, _, field = member.name.partition(".")
                content = tar.extractfile(member)
                if name != key or content is None:
                    raise tarfile.TarError(f"found {member.name!r}")
                fields[field] = content.read()
        if not fields:
            raise tarfile.TarError("found nothing")
    except (OSError, tarfile.TarError) as error:
        raise InputError(f"{path}: no sample {key!r} at byte {offset}: {error}") from None
    return fields
