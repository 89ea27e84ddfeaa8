"""Folders that hold links, pipes and devices, or names that break what prints them."""

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.made.raw_pairs import encoded, scene, write, write_pair

SECRET = b"the secret of this machine"
RGB, THERMAL = "crop_LR_visible", "cropinfrared"
Build = Callable[[Path], object]


def secret_beside(root: Path) -> Path:
    """Write a file outside of the dataset ``root``."""
    return write(root.parent / "outside" / "secret.jpg", SECRET)


def beside_thermal(make: Build) -> Build:
    """Make something in the place of the RGB image ``bad.jpg``, whose thermal image is good."""

    def build(root: Path) -> None:
        write_pair(root, "good", 1)
        write(root / THERMAL / "bad.jpg", encoded(scene(2)[1]))
        make(root / RGB / "bad.jpg")

    return build


def beside_good(make: Build) -> Build:
    """Make a good pair, then something in the dataset's folder."""

    def build(root: Path) -> None:
        write_pair(root, "good", 1)
        make(root)

    return build


def named(name: bytes | str) -> Build:
    """Make a pair of this name, a suffix added."""

    def build(root: Path) -> None:
        write_pair(root, "good", 1)
        rgb, thermal = scene(3)
        text = os.fsdecode(name)
        write(root / RGB / f"{text}.png", encoded(rgb, ".png"))
        write(root / THERMAL / f"{text}.png", encoded(thermal, ".png"))

    return build


def hole(path: Path) -> None:
    """Make a file of a tebibyte that takes no space."""
    path.touch()
    os.truncate(path, 1 << 40)


