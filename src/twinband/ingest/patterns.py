"""Patterns of paths: what of a path names its pair, and what does not count."""

import re
import unicodedata
from collections.abc import Sequence

TOKEN = re.compile(r"(\*+/?|\?)")
SYNTAX = (
    "* captures within one level of a path, ** any number of folders, and ? stands for a part of "
    "a level that is not compared"
)


class Pattern:
    """A pattern such as ``**/DJI_?_*_W.JPG``.

    ``*`` captures a part of one level, at least a letter; ``**/`` any number of folders, none
    included; ``?`` stands for a part of one level that is not compared, such as a time, and takes
    as much as it can. The suffix may be in capitals or not.

    Attributes:
        stars: number of captures.
        deep: the index of the capture ``**``, or None.
        folders: indices of the captures that are folders or parts of their names.
        letters: number of letters of its own.
        is_loose: whether a part of it is not compared.

    Raises:
        ValueError: it is malformed; says why.
    """

    def __init__(self, text: str) -> None:
        self.text = _clean(text)
        tokens = TOKEN.split(self.text)
        self._tokens = tokens
        _check(text, tokens)
        captures = [token for token in tokens if token.startswith("*")]
        if captures.count("**/") > 1:
            raise ValueError(f"{text!r} has more than one **")
        self.stars = len(captures)
        self.deep = captures.index("**/") if "**/" in captures else None
        self.is_loose = "?" in tokens
        self.letters = sum(len(token) for token in tokens[::2])
        in_folders = TOKEN.findall(self.text.rpartition("/")[0] + "/")
        self.folders = range(sum(token.startswith("*") for token in in_folders))
        self._expression = re.compile(self._compiled())

    def name(self, path: str) -> str | None:
        """Give the name of a path's pair, the captures joined by ``/``; None if it does not fit."""
        match = self._expression.fullmatch(path)
        if match is None:
            return None
        return "/".join(part for part in match.groups() if part)

    def captures(self, name: str) -> list[str]:
        """Take a name apart into what each capture stands for."""
        parts = name.split("/")
        if self.deep is None:
            return parts
        after = len(parts) - (self.stars - 1 - self.deep)
        return [*parts[: self.deep], "/".join(parts[self.deep : after]), *parts[after:]]

    def filled(self, name: str) -> str:
        """Write the path of a pair's file, with ``?`` where it may be anything."""
        captures = iter(self.captures(name))
        path = ""
        for token in self._tokens:
            if token.startswith("*"):
                capture = next(captures)
                path += capture + ("/" if token.endswith("/") and capture else "")
            else:
                path += token
        return path

    def _compiled(self) -> str:
        single = "([^/]+?)" if self.is_loose else "([^/]+)"
        dot = self.text.rfind(".", self.text.rfind("/") + 1)
        place, expression = 0, ""
        for token in self._tokens:
            if token == "**/":
                expression += "(?:(.+)/)?"
            elif token.startswith("*"):
                expression += single + token[1:]
            elif token == "?":
                expression += "[^/]*"
            else:
                cut = max(0, dot - place) if dot >= 0 else len(token)
                expression += f"{re.escape(token[:cut])}(?i:{re.escape(token[cut:])})"
            place += len(token)
        return expression


def check_alike(patterns: Sequence[Pattern]) -> None:
    """Check that the patterns of a pair's files capture the same.

    Raises:
        ValueError: they do not.
    """
    stars = {pattern.text: pattern.stars for pattern in patterns}
    if len(set(stars.values())) != 1 or not patterns[0].stars:
        raise ValueError(f"every pattern needs the same number of *, at least one; got {stars}")
    if len({pattern.deep for pattern in patterns}) > 1:
        raise ValueError("** must stand at the same place among the * of every pattern")
    if len(stars) != len(patterns):
        raise ValueError(f"two of the patterns are equal: {[p.text for p in patterns]}")


def _clean(text: str) -> str:
    text = unicodedata.normalize("NFC", text.strip().replace("\\", "/"))
    while text.startswith("./"):
        text = text[2:]
    return re.sub(r"(?<=\*\*/)(\*\*/)+", "", text)


def _check(text: str, tokens: Sequence[str]) -> None:
    if text.strip().startswith("/") or re.match(r"[A-Za-z]:[\\/]", text.strip()):
        raise ValueError(f"{text!r} must be relative to the dataset's folder")
    if ".." in text.split("/"):
        raise ValueError(f"{text!r} leads out of the dataset's folder; name what is in it")
    before = ""
    for token in tokens:
        if token.startswith("**") and (token != "**/" or before[-1:] not in ("", "/")):
            raise ValueError(
                f"{text!r}: ** stands for any number of folders and must be a level by itself, "
                "as in **/visible/*.jpg; within a level use a single *"
            )
        before += token
