"""Examples for the response model: what kind of answer a text is."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

import rows as data
from rows import Row, bucket, read_set, tidy

KINDS = ["compliance", "ethical", "technical", "epistemic", "partial"]
HELD_OUT = 0.12
# Families whose answer comes late: cut early, they cannot be told from a refusal, and would teach what is not there.
LATE = {
    "compliance/lecture_then_help",
    "compliance/late_help",
    "compliance/cautious_long",
    "compliance/letter_as_task",
    "compliance/content_words",
}
# How many rows of a source an epoch sees at most; the large ones repeat themselves.
LIMITS = {
    "gptfuzz_responses": 3000,
    "orbench80k_responses": 5300,
    "orbench80k_responses_frde": 900,
    "polyrefuse_responses": 4600,
    "arena_hard_v01_responses": 800,
    "coconot_pref": 1900,
    "chatgpt_refusals": 1450,
}


@dataclass
class Response:
    """One answer (the beginning and, of a long one, the end) with its kind."""

    text: str
    kind: int
    source: str
    group: str
    language: str = "en"
    weight: float = 1.0
    held_out: bool = False
    error: float = 1.0
    late: bool = False


# Sources that say refused or not leave open why. An answer that names a lack (of access, data, a body, an opinion) and no
# wrong is technical; both patterns were written from the definitions of the kinds.
LACK = re.compile(
    r"\b(don'?t|do not|doesn'?t|does not|no|lack|without)\b[^.]{0,40}\b(access|ability|capability|capable|real[- ]time|personal "
    r"(opinion|belief|experience|feeling|emotion|preference|information|data|view)|feelings|emotions|opinions|beliefs|consciousness|"
    r"physical|browse|internet|enough information|sufficient information|up[- ]to[- ]date|current information|knowledge of|"
    r"information (about|on|regarding))"
    r"|\b(knowledge cutoff|training data|only a language model|just a language model|not (able|possible) to (access|browse|predict|verify))",
    re.I,
)
WRONG = re.compile(
    r"ethic|harm|illegal|inappropriate|offensive|discriminat|dangerous|violat|hate|hateful|derogatory|disrespect|respectful|policy|"
    r"policies|guideline|moral|safety|unlawful|criminal|violence|sexual|explicit|stereotyp|defam|negative",
    re.I,
)


def _kind(row: Row, name: str) -> tuple[int, float] | None:
    """The kind of a third-party row and its weight; nothing for labels that are not worth teaching."""
    label, text = row.get("refusal_type"), (row.get("response") or "").replace("’", "'")
    refused = row.get("refused")
    if name == "chatgpt_refusals" and refused == "partial":
        return KINDS.index("partial"), 1.5
    if name == "coconot_pref" and refused == 0 and not str(row["id"]).endswith("-chosen"):
        return None  # the rejected answer of a pair: a rule did not see its refusal, which says little
    if name == "coconot_pref" and label == "technical" and re.search(r"\b(but|however|here are|can provide|general)\b", text, re.I):
        return None  # "As an AI I have no …, but here are some tips": an answer
    weight = 1.5 if name == "chatgpt_refusals" else 1.0
    if label == "compliance" or refused == 0:
        return 0, weight
    if label in ("technical", "technical_weak") or (LACK.search(text[:400]) and not WRONG.search(text[:400])):
        return KINDS.index("technical"), weight
    if label in ("ethical", "ethical_or_technical"):
        return KINDS.index("ethical"), weight
    return None


def third_party() -> list[Response]:
    """All public response sets, cut to their limits, grouped by prompt."""
    found = []
    for name, limit in LIMITS.items():
        rows = sorted(read_set(name), key=lambda row: bucket(str(row["id"]), "responses"))
        taken = 0
        for row in rows:
            kind = _kind(row, name)
            text = (row.get("response") or "").strip()
            if kind is None or not text or taken >= limit:
                continue
            taken += 1
            group = str(row.get("pair_id") or tidy(row.get("text") or row["id"]))
            response = Response(text, kind[0], name, group, str(row.get("language", "en")), kind[1])
            response.held_out = bucket(f"{name}:{group}") < HELD_OUT
            response.late = response.kind == KINDS.index("partial")
            if name == "chatgpt_refusals":
                response.held_out = row.get("split") == "validation"
            found.append(response)
    return found


def authored() -> list[Response]:
    """The hand-written answers, split by family and phrase."""
    found = []
    for name, row in data.read_authored():
        kind = row.get("kind")
        if kind not in KINDS:
            continue
        group = f"{row.get('family', name)}:{row.get('phrase', '')}"
        language = str(row.get("language", "en"))
        response = Response(row["text"].strip(), KINDS.index(kind), "authored", group, language, 1.3)
        response.held_out = bucket(f"authored:{group}") < HELD_OUT
        response.late = response.kind == KINDS.index("partial") or row.get("family") in LATE
        found.append(response)
    return found


def load() -> list[Response]:
    """Every response, exact duplicates removed."""
    found, seen = [], set()
    for response in authored() + third_party():
        key = tidy(response.text).casefold()
        if key and key not in seen:
            seen.add(key)
            found.append(response)
    return found


def first_words(text: str, count: int) -> str:
    """The first words of a text as a stream would show them, white space kept."""
    position, words = 0, 0
    for position, char in enumerate(text):
        if char.isspace() and position and not text[position - 1].isspace():
            words += 1
            if words == count:
                return text[:position]
    return text


def vary(response: Response, random_: random.Random, window: int = 66) -> str:
    """The whole answer or, more often, a beginning of 5 to 40 words; of a long complied one, sometimes its end."""
    text = response.text
    chance = random_.random()
    if chance < 0.45:
        cut = first_words(text, random_.randint(5, 40))
        return text if response.late and len(cut) < 0.6 * len(text) else cut
    words = text.split()
    if len(words) > window and response.kind == 0 and chance > 0.8:
        return " ".join(words[-window:])
    return text