def listening(path: Path) -> None:
    """Make a socket; its path may be too long for one, so it is made from its folder."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    finally:
        os.chdir(before)


def relative_link(path: Path) -> None:
    """Link to the secret by a way that climbs out of the dataset."""
    secret_beside(path.parents[1])
    path.symlink_to("../../outside/secret.jpg")


def link_to_link(path: Path) -> None:
    """Link to a link of the dataset that leads to the secret."""
    (path.parents[1] / "way").mkdir()
    relative_link(path.parents[1] / "way" / "out.jpg")
    path.symlink_to("../way/out.jpg")


def link_to_pipe(path: Path) -> None:
    """Link to a pipe of the dataset."""
    os.mkfifo(path.parents[1] / "pipe")
    path.symlink_to("../pipe")


def link_bomb(root: Path) -> None:
    """Make folders in a row of which each has ten links to the next: 10^12 paths."""
    write_pair(root, "good", 1)
    for level in range(12):
        (root / f"level{level}").mkdir()
        for number in range(10):
            (root / f"level{level}" / f"l{number}").symlink_to(root / f"level{level + 1}")
    (root / "level12").mkdir()


def rings(root: Path) -> None:
    """Make folders that are linked to each other, to themselves and to the root."""
    write_pair(root, "good", 1)
    for one, other in (("a", "b"), ("b", "a"), ("a", "a"), ("b", ".")):
        (root / one).mkdir(exist_ok=True)
        (root / one / f"to-{other.strip('.') or 'root'}").symlink_to(root / other)


def deep(root: Path) -> None:
    """Make folders one in the other until no path can name the last."""
    write_pair(root, "good", 1)
    before = Path.cwd()
    os.chdir(root)
    try:
        for _ in range(40):
            Path("d" * 200).mkdir()
            os.chdir("d" * 200)
        Path("a.jpg").write_bytes(b"x")
    finally:
        os.chdir(before)


def split_linked_inside(root: Path) -> None:
    """Link the folders of the layout to others of the same dataset."""
    write_pair(root / "all", "good", 1)
    for folder in (RGB, THERMAL):
        (root / folder).symlink_to(root / "all" / folder)


def folder_linked_outside(root: Path) -> None:
    """Link a folder of the layout to one that is outside of the dataset."""
    write_pair(root, "good", 1)
    secret_beside(root)
    (root / RGB / "more").symlink_to(root.parent / "outside")
    (root / "other").symlink_to("/etc")


def keys_alike(root: Path) -> None:
    """Make names that all get one key."""
    for number, name in enumerate(("a", "A", "a.b", "a b", "a+b", "a-b", "A-B")):
        write_pair(root, name, 10 + number)


def all_bad(root: Path) -> None:
    """Make pairs of which none can be used."""
    for name in "abc":
        write(root / RGB / f"{name}.jpg", b"x")
        write(root / THERMAL / f"{name}.jpg", b"x")


def folders() -> Mapping[str, Build]:
    """Gather all, in the layout of RoadScene: what makes it, by name."""
    return {
        "good": beside_good(lambda root: None),
        "empty": lambda root: None,
        "all-bad": all_bad,
        "pipe": beside_thermal(os.mkfifo),
        "socket": beside_thermal(listening),
        "folder-named-as-image": beside_thermal(Path.mkdir),
        "hole": beside_thermal(hole),
        "link-to-secret": beside_thermal(
            lambda path: path.symlink_to(secret_beside(path.parents[1]))
        ),
        "relative-link-to-secret": beside_thermal(relative_link),
        "link-to-link-to-secret": beside_thermal(link_to_link),
        "link-to-zeros": beside_thermal(lambda path: path.symlink_to("/dev/zero")),
        "link-to-noise": beside_thermal(lambda path: path.symlink_to("/dev/urandom")),
        "link-to-terminal": beside_thermal(lambda path: path.symlink_to("/dev/tty")),
        "link-to-input": beside_thermal(lambda path: path.symlink_to("/proc/self/fd/0")),
        "link-to-memory": beside_thermal(lambda path: path.symlink_to("/proc/self/mem")),
        "link-to-kernel": beside_thermal(lambda path: path.symlink_to("/proc/kmsg")),
        "link-to-environment": beside_thermal(lambda path: path.symlink_to("/proc/self/environ")),
        "link-to-itself": beside_thermal(lambda path: path.symlink_to(path)),
        "link-to-nowhere": beside_thermal(lambda path: path.symlink_to("nowhere")),
        "link-to-pipe": beside_thermal(link_to_pipe),
        "link-to-neighbour": beside_thermal(lambda path: path.symlink_to("good.jpg")),
        "pipe-as-attributes": beside_good(lambda root: os.mkfifo(root / "attributes.csv")),
        "hole-as-attributes": beside_good(lambda root: hole(root / "attributes.csv")),
        "folder-as-attributes": beside_good(lambda root: (root / "attributes.csv").mkdir()),
        "secret-as-attributes": beside_good(
            lambda root: (root / "attributes.csv").symlink_to(secret_beside(root))
        ),
        "rings": rings,
        "link-bomb": link_bomb,
        "deep": deep,
        "split-linked-inside": split_linked_inside,
        "folder-linked-outside": folder_linked_outside,
        "keys-alike": keys_alike,
        "newline": named("a\nb"),
        "carriage-return": named("a\rb"),
        "terminal": named("a\x1b]0;owned\x07\x1b[2J"),
        "no-utf-8": named(b"a\xff\xfeb"),
        "longest": named("x" * 251),
        "longest-umlauts": named("ä" * 125),
        "quotes": named("a\"b'c`d$(touch ran);e|f&g"),
        "blanks": named("  a  b  "),
        "ideographic-blank": named("a\u3000b"),
        "turned": named("a\u202egpj"),
        "line-separator": named("a\u2028b"),
        "percent": named("%s%n%00{0}${x}"),
        "comma": named("a,b;c\td"),
        "only-marks": named("((("),
        "digits": named("9" * 250),
        "other-digits": named("٣٤²"),
        "dot-before-suffix": named("a.jpg"),
        "equals": named("=1+1"),
        "plus": named("+1"),
        "minus": named("-1"),
        "at": named("@SUM(1)"),
        "apostrophe": named("'=1+1"),
        "decomposed": named("a\u0308"),
    }
