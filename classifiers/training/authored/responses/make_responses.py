"""Make the authored response rows from the texts in `written/`.

    python make_responses.py          # writes <kind>/<family>.jsonl beside this file

Every sentence stands in `written/*.txt` and was written by hand. A file holds

    = technical/no_live_data          a family (its first part is the kind), optionally a language code after it
    @weather_now.curt Some text.      a row as it is: phrase key, optional style, text up to the next @, % or =
    %timetable 18                     a small grammar: phrase key, and how many rows to draw
    - buses ~ the stop's own app      its topics, read as $1, $2, ... in the templates
    > {No|Sadly no} $1 here; ask $2.  its templates, {one|of|these} chosen for each row

`¦` marks the point after which a reader would know the kind. It is taken out of the text; the beginnings of
answers (`made: cut`) are cut behind it, so that no beginning carries a label it does not yet show.
A grammar owns its templates and topics: the phrase key is enough to keep it on one side of a split, and a cut
beginning keeps the family and phrase of the row it was cut from.
"""

import hashlib
import json
import random
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = 20
KINDS = ("compliance", "ethical", "technical", "epistemic", "partial")
CUTS = {"compliance": 195, "ethical": 155, "technical": 140, "epistemic": 90, "partial": 60}
MARK = "¦"
# Compliant answers that open with a limit look like refusals at first: their beginnings are cut later.
LATE = ("disclaimer_first", "limit_mentioned", "limit_then_answer", "openers", "look_alike_phrases", "other_languages")
CURLY_SHARE = 0.15  # of the rows, written with typographic apostrophes as some models do


@dataclass
class Entry:
    """One `@` row or one `%` grammar of a source file."""

    family: str
    language: str
    phrase: str
    style: str
    draw: int = 0
    text: list = field(default_factory=list)
    topics: list = field(default_factory=list)
    templates: list = field(default_factory=list)


def read_entries(path):
    """Reads one source file into its entries."""
    family, language, entry = None, "en", None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith("= "):
            family, _, language = line[2:].strip().partition(" ")
            language = language.strip() or "en"
            if family.split("/")[0] not in KINDS:
                raise SystemExit(f"{path.name}:{number}: unknown kind in `{family}`")
            entry = None
        elif line[:1] in "@%" and line[1:2].strip():
            if family is None:
                raise SystemExit(f"{path.name}:{number}: a row before the first family")
            key, _, rest = line[1:].partition(" ")
            phrase, _, style = key.partition(".")
            entry = Entry(family, language, phrase, style or "plain")
            if line[0] == "%":
                entry.draw = int(rest)
            else:
                entry.text.append(rest)
            yield entry
        elif entry is None:
            if line.strip() and not line.startswith(";"):
                raise SystemExit(f"{path.name}:{number}: text outside a row")
        elif entry.draw and line.startswith("- "):
            entry.topics.append([part.strip() for part in line[2:].split(" ~ ")])
        elif entry.draw and line.startswith("> "):
            entry.templates.append(line[2:])
        elif entry.draw and entry.templates and line:
            entry.templates[-1] += "\n" + line
        elif not entry.draw:
            entry.text.append(line)


def spin(text, rng):
    """Chooses one alternative of every innermost `{a|b}`, from the inside out."""
    inner = re.compile(r"\{([^{}]*)\}")
    while match := inner.search(text):
        text = text[: match.start()] + rng.choice(match.group(1).split("|")) + text[match.end() :]
    return text


def fill(template, topic, rng):
    """Puts a topic's parts into a template; `$^1` starts with a capital."""
    text = template
    for index, part in enumerate(topic, 1):
        part = spin(part, rng)
        text = text.replace(f"$^{index}", part[:1].upper() + part[1:]).replace(f"${index}", part)
    text = re.sub(r"(?<=\S) {2,}", " ", spin(text, rng).replace("\\n", "\n"))
    return re.sub(r"\b([Aa]) (?=[aeio](?!ne))", r"\1n ", text)


