"""Lists, tables and annotations that are no text, have no end or say impossible things."""

from collections.abc import Mapping

BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>30</xmax><ymax>20</ymax></bndbox>"
PERSON = f"<object><name>person</name>{BOX}</object>"
LAUGHS = "".join(f'<!ENTITY l{n} "{"".join([f"&l{n - 1};"] * 10)}">' for n in range(1, 12))


def voc(inside: str, size: str = "<width>64</width><height>48</height>") -> str:
    """Wrap objects in an annotation."""
    return f"<annotation><size>{size}</size>{inside}</annotation>"


def corners(*values: str) -> str:
    """Make an object with these corners."""
    names = ("xmin", "ymin", "xmax", "ymax")
    inside = "".join(f"<{n}>{v}</{n}>" for n, v in zip(names, values, strict=False))
    return voc(f"<object><name>person</name><bndbox>{inside}</bndbox></object>")


def annotations() -> Mapping[str, bytes]:
    """Make PASCAL VOC files of the class ``person``."""
    laughs = f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]><annotation>&l11;</annotation>'
    square = f'<!DOCTYPE a [<!ENTITY x "{"x" * 50_000}">]><annotation>{"&x;" * 50_000}</annotation>'
    texts = {
        "plain": voc(PERSON),
        "empty": "",
        "blank": " \n ",
        "words": "no annotation",
        "page": "<!DOCTYPE html><html><body>404</body></html>",
        "another-root": "<root/>",
        "unclosed": "<annotation><object>",
        "laughs": laughs,
        "square": square,
        "loop": '<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]><annotation>&a;</annotation>',
        "file": '<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
        "<annotation><object><name>&f;</name></object></annotation>",
        "another-file": '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><annotation/>',
        "unknown-entity": "<annotation>&nope;</annotation>",
        "deep": "<annotation>" + "<a>" * 200_000 + "</a>" * 200_000 + "</annotation>",
        "deep-unclosed": "<annotation>" + "<a>" * 500_000,
        "attributes": "<annotation " + " ".join(f'a{n}="1"' for n in range(50_000)) + "/>",
        "many-objects": voc(PERSON * 20_000),
        "too-many-objects": voc(PERSON * 160_000),
        "long-name": voc(f"<object><name>{'p' * 10**6}</name>{BOX}</object>"),
        "no-name": voc(f"<object>{BOX}</object>"),
        "another-class": voc(f"<object><name>=cmd|'/c calc'!A1</name>{BOX}</object>"),
        "control-in-name": voc(f"<object><name>a&#10;&#x9b;b</name>{BOX}</object>"),
        "forbidden-character": voc("<object><name>&#0;</name></object>"),
        "no-box": voc("<object><name>person</name></object>"),
        "three-corners": corners("1", "2", "3"),
        "empty-corner": corners("", "2", "3", "4"),
        "words-for-corners": corners("one", "two", "three", "four"),
        "not-a-number": corners("nan", "2", "30", "20"),
        "infinite": corners("1", "2", "inf", "20"),
        "huge": corners("1", "2", "9" * 400, "20"),
        "huge-power": corners("1", "2", "1e308", "1e308"),
        "negative": corners("-5", "-5", "30", "20"),
        "inverted": corners("30", "20", "1", "2"),
        "flat": corners("1", "2", "1", "20"),
        "outside": corners("1", "2", "640", "480"),
        "many-digits": corners("1", "2", "1" * 100_000, "20"),
        "size-nan": voc(PERSON, "<width>nan</width><height>nan</height>"),
        "size-infinite": voc(PERSON, "<width>inf</width><height>inf</height>"),
        "size-negative": voc(PERSON, "<width>-64</width><height>-48</height>"),
        "size-words": voc(PERSON, "<width>wide</width><height>high</height>"),
        "size-zero": voc(PERSON, "<width>0</width><height>0</height>"),
        **{
            f"declares-{name}": f'<?xml version="1.0" encoding="{name}"?>{voc(PERSON)}'
            for name in ("unicode", "ANSI", "utf8-bom", "gb2312", "latin-1", "utf-16", "utf-7", "")
        },
    }
    return {name: text.encode() for name, text in texts.items()} | {
        "utf-16": voc(PERSON).encode("utf-16"),
        "latin-1": voc("<object><name>größe</name></object>").encode("latin-1"),
        "zeros": bytes(10_000),
        "nul-inside": voc(PERSON).encode().replace(b"person", b"per\0son"),
        "noise": bytes(range(256)) * 50,
        "a-picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "of-17-mib": b"<annotation>" + b" " * (17 << 20) + b"</annotation>",
    }


