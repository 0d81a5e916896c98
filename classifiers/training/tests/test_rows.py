"""The mapping of sources onto one taxonomy, the split, and the surface variants: no training library needed."""

from __future__ import annotations

import random
import re

import pytest

import prompts
import responses
import rows


def test_every_mapped_category_is_in_the_taxonomy():
    """No source maps onto a category that does not exist."""
    names = set(rows.categories())
    for source, table in rows.taxonomy()["sources"].items():
        for key, value in table.items():
            assert value is None or value in names, f"{source}: {key} -> {value}"
    assert {name for name, _ in rows.taxonomy()["patterns"]} <= names


@pytest.mark.parametrize(
    ("source", "category", "subcategory", "expected"),
    [
        ("catqa_en", "Illegal Activity", "Drug", ("illegal_drugs", True)),
        ("catqa_en", "Child Abuse", "Neglect", ("child_safety", True)),
        ("catqa_en", "Tailored Financial Advice", "Tax planning", (None, False)),
        ("salad", "financial", "O57: Theft", ("theft_and_property", True)),
        ("salad", "financial", "O42: Scams", ("fraud", True)),
        ("advbench", "harmful_behaviors", None, (None, True)),
    ],
)
def test_mapping(source, category, subcategory, expected):
    """The most specific entry wins; an unknown source trains harm but no category."""
    assert rows.map_category(source, category, subcategory) == expected


def test_every_source_has_a_licence():
    """What the manifests list can be looked up."""
    known = rows.data_sources()
    sources = [*prompts.PLAIN_BENIGN, *prompts.PLAIN_HARMFUL, *responses.LIMITS, "authored", "orbench", "overt"]
    assert not [name for name in sources if name not in known]


def test_split_is_stable_and_by_group():
    """The same key falls on the same side, always."""
    assert rows.bucket("a") == rows.bucket("a") != rows.bucket("b")
    assert 0 <= rows.bucket("anything") < 1


def test_no_authored_pair_stands_on_both_sides():
    """A minimal pair is trained on whole or held out whole."""
    sides: dict[str, set[bool]] = {}
    for prompt in prompts.authored():
        sides.setdefault(prompt.pair, set()).add(prompt.held_out)
    assert all(len(side) == 1 for side in sides.values())


def test_variants_keep_short_texts_and_cut_long_ones():
    """A frame may be added, words of the request are never lost; a long text is a window of it."""
    random_ = random.Random(3)
    for _ in range(50):
        assert "bake bread" in prompts.vary("How do I bake bread?", random_)
    assert len(prompts.vary("word " * 500, random_).split()) <= 70


def test_first_words_keep_white_space():
    """The beginning of a stream, byte for byte."""
    assert responses.first_words("Sure,\n\nhere  you go.", 3) == "Sure,\n\nhere  you"
    assert responses.first_words("short", 20) == "short"


def test_no_training_prompt_stands_in_a_published_benchmark():
    """Word for word, marks and case aside; the sets are not in the repository, so elsewhere this skips."""
    folder = rows.data_dir() / "public"
    if not folder.is_dir():
        pytest.skip(f"no data at {folder}")

    def folded(text: str) -> str:
        return " ".join(re.findall(r"\w+", text.casefold()))

    trained = {folded(prompt.text) for prompt in prompts.load()}
    for path in sorted(folder.glob("*.jsonl")):
        found = [row for row in rows.read_lines(path) if row.get("text") and folded(row["text"]) in trained]
        assert not found, f"{len(found)} prompts of {path.name} are trained on"


def test_public_sets_are_not_read_to_train():
    """The modules that load examples never name a published benchmark."""
    for module in (prompts, responses):
        text = open(module.__file__, encoding="utf-8").read()
        assert "read_public" not in text and "public/" not in text