def draw(entry, rng):
    """Draws an entry's rows: templates and topics are used evenly, no text twice."""
    pairs = [(t, p) for t in range(len(entry.templates)) for p in range(max(1, len(entry.topics)))]
    used = dict.fromkeys(pairs, 0)
    by_template, by_topic = [0] * len(entry.templates), [0] * max(1, len(entry.topics))
    texts = []
    for _ in range(entry.draw * 12):
        if len(texts) == entry.draw:
            break
        rng.shuffle(pairs)
        pair = min(pairs, key=lambda p: (used[p], by_template[p[0]] + by_topic[p[1]]))
        used[pair] += 1
        topic = entry.topics[pair[1]] if entry.topics else []
        text = fill(entry.templates[pair[0]], topic, rng).strip()
        text = re.sub(r"(^|[.!?]¦? )([a-z])", lambda m: m.group(1) + m.group(2).upper(), text)
        if text not in texts:
            texts.append(text)
            by_template[pair[0]] += 1
            by_topic[pair[1]] += 1
    return texts


def row(entry, text, made, style=None):
    """One row as it is written out."""
    return {
        "text": text,
        "kind": entry.family.split("/")[0],
        "family": entry.family,
        "phrase": entry.phrase,
        "language": entry.language,
        "style": style or entry.style,
        "made": made,
    }


def rows_of(entry):
    """All whole rows of an entry, marks still in them."""
    if not entry.draw:
        return [row(entry, "\n".join(entry.text).strip(), "hand")]
    rng = random.Random(f"{SEED}:{entry.family}:{entry.phrase}:{entry.language}")
    return [row(entry, text, "grammar") for text in draw(entry, rng)]


def cut(marked, family, rng):
    """The beginning of an answer, or None where none of 5 to 40 words shows its kind."""
    kind, _, name = family.partition("/")
    known = marked.find(MARK)
    text = marked.replace(MARK, "")
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    first = 14 if name in LATE and known < 0 else 4
    if len(ends) < first + 5 or (known < 0 and kind != "compliance"):
        return None
    low = max(ends[first], known + 1)
    high = min(ends[min(39, len(ends) - 2)], len(text) - 2)
    if low >= high:
        return None
    at = rng.randint(low, high)
    if rng.random() < 0.45:  # between two tokens rather than inside a word
        at = min((end for end in ends if end >= at), default=at)
    begin = text[:at].rstrip()
    return begin if begin and begin[-1] not in ".!?。" else None


def cuts_of(rows):
    """Cut beginnings, a fixed number a kind, at most one a row and four a phrase."""
    rng = random.Random(f"{SEED}:cut")
    for kind, wanted in CUTS.items():
        pool = [r for r in rows if r["kind"] == kind]
        rng.shuffle(pool)
        used = {}
        for source in pool:
            key = (source["family"], source["phrase"])
            if wanted == 0 or used.get(key, 0) >= 4:
                continue
            begin = cut(source["text"], source["family"], rng)
            if begin:
                used[key] = used.get(key, 0) + 1
                wanted -= 1
                yield {**source, "text": begin, "style": "cut", "made": "cut"}


def finish(source):
    """Takes the mark out, and gives some rows typographic apostrophes."""
    text = source["text"].replace(MARK, "")
    digest = hashlib.sha256(text.encode()).digest()[0] / 256
    if digest < CURLY_SHARE and "```" not in text:
        text = re.sub(r"(?<=\w)'(?=\w)", "’", text)
    return {**source, "text": text}


def main():
    """Writes every family's file."""
    entries = [e for path in sorted((HERE / "written").glob("*.txt")) for e in read_entries(path)]
    whole = [r for entry in entries for r in rows_of(entry)]
    rows = [finish(r) for r in [*whole, *cuts_of(whole)]]
    seen = set()
    files = {}
    for r in rows:
        key = re.sub(r"\W+", " ", r["text"].lower()).strip() or r["text"]
        if key not in seen:
            seen.add(key)
            files.setdefault(r["family"], []).append(r)
    for kind in KINDS:
        shutil.rmtree(HERE / kind, ignore_errors=True)
    for family, members in sorted(files.items()):
        path = HERE / f"{family}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = (json.dumps(r, ensure_ascii=False) for r in members)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{sum(map(len, files.values()))} rows in {len(files)} families")


if __name__ == "__main__":
    main()
