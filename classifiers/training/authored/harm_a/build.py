#!/usr/bin/env python3
"""Writes the JSON Lines files of this folder from `hand/*.txt` and the grammars of `grammars.py`.

    python3 build.py            # write *.jsonl and print the counts
    python3 build.py --check    # also measure how far surface cues alone get

Nothing but this folder is read. The result is the same on every run.
"""

import collections
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
CATEGORIES = {
    "violence", "weapons", "self_harm", "sexual", "child_safety", "hate", "harassment", "illegal_drugs",
    "cybercrime", "fraud", "privacy", "misinformation", "theft_and_property", "other",
}
HEADER = re.compile(r"# family: (\S+)\s+type: (\S+)\s+category: (\S+)$")
LINE = re.compile(r"([01])(?::([a-z_]+))? (\S.*)$")


def slug(text):
    """A key made of lower-case words."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))


def row(text, harmful, category, kind, family, phrase, pair):
    """One row in the field order of the files."""
    if category not in CATEGORIES:
        raise SystemExit(f"unknown category `{category}` for `{text}`")
    return {
        "text": text, "harmful": harmful, "category": category if harmful else "none",
        "type": kind, "family": family, "phrase": phrase, "pair": pair,
    }


def read_hand(path):
    """Rows of one hand-written file: `# family:` headers, `@ topic` lines, groups parted by blank lines."""
    family = kind = category = topic = None
    rows, number, fresh = [], collections.Counter(), True
    for at, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        line = line.strip()
        if header := HEADER.match(line):
            family, kind, category = header.groups()
        elif line.startswith("@ "):
            topic, fresh = slug(line[2:]), True
        elif not line or line.startswith("#"):
            fresh = True
        elif found := LINE.match(line):
            harmful, own, text = found.groups()
            if fresh:
                number[family] += 1
                fresh = False
            pair = f"{slug(path.stem)}-{family}-{number[family]:04d}"
            rows.append(row(text, int(harmful), own or category, kind, family, f"{family}:{topic}", pair))
        else:
            raise SystemExit(f"{path.name}:{at}: not a header, a topic or a row: `{line}`")
    return rows


def key(text):
    """What makes two texts the same: their letters and digits."""
    return re.sub(r"[^a-z0-9 ]", "", text.lower())


def validate(rows):
    """Stops on a duplicate text or a pair with one label; returns nothing."""
    seen = {}
    for item in rows:
        if (known := seen.setdefault(key(item["text"]), item)) is not item:
            raise SystemExit(f"twice: `{item['text']}` ({known['pair']}, {item['pair']})")
    labels = collections.defaultdict(set)
    for item in rows:
        labels[item["pair"]].add(item["harmful"])
    for pair, found in labels.items():
        if found != {0, 1}:
            raise SystemExit(f"pair `{pair}` has one label only")


def main():
    rows = [item for path in sorted((HERE / "hand").glob("*.txt")) for item in read_hand(path)]
    hand = len(rows)
    if (HERE / "grammars.py").exists():
        import grammars

        known = {key(item["text"]) for item in rows}
        rows += [row(*fields) for fields in grammars.rows(known, key)]
    validate(rows)
    families = collections.defaultdict(list)
    for item in rows:
        families[item["family"]].append(item)
    for family, items in sorted(families.items()):
        with open(HERE / f"{family}.jsonl", "w", encoding="utf-8") as out:
            out.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        count = collections.Counter(item["harmful"] for item in items)
        print(f"{family:24s} 0:{count[0]:5d} 1:{count[1]:5d}")
    count = collections.Counter(item["harmful"] for item in rows)
    print(f"{'all':24s} 0:{count[0]:5d} 1:{count[1]:5d}  by hand {hand}, by grammar {len(rows) - hand}")
    print(dict(collections.Counter(item["category"] for item in rows).most_common()))
    if "--check" in sys.argv:
        import surface

        surface.report(rows)


if __name__ == "__main__":
    main()
