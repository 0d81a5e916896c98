#!/usr/bin/env python3
"""Checks the JSON Lines files of this folder: fields, labels, duplicates, pairs, lengths and surface cues.

`python3 check.py [--against FILE...]`: with `--against`, rows whose words overlap a foreign prompt (token Jaccard at
least 0.55) are listed by their own text only, so that a benchmark's rows are neither trained on nor shown.
"""
import argparse
import collections
import json
import math
import random
import re
import statistics
import sys
from pathlib import Path

HERE = Path(__file__).parent
FIELDS = ["text", "harmful", "category", "type", "family", "phrase", "pair"]
CATEGORIES = set(
    "none violence weapons self_harm sexual child_safety hate harassment illegal_drugs cybercrime fraud privacy "
    "misinformation theft_and_property other".split()
)
OVERLAP = 0.55


def words(text):
    """Lower-cased words of a text."""
    return re.findall(r"[^\W_]+", text.lower())


def load():
    """All rows, with the name of their file checked against their family."""
    rows, faults = [], []
    for path in sorted(HERE.glob("*.jsonl")):
        for at, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if not line:
                continue
            item = json.loads(line)
            where = f"{path.name}:{at}"
            if list(item) != FIELDS:
                faults.append(f"{where}: fields {list(item)}")
            if item["family"] != path.stem:
                faults.append(f"{where}: family {item['family']}")
            if item["category"] not in CATEGORIES or (item["category"] == "none") != (item["harmful"] == 0):
                faults.append(f"{where}: category {item['category']} with label {item['harmful']}")
            if not item["text"].strip() or not item["phrase"]:
                faults.append(f"{where}: empty text or phrase")
            if "{" in item["text"] and re.search(r"\{(x|X|[a-z]+2?)\}", item["text"]) and item["type"] == "everyday":
                faults.append(f"{where}: unfilled slot")
            rows.append(item)
    return rows, faults


def structure(rows):
    """Faults that show only across rows: duplicates, phrases in two families, pairs with two phrases."""
    faults = []
    seen, phrases, pairs = {}, {}, collections.defaultdict(list)
    for item in rows:
        key = " ".join(words(item["text"]))
        if key in seen:
            faults.append(f"duplicate: {item['text']}")
        seen[key] = item
        if phrases.setdefault(item["phrase"], item["family"]) != item["family"]:
            faults.append(f"phrase {item['phrase']} in {phrases[item['phrase']]} and {item['family']}")
        pairs[item["pair"]].append(item)
    for name, members in pairs.items():
        if len({item["phrase"] for item in members}) > 1:
            faults.append(f"pair {name} has two phrases")
        if len(members) > 1 and len({item["harmful"] for item in members}) == 1:
            faults.append(f"pair {name} has one label: {members[0]['text']}")
    mixed = sum(len({item["harmful"] for item in members}) == 2 for members in pairs.values())
    print(f"pairs with both labels {mixed}, rows on their own {sum(len(m) == 1 for m in pairs.values())}, phrases {len(phrases)}")
    return faults


def bayes(rows, features, folds=5):
    """Accuracy of naive Bayes, cross-validated with whole phrases held out."""
    names = sorted({item["phrase"] for item in rows})
    random.Random(1).shuffle(names)
    fold = {name: i % folds for i, name in enumerate(names)}
    right = 0
    for held in range(folds):
        counts, totals, prior = [collections.Counter(), collections.Counter()], [0, 0], [0, 0]
        for item in rows:
            if fold[item["phrase"]] != held:
                y = item["harmful"]
                found = set(features(item["text"]))
                counts[y].update(found)
                totals[y] += 1
                prior[y] += 1
        for item in rows:
            if fold[item["phrase"]] == held:
                score = math.log(prior[1] + 1) - math.log(prior[0] + 1)
                for feature in set(features(item["text"])):
                    score += math.log((counts[1][feature] + 1) / (totals[1] + 2)) - math.log((counts[0][feature] + 1) / (totals[0] + 2))
                right += (score > 0) == bool(item["harmful"])
    return right / len(rows)


