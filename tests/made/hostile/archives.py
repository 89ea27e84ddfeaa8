"""Tars that lie about their members, swell or end in the middle."""

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Mapping
from pathlib import Path

from tests.made.raw_pairs import encoded, scene

PAIR = {
    "crop_LR_visible/good.jpg": encoded(scene(1)[0]),
    "cropinfrared/good.jpg": encoded(scene(1)[1]),
}
LINKED = "crop_LR_visible/linked.jpg"


def member(name: str, data: bytes = b"", **header: object) -> tuple[tarfile.TarInfo, bytes]:
    """Make a member; ``header`` sets what its header states."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for key, value in header.items():
        setattr(info, key, value)
    return info, data


def tar(*members: tuple[tarfile.TarInfo, bytes], end: bytes = bytes(1024)) -> bytes:
    """Make a tar of a good pair and ``members``, whatever their headers state."""
    packed = b""
    for info, data in [*(member(name, data) for name, data in PAIR.items()), *members]:
        packed += info.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % 512)
    return packed + end


def stated(data: bytes, name: str, size: bytes) -> bytes:
    """Change the 12 bytes that state a member's size, and the header's checksum."""
    begin = data.rindex(name.encode().ljust(100, b"\0"))
    header = bytearray(data[begin : begin + 512])
    header[124:136] = size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return data[:begin] + bytes(header) + data[begin + 512 :]


def further(kind: bytes, body: bytes, size: int | None = None) -> bytes:
    """Make a header of attributes or of a long name, with its size stated otherwise if given."""
    info, _ = member("further", body, type=kind)
    info.size = len(body) if size is None else size
    return info.tobuf(tarfile.GNU_FORMAT) + body + bytes(-len(body) % 512)


def record(name: str, value: str) -> bytes:
    """Make a record of attributes, its own length at its beginning."""
    rest = len(f" {name}={value}\n".encode())
    length = rest + len(str(rest))
    length += len(str(length)) - len(str(rest))
    return f"{length} {name}={value}\n".encode()


def sparse(size: int) -> bytes:
    """Make a member that is a hole of this size, in GNU's first form."""
    info, _ = member(LINKED, type=tarfile.GNUTYPE_SPARSE)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    header[386:410] = b"%011o\0%011o\0" % (0, 0)
    header[482] = 0
    header[483:495] = bytes((0x80,)) + size.to_bytes(11, "big")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def with_member(packed: bytes) -> bytes:
    """Put packed members after the good pair and the thermal image of another."""
    return tar(THERMAL, end=b"") + packed + bytes(1024)


THERMAL = member("cropinfrared/linked.jpg", PAIR["cropinfrared/good.jpg"])