def lists() -> Mapping[str, bytes]:
    """Make lists of a split; the dataset has the pair ``good``."""
    good = b"good\n"
    return {
        "plain": good,
        "empty": b"",
        "blank": b"\n" * 100_000,
        "carriage-returns": b"good\rgood\r",
        "mark": b"\xef\xbb\xbfgood\n",
        "utf-16": "good\nbad\n".encode("utf-16"),
        "utf-16-without-mark": "good\n".encode("utf-16-be"),
        "utf-16-cut": "good\n".encode("utf-16")[:-1],
        "utf-32": "good\n".encode("utf-32"),
        "latin-1": "good\ngröße\n".encode("latin-1"),
        "nul": b"go\0od\n",
        "zeros": bytes(100_000),
        "noise": bytes(range(1, 256)) * 40,
        "a-picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
        "one-endless-line": b"x" * (8 << 20),
        "too-large": good * (4 << 20),
        "unknown-names": b"".join(b"unknown-%d\n" % n for n in range(300)),
        "many-unknown": b"".join(b"n%d\n" % n for n in range(200_000)),
        "names-that-command": b"\x1b]0;owned\x07\n\x9b31m\n",
        "formulas": b"=1+1\n+1\n-1\n@SUM(A1)\n",
        "climbing": b"../../../../etc/passwd\n/etc/passwd\n",
        "separators": "a\u2028b\u2029c\x0bd\x0ce\x85f\n".encode(),
        "keys-alike": b"Pair 1\npair-1\nPAIR 1\n",
        "no-names": b"---\n...\n///\n***\n",
        "other-digits": "٣\n٤\n".encode(),
        "turned": "\u202egnp.a\n".encode(),
    }


def attributes() -> Mapping[str, bytes]:
    """Make tables of attributes; the dataset has the pair ``good``."""
    head = b"name,hour\n"
    return {
        "plain": head + b"good,day\n",
        "empty": b"",
        "blank": b"\n\n\n",
        "head-only": head,
        "no-name": b"hour\nday\n",
        "columns-twice": b"name,hour,hour\ngood,day,night\n",
        "name-twice": b"name,name\ngood,bad\n",
        "line-twice": head + b"good,day\ngood,night\n",
        "too-many-cells": head + b"good,day,1,2,3\n",
        "too-few-cells": b"hour,name\nday\n",
        "huge-cell": head + b"good," + b"x" * 200_000 + b"\n",
        "huge-quoted": head + b'good,"' + b"x\n" * 100_000,
        "open-quote": head + b'"good,day\n',
        "many-columns": b"name," + b",".join(b"c%d" % n for n in range(20_000)) + b"\ngood\n",
        "many-lines": head + b"".join(b"p%d,day\n" % n for n in range(200_000)),
        "utf-16": "name,hour\ngood,day\n".encode("utf-16"),
        "latin-1": "name,hour\ngood,größe\n".encode("latin-1"),
        "nul": head + b"go\0od,day\n",
        "zeros": bytes(10_000),
        "noise": bytes(range(1, 256)) * 40,
        "formulas": head + b"good,=1+1\n",
        "commands": head + b"good,\x1b[31m\x07\n",
        "semicolons": b"name;hour\ngood;day\n",
        "too-large": head + b"good,day\n" * (2 << 20),
    }


def tracks() -> Mapping[str, bytes]:
    """Make the boxes of a tracked target, a line a frame."""
    return {
        "plain": b"1,2,10,20\n",
        "empty": b"",
        "words": b"a,b,c,d\n",
        "three": b"1,2,3\n",
        "five": b"1,2,3,4,5\n",
        "nan": b"nan,nan,nan,nan\n",
        "infinite": b"1,2,inf,inf\n",
        "overflow": b"1e308,1e308,1e308,1e308\n",
        "digits": b"1" * 100_000 + b",2,3,4\n",
        "zeros": bytes(1_000),
        "utf-16": "1,2,10,20\n".encode("utf-16"),
        "noise": bytes(range(1, 256)) * 40,
        "one-endless-line": b"1," * (4 << 20),
        "too-large": b"1,2,3,4\n" * (3 << 20),
    }
