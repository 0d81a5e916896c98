#!/usr/bin/env python3
"""Builds the contrast rows of this folder: `hand/*.txt` (every sentence written by hand) and `grammars/*.txt`
(frames and slots written by hand, combined on a seed) become one JSON Lines file per family beside this script.

Run `python3 make.py` after an edit, then `python3 check.py`. The same sources give the same bytes.

Hand file: `! type=homonym` sets the type of what follows; `=phrase category` opens an idea; below it, groups parted
by a blank line are pairs; a row is `0 text` or `1 text` (`1:category text` overrides the category). A literal `\\n` is a
line break. A row on its own is an unpaired row; after `! lone` every row is one.

Grammar file: `@phrase category type` opens a block that owns its frames and its contents, so a split by phrase never
leaves a frame on both sides. `f` a frame with `{x}`; `p safe | harmful [| category]` a pair of contents; `s name: a | b`
a slot of the frames (one draw for both rows of a pair); `k N` frames drawn per pair; `lone N` for a block of `l` lines
(contents of one label): N frames drawn per line; `plain` switches casing, typo and greeting noise off.
"""
import json
import random
import re
from pathlib import Path

HERE = Path(__file__).parent
SEED = 20261123
GREETINGS = ["hi, ", "Hello! ", "hey ", "Quick one: ", "ok so ", "Good evening. ", "Sorry to bother you. "]
CODAS = [" Thanks.", " thx", " Keep it short.", " Please go step by step.", " Be as detailed as you can.", " Cheers", " I'm in a hurry."]


def row(text, harmful, category, kind, family, phrase, pair):
    """One finished row; harmless rows carry the category `none`."""
    text = text.replace("\\n", "\n").strip()
    return {
        "text": text,
        "harmful": harmful,
        "category": category if harmful else "none",
        "type": kind,
        "family": family,
        "phrase": phrase,
        "pair": pair,
    }


def read_hand(path):
    """Rows of one hand-written file, in order."""
    family, kind, phrase, category = path.stem, "plain", "", "none"
    rows, number, fresh, lone = [], 0, True, False
    for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line:
            fresh = True
        elif line.startswith("#"):
            continue
        elif line.startswith("! type="):
            kind = line.removeprefix("! type=")
        elif line == "! lone":
            lone = True
        elif line.startswith("="):
            phrase, category = line[1:].split()
            fresh = True
        else:
            match = re.fullmatch(r"([01])(?::([a-z_]+))? (.+)", line)
            if match is None:
                raise SystemExit(f"{path.name}:{at}: not a row: {line}")
            if fresh or lone:
                number, fresh = number + 1, False
            label, other, text = match.groups()
            pair = f"b-{family}-h{number:04d}"
            rows.append(row(text, int(label), other or category, kind, family, phrase, pair))
    return rows


def read_blocks(path):
    """The blocks of one grammar file, as dictionaries."""
    blocks = []
    for at, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("@"):
            phrase, category, kind = line[1:].split()
            blocks.append({"phrase": phrase, "category": category, "kind": kind, "f": [], "p": [], "l": [], "s": {}, "k": 2, "lone": 1, "plain": False})
            continue
        word, _, rest = line.partition(" ")
        block = blocks[-1]
        if word in ("f", "l"):
            block[word].append(rest.strip())
        elif word == "p":
            block["p"].append([part.strip() for part in rest.split(" | ")])
        elif word == "s":
            name, _, values = rest.partition(":")
            block["s"][name.strip()] = [value.strip() for value in values.split(" | ")]
        elif word in ("k", "lone"):
            block[word] = int(rest)
        elif word == "plain":
            block["plain"] = True
        else:
            raise SystemExit(f"{path.name}:{at}: not a grammar line: {line}")
    return blocks


def fill(frame, content, slots):
    """A frame with its slots and its content in place; a sentence begins with a capital where the frame does."""
    text = frame
    for _ in range(2):
        for name, value in slots.items():
            text = text.replace("{" + name + "}", value)
    text = text.replace("{x}", content).replace("{X}", content[:1].upper() + content[1:])
    return re.sub(r" +([,.?!;])", r"\1", text)


def typo(rng, text):
    """Swaps two neighbouring letters inside one longer word."""
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) > 5 and word.isalpha()]
    if not long:
        return text
    i = rng.choice(long)
    at = rng.randrange(1, len(words[i]) - 2)
    words[i] = words[i][:at] + words[i][at + 1] + words[i][at] + words[i][at + 2 :]
    return " ".join(words)


def noise(rng):
    """A draw of surface noise, applied alike to every text it is given."""
    draw = {name: rng.random() for name in ("lower", "greet", "coda", "typo", "stop")}
    greeting, coda = rng.choice(GREETINGS), rng.choice(CODAS)

    def apply(text):
        if draw["greet"] < 0.08:
            text = greeting + (text if greeting[-2] in "!." else text[:1].lower() + text[1:])
        if draw["coda"] < 0.1 and text[-1:] in ".?!":
            text += coda
        if draw["lower"] < 0.16:
            text = text.lower()
        if draw["stop"] < 0.12:
            text = text.rstrip(".?!")
        return typo(rng, text) if draw["typo"] < 0.07 else text

    return apply


def spread(block, count, rng):
    """Frames for one content: `count` different ones, taken in turn from a shuffled ring so that all are used alike."""
    ring = block.setdefault("ring", [])
    chosen = []
    while len(chosen) < min(count, len(block["f"])):
        if not ring:
            ring.extend(block["f"])
            rng.shuffle(ring)
        frame = ring.pop()
        if frame not in chosen:
            chosen.append(frame)
    return chosen


def expand(path):
    """Rows of one grammar file."""
    family, rows, number = path.stem, [], 0
    rng = random.Random(f"{SEED}-{family}")
    for block in read_blocks(path):
        head = (block["category"], block["kind"], family, block["phrase"])
        contents = [(parts, block["k"]) for parts in block["p"]] + [([line], block["lone"]) for line in block["l"]]
        for parts, count in contents:
            for frame in spread(block, count, rng):
                number += 1
                pair = f"b-{family}-g{number:04d}"
                slots = {name: rng.choice(values) for name, values in block["s"].items()}
                same = noise(rng) if not block["plain"] else None
                for label, content in enumerate(parts[:2] if len(parts) > 1 else parts):
                    text = fill(frame, content, slots)
                    if same is not None:
                        text = (same if rng.random() < 0.6 else noise(rng))(text)
                    harmful = label if len(parts) > 1 else int(block["category"] != "none")
                    category = parts[2] if len(parts) > 2 else head[0]
                    rows.append(row(text, harmful, category, head[1], head[2], head[3], pair))
    return rows


def main():
    """Writes one file per family and prints what it wrote."""
    families = {}
    for path in sorted((HERE / "hand").glob("*.txt")):
        families.setdefault(path.stem, []).extend(read_hand(path))
    for path in sorted((HERE / "grammars").glob("*.txt")):
        families.setdefault(path.stem, []).extend(expand(path))
    seen = set()
    for family, rows in sorted(families.items()):
        kept = []
        for item in rows:
            key = re.sub(r"\W+", " ", item["text"].lower()).strip()
            if key not in seen:
                seen.add(key)
                kept.append(item)
        lines = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in kept)
        (HERE / f"{family}.jsonl").write_text(lines, encoding="utf-8")
        harmful = sum(item["harmful"] for item in kept)
        hand = sum("-h" in item["pair"][-6:] for item in kept)
        print(f"{family:18} rows {len(kept):5} harmless {len(kept) - harmful:5} harmful {harmful:5} hand {hand:5}")


if __name__ == "__main__":
    main()
