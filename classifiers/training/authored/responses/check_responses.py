"""Check the authored response rows and print their counts.

    python check_responses.py

Exits with 1 where a row is malformed or doubled, or a phrase stands in two kinds.
"""

import json
import re
import sys
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIELDS = {"text", "kind", "family", "phrase", "language", "style", "made"}
KINDS = ("compliance", "ethical", "technical", "epistemic", "partial")
MAX_WORDS = 220


def faults(rows):
    """Every fault of every row, as one line each."""
    seen = {}
    for place, row in rows:
        text = row.get("text", "")
        if set(row) != FIELDS:
            yield f"{place}: fields {sorted(row)}"
        if row["kind"] not in KINDS or not row["family"].startswith(row["kind"] + "/"):
            yield f"{place}: kind `{row['kind']}` in family `{row['family']}`"
        if not text.strip() or text != text.strip():
            yield f"{place}: empty or padded text"
        if len(text.split()) > MAX_WORDS:
            yield f"{place}: {len(text.split())} words"
        if "¦" in text or (row["made"] == "grammar" and re.search(r"[{}|]|\$\^?\d(?!\d)", text)):
            yield f"{place}: markup left in the text: {text[:60]}"
        key = re.sub(r"\W+", " ", text.lower()).strip() or text
        if key in seen:
            yield f"{place}: the same text as {seen[key]}"
        seen[key] = place


def openings(rows, words=2, least=12):
    """The commonest openings with their share of each kind: none should give the kind away."""
    table = defaultdict(Counter)
    for _, row in rows:
        if row["language"] == "en":
            start = " ".join(row["text"].lower().replace("’", "'").split()[:words])
            table[start][row["kind"]] += 1
    common = sorted(table.items(), key=lambda item: -sum(item[1].values()))
    return [(start, dict(counts)) for start, counts in common if sum(counts.values()) >= least]


def main():
    """Checks, counts, and says which openings are common."""
    rows = []
    for path in sorted(HERE.glob("*/*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            rows.append((f"{path.parent.name}/{path.name}:{number}", json.loads(line)))
    found = list(faults(rows))
    only = [row for _, row in rows]
    print(len(rows), "rows")
    for name in ("kind", "made", "language", "style"):
        print(name, dict(Counter(row[name] for row in only).most_common()))
    for kind in KINDS:
        print(kind, dict(Counter(r["family"].split("/")[1] for r in only if r["kind"] == kind)))
    for start, counts in openings(rows)[:40]:
        print(f"  {start!r}: {counts}")
    print("\n".join(found) if found else "no faults")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
