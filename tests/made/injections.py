"""Names and paths that a shell would take for commands, or another tool for something else.

The command hidden in the n-th text makes the file ``injected-n``.
"""

from pathlib import Path

# What breaks out of no quotes, of double or single ones, of a line, or of an argument.
HIDING_PLACES = (
    "a;{}",
    "$({})",
    "a$({})",
    "`{}`",
    'a"; {}; "',
    "a'; {}; '",
    "a' && {} && echo '",
    "a | {}",
    "a & {} &",
    "a\n{}",
    "a'\n{}\n'",
    "a\\'; {}; \\'",
    "'$({})'",
    '"$({})"',
    "a || {}",
    "<({})",
    "${{IFS}};{}",
    "a #\n{} #",
    "a;{};#",
    "$(`{}`)",
)
COMMANDS = tuple(place.format(f"touch injected-{n}") for n, place in enumerate(HIDING_PLACES))
# What an option parser, a file system, Git or YAML would take for something else.
ODD = ("-x", "--help", "a" * 300, "", "a\0b", "a\tb", "~", "*", "ä", "a:b", "a\\b")


def injected(folder: Path) -> list[str]:
    """The files that hidden commands made, anywhere below ``folder``."""
    found = (path.name for path in folder.rglob("injected-*") if path.is_file())
    return sorted(name for name in found if name.removeprefix("injected-").isdecimal())
