"""Reads labelled rows: third-party sets outside the repository, hand-written sets inside it.

The third-party data are never committed. Where they are absent, `read_set` returns an empty list and the caller says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any, Iterator

import yaml

HERE = Path(__file__).resolve().parent
AUTHORED = HERE / "authored"
LABELS = HERE / "labels"

Row = dict[str, Any]


def data_dir() -> Path:
    """The folder with `train/` and `public/`: `$DEMUR_DATA`, else `shared/data` beside the repository."""
    configured = os.environ.get("DEMUR_DATA")
    return Path(configured) if configured else HERE.parents[2] / "shared" / "data"


def read_lines(path: Path) -> list[Row]:
    """All rows of one JSON Lines file; an empty list where the file is absent."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def read_set(name: str) -> list[Row]:
    """The rows of one training set by name."""
    return read_lines(data_dir() / "train" / f"{name}.jsonl")


def read_public(name: str) -> list[Row]:
    """The rows of one published benchmark by name: to measure on, never to train, tune or select on."""
    return read_lines(data_dir() / "public" / f"{name}.jsonl")


def read_authored() -> Iterator[tuple[str, Row]]:
    """Every row of the hand-written sets with the name of its file, in a stable order."""
    for path in sorted(AUTHORED.rglob("*.jsonl")):
        name = path.relative_to(AUTHORED).with_suffix("").as_posix()
        for row in read_lines(path):
            yield name, row


@cache
def taxonomy() -> dict[str, Any]:
    """The taxonomy file."""
    return yaml.safe_load((HERE / "taxonomy.yaml").read_text(encoding="utf-8"))


def categories() -> list[str]:
    """The categories of harm in the order of the model's output."""
    return list(taxonomy()["categories"])


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    return [(name, re.compile(pattern, re.I)) for name, pattern in taxonomy()["patterns"]]


def map_category(source: str, category: str | None, subcategory: str | None) -> tuple[str | None, bool]:
    """The category in our taxonomy, and whether the row may train the harm head at all.

    Tries `category/subcategory`, then its part before a colon, then the category alone.
    """
    table = taxonomy()["sources"].get(source)
    if table is None:
        return None, True
    head = (subcategory or "").split(":")[0]
    for key in (f"{category}/{subcategory}", f"{category}/{head}", category):
        if key in table:
            return table[key], table[key] is not None
    return None, True


def guess_category(text: str) -> str | None:
    """A weak category for a harmful prompt whose source has none: the first pattern that matches."""
    for name, pattern in _patterns():
        if pattern.search(text):
            return name
    return None


def bucket(key: str, salt: str = "split") -> float:
    """A stable number in 0..1 for a key: the same split on every machine and run."""
    digest = hashlib.sha256(f"{salt}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def tidy(text: str) -> str:
    """Text with runs of white space made one space; the tokenizer would do the same."""
    return " ".join(text.split())


def data_sources() -> dict[str, str]:
    """The licence of every source, by the name the manifests use."""
    return dict(taxonomy()["licences"])