def surface(rows):
    """Prints how far words, openings, length and casing alone give the label away."""
    for name, chosen in (("all rows", rows), ("paired rows", [r for r in rows if r["type"] not in ("everyday", "neutral_harmful")])):
        share = statistics.mean(item["harmful"] for item in chosen)
        print(f"\n{name}: {len(chosen)}, harmful {share:.3f}, majority {max(share, 1 - share):.3f}")
        print(f"  naive Bayes on words        {bayes(chosen, words):.3f}")
        print(f"  naive Bayes on first 3 words {bayes(chosen, lambda t: words(t)[:3]):.3f}")
        print(f"  naive Bayes on length/case   {bayes(chosen, shape):.3f}")
        for label in (0, 1):
            lengths = [len(item["text"].split()) for item in chosen if item["harmful"] == label]
            cut = statistics.quantiles(lengths, n=10)
            print(f"  label {label}: words mean {statistics.mean(lengths):.1f} median {statistics.median(lengths)} p10 {cut[0]:.0f} p90 {cut[8]:.0f}")


def shape(text):
    """Length bucket, end mark, casing, digits and quotes."""
    digits, quotes = bool(re.search("[0-9]", text)), '"' in text
    return [f"n{len(text.split()) // 4}", "end" + text[-1:], f"low{text == text.lower()}", f"num{digits}", f"quo{quotes}"]


def cues(rows, least=12):
    """Prints the words that lean hardest to one label."""
    count = [collections.Counter(), collections.Counter()]
    for item in rows:
        if item["type"] not in ("everyday", "neutral_harmful"):
            count[item["harmful"]].update(set(words(item["text"])))
    lean = []
    for word in set(count[0]) | set(count[1]):
        n = count[0][word] + count[1][word]
        if n >= least:
            lean.append((count[1][word] / n, n, word))
    lean.sort()
    print("\nharmless words:", ", ".join(f"{w} {s:.2f}/{n}" for s, n, w in lean[:25]))
    print("harmful words:", ", ".join(f"{w} {s:.2f}/{n}" for s, n, w in lean[-40:]))


def overlaps(rows, paths):
    """Own rows that overlap a foreign prompt."""
    foreign = set()
    for path in paths:
        for line in Path(path).read_text(encoding="utf-8").split("\n"):
            text = json.loads(line).get("text") or "" if line else ""
            tokens = frozenset(words(text[:600]))
            if tokens:
                foreign.add(tokens)
    index = collections.defaultdict(list)
    for tokens in foreign:
        for word in tokens:
            index[word].append(tokens)
    found = []
    for item in rows:
        own = frozenset(words(item["text"]))
        rare = sorted(own, key=lambda w: len(index[w]))[: max(1, len(own) // 2 + 1)]
        near = {tokens for word in rare for tokens in index[word] if 0.5 < len(tokens) / len(own) < 2}
        best = max((len(own & tokens) / len(own | tokens) for tokens in near), default=0)
        if best >= OVERLAP:
            found.append((best, item))
    return found


def main():
    """Runs every check; exits 1 when one finds a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", nargs="*", default=[])
    options = parser.parse_args()
    rows, faults = load()
    faults += structure(rows)
    table = collections.Counter((item["family"], item["harmful"]) for item in rows)
    for family in sorted({item["family"] for item in rows}):
        print(f"{family:16} harmless {table[family, 0]:5} harmful {table[family, 1]:5}")
    print("categories:", dict(collections.Counter(item["category"] for item in rows).most_common()))
    surface(rows)
    cues(rows)
    near = overlaps(rows, options.against) if options.against else []
    for best, item in sorted(near, key=lambda pair: -pair[0]):
        print(f"overlap {best:.2f} {item['pair']}: {item['text'][:160]}")
    print(f"\nrows {len(rows)}, faults {len(faults)}, overlaps {len(near)}")
    print("\n".join(faults))
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
