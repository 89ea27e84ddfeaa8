"""Text of label files, whose encodings are declared wrongly, unknown to parsers, or not at all."""

import codecs
import re

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# UTF-16 without a mark: every other byte of what begins a file is 0.
UNMARKED = (
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
)
DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:+-]{1,40})["']""")
DECLARATION = re.compile(r"^\s*<\?xml[^>]{0,400}\?>")
# Words of European languages have accented letters among plain ones. In Chinese both bytes of a
# common sign are beyond ASCII, and words have no letters. Capitals in a row are left to Chinese.
WORD = re.compile(rb"[A-Za-z\x80-\xff]+")
LATIN_WORD = re.compile(
    rb"(?=(?:[^A-Za-z]*[A-Za-z]){2})"
    rb"(?:[A-Za-z]|(?:[\xc0-\xd6\xd8-\xf6\xf8-\xff]|[\xdf-\xf6\xf8-\xff]{2})(?![\x80-\xff]))+"
)
NO_ACCENTED_LETTER = re.compile(rb"[\x80-\xbf\xd7\xf7]")
# Python's names for transformations that no file is written in; some take time without end.
NOT_OF_FILES = ("idna", "punycode", "unicode", "raw", "undefined", "utf-7", "utf-16", "utf-32")


def decoded_text(data: bytes) -> str:
    """Decode by the byte order mark, what XML declares, UTF-8, GB18030 or Latin-1.

    The first that fits counts; Latin-1 before GB18030 if most words beyond ASCII look European.

    A declaration that contradicts the bytes, or that Python does not know, is passed over; bytes
    that fit nothing are decoded as UTF-8 with marks for what is none.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    for begin, encoding in UNMARKED:
        if data.startswith(begin):
            return data.decode(encoding, errors="replace")
    declared = DECLARED.match(data)
    for encoding in (*_usable(declared[1].decode() if declared else ""), "utf-8", *_guessed(data)):
        try:
            return data.decode(encoding)
        except (LookupError, ValueError):  # the first: Python knows it, but not as one of texts
            continue
    return data.decode("utf-8", errors="replace")


def without_declaration(text: str) -> str:
    """Cut off the XML declaration, whose encoding text no longer has."""
    return DECLARATION.sub("", text, count=1)


def _guessed(data: bytes) -> list[str]:
    """Give the encodings that undeclared bytes, which are not UTF-8, may be in."""
    words = [word for word in WORD.findall(data) if not word.isascii()]
    latin = sum(LATIN_WORD.fullmatch(word) is not None for word in words)
    if 2 * latin > len(words):
        return ["cp1252", "gb18030"]
    return ["gb18030"] if NO_ACCENTED_LETTER.search(data) else ["gb18030", "cp1252"]


def _usable(declared: str) -> list[str]:
    """Give Python's name of a declared encoding that bytes of ASCII's kind may be in."""
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        return []
    return [] if name.startswith(NOT_OF_FILES) else [name]
