"""How far the surface of the texts gives the label away: word counts, openings, naive Bayes over words."""

import collections
import math
import random
import re


def words(text):
    """Lower-case words and numbers."""
    return re.findall(r"[a-z0-9']+", text.lower())


def naive_bayes(rows, folds, features):
    """Accuracy of multinomial naive Bayes with rows dealt to folds by `phrase`."""
    phrases = sorted({item["phrase"] for item in rows})
    random.Random(7).shuffle(phrases)
    fold_of = {phrase: at % folds for at, phrase in enumerate(phrases)}
    right = 0
    for fold in range(folds):
        counts, totals, seen = [collections.Counter(), collections.Counter()], [0, 0], [0, 0]
        for item in rows:
            if fold_of[item["phrase"]] != fold:
                found = features(item["text"])
                counts[item["harmful"]].update(found)
                totals[item["harmful"]] += len(found)
                seen[item["harmful"]] += 1
        size = len(set(counts[0]) | set(counts[1]))
        for item in rows:
            if fold_of[item["phrase"]] == fold:
                scores = [
                    math.log(seen[y]) + sum(math.log((counts[y][w] + 1) / (totals[y] + size)) for w in features(item["text"]))
                    for y in (0, 1)
                ]
                right += int(scores[1] > scores[0]) == item["harmful"]
    return right / len(rows)


def report(rows):
    """Prints the figures."""
    for y in (0, 1):
        lengths = sorted(len(item["text"].split()) for item in rows if item["harmful"] == y)
        mean, n = sum(lengths) / len(lengths), len(lengths)
        print(f"label {y}: words mean {mean:.1f}, 5 % {lengths[n // 20]}, median {lengths[n // 2]}, 95 % {lengths[-n // 20]}")
    majority = max(collections.Counter(item["harmful"] for item in rows).values()) / len(rows)
    print(f"majority {majority:.3f}")
    print(f"naive Bayes, words          {naive_bayes(rows, 5, words):.3f}")
    print(f"naive Bayes, first 3 words  {naive_bayes(rows, 5, lambda text: words(text)[:3]):.3f}")
    tally = [collections.Counter(), collections.Counter()]
    for item in rows:
        tally[item["harmful"]].update(set(words(item["text"])))
    lean = {w: math.log((tally[1][w] + 1) / (tally[0][w] + 1)) for w in set(tally[0]) | set(tally[1]) if tally[0][w] + tally[1][w] >= 30}
    order = sorted(lean, key=lean.get)
    print("lean harmless:", ", ".join(f"{w} {tally[0][w]}:{tally[1][w]}" for w in order[:40]))
    print("lean harmful: ", ", ".join(f"{w} {tally[0][w]}:{tally[1][w]}" for w in order[-40:]))