def archives() -> Mapping[str, bytes]:
    """Make tars by name; each has the layout of RoadScene."""
    plain, image = tar(), PAIR["crop_LR_visible/good.jpg"]
    name, one = LINKED, tar(member(LINKED, image), THERMAL)
    headers = member("x")[0].tobuf() * 20_000

    def linked(kind: bytes, target: str) -> bytes:
        return tar(member(LINKED, type=kind, linkname=target), THERMAL)

    return {
        "plain": plain,
        "compressed": gzip.compress(plain),
        "hole-of-a-tebibyte": with_member(sparse(1 << 40)),
        "small-hole": with_member(sparse(4_096)),
        "hole-of-further-form": with_member(
            further(
                tarfile.XHDTYPE,
                record("GNU.sparse.major", "1")
                + record("GNU.sparse.minor", "0")
                + record("GNU.sparse.realsize", str(1 << 40)),
            )
            + member(name, b"999999999999\n" * 39)[0].tobuf()
            + (b"999999999999\n" * 39).ljust(512, b"\0")
        ),
        "hole-of-old-further-form": with_member(
            further(
                tarfile.XHDTYPE,
                record("GNU.sparse.map", "0,1," * 10_000 + "0,1")
                + record("GNU.sparse.size", str(1 << 40)),
            )
            + member(name, image)[0].tobuf()
            + image.ljust(-(-len(image) // 512) * 512, b"\0")
        ),
        "size-negative": stated(one, name, b"\xff" * 11 + b"\x00"),
        "size-minus-block": stated(one, name, b"\xff" * 10 + b"\xfe\x00"),
        "size-exabyte": stated(one, name, b"\x80" + bytes(3) + b"\x10" + bytes(7)),
        "size-eight-gib": stated(one, name, b"77777777777\0"),
        "size-words": stated(one, name, b"many bytes!\0"),
        "size-in-attributes-negative": with_member(
            further(tarfile.XHDTYPE, record("size", "-1024")) + member(name)[0].tobuf()
        ),
        "size-in-attributes-vast": with_member(
            further(tarfile.XHDTYPE, record("size", str(1 << 60))) + member(name)[0].tobuf()
        ),
        "attributes-vast": with_member(further(tarfile.XHDTYPE, b"", 1 << 40)),
        "attributes-negative": stated(
            with_member(further(tarfile.XHDTYPE, record("a", "b"))), "further", b"\xff" * 12
        ),
        "attributes-noise": with_member(further(tarfile.XHDTYPE, b"\xff" * 500)),
        "attributes-of-0": with_member(further(tarfile.XHDTYPE, b"0 a=b\n")),
        "attributes-digits": with_member(
            further(tarfile.XHDTYPE, b"1" * 200_000) + member(name, b"")[0].tobuf()
        ),
        "attributes-for-all": with_member(
            further(tarfile.XGLTYPE, record("path", "../../etc/passwd")) + member(name)[0].tobuf()
        ),
        "long-name": tar(member("crop_LR_visible/" + "x" * 255 + ".jpg", image)),
        "very-long-name": tar(member("crop_LR_visible/" + "x" * 9_000 + ".jpg", image)),
        "endless-digits": tar(member("crop_LR_visible/" + "1" * 3_000 + ".jpg", image)),
        "long-names-in-chain": with_member(further(tarfile.GNUTYPE_LONGNAME, b"x\0") * 3_000),
        "long-name-vast": with_member(further(tarfile.GNUTYPE_LONGNAME, b"", 1 << 40)),
        "hard-link": linked(tarfile.LNKTYPE, "crop_LR_visible/good.jpg"),
        "hard-link-nowhere": linked(tarfile.LNKTYPE, "nowhere.jpg"),
        "hard-link-itself": linked(tarfile.LNKTYPE, LINKED),
        "hard-link-out": linked(tarfile.LNKTYPE, "/etc/passwd"),
        "link": linked(tarfile.SYMTYPE, "good.jpg"),
        "link-out": linked(tarfile.SYMTYPE, "../../../../etc/passwd"),
        "link-itself": linked(tarfile.SYMTYPE, "linked.jpg"),
        "pipe": linked(tarfile.FIFOTYPE, ""),
        "device": linked(tarfile.CHRTYPE, ""),
        "unknown-kind": linked(b"Q", ""),
        "folder-as-file": linked(tarfile.DIRTYPE, ""),
        "twice": tar(member("crop_LR_visible/good.jpg", b"no image")),
        "climbing": tar(member("../../escaped.jpg", image)),
        "absolute": tar(member("/etc/escaped.jpg", image)),
        "no-name": tar(member("", image)),
        "dots": tar(member("./././crop_LR_visible/./a.jpg", image)),
        "control-in-name": tar(member("crop_LR_visible/a\n\x1b[31m.jpg", image)),
        "no-utf-8": tar(member("crop_LR_visible/a\udcff.jpg", image)),
        "formula": tar(
            member("crop_LR_visible/=1+1.jpg", image), member("cropinfrared/=1+1.jpg", image)
        ),
        "only-bad": b"".join((member(name, b"x")[0].tobuf(), b"x".ljust(512, b"\0"), bytes(1024))),
        "empty": bytes(10_240),
        "nothing": b"",
        "words": b"no tar at all\n" * 100,
        "zip": b"PK\5\6" + bytes(18),
        "cut-in-header": one[: len(tar(end=b"")) + 100],
        "cut-in-data": one[: len(tar(end=b"")) + 600],
        "cut-early": plain[:700],
        "no-end": tar(end=b""),
        "damaged-header": tar(end=b"") + b"\xff" * 512 + one[len(tar(end=b"")) :],
        "compressed-cut": gzip.compress(one)[:-900],
        "compressed-damaged": gzip.compress(one)[:2_000] + bytes(100) + gzip.compress(one)[2_100:],
        "bz2-cut": bz2.compress(one)[:-900],
        "xz-cut": lzma.compress(one)[:-900],
        "xz-damaged": lzma.compress(one)[:100] + b"\xff" * 50,
        "gzip-of-nothing": gzip.compress(b""),
        "gzip-of-zeros": gzip.compress(bytes(32 << 20)),
        "bomb": _bomb(),
        "headers-without-end": gzip.compress(tar(end=b"") + headers, 1),
    }


def _bomb() -> bytes:
    """Compress a pair and a member that claims a gibibyte of zeros, of which 32 MiB follow."""
    stream = io.BytesIO()
    info, _ = member("crop_LR_visible/bomb.jpg")
    info.size = 1 << 30
    with gzip.GzipFile(fileobj=stream, mode="wb") as packed:
        packed.write(tar(end=b"") + info.tobuf())
        for _ in range(32):
            packed.write(bytes(1 << 20))
    return stream.getvalue()


def write_archive(folder: Path, data: bytes) -> Path:
    """Write a tar and return its path."""
    path = folder / "set.tar"
    path.write_bytes(data)
    return path
