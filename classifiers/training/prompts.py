"""Examples for the prompt model: harm, category and refusal risk, with weights, groups and a split."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass

import rows as data
from rows import Row, bucket, guess_category, map_category, read_set, tidy

UNKNOWN = -1.0

# How many rows of a source one epoch sees at most: repetitive sources would drown the others.
PLAIN_BENIGN = {
    "arena_hard_v01": 500,
    "arena_hard_v2_A": 281,
    "self_instruct": 427,
    "awesome_prompts": 368,
    "benign_gsm8k": 100,
    "benign_mbpp": 80,
    "benign_humaneval": 60,
    "benign_truthfulqa": 199,
    "selfaware": 900,
    "purplellama_frr": 500,
}
PLAIN_HARMFUL = {
    "advbench": 420,
    "tdc2023": 47,
    "dangerousqa": 183,
    "harmfulqa": 700,
    "catqa_en": 543,
    "salad": 185,
    "jailbreak_templates_gptfuzz": 71,
    "self_reminder_jb_y": 50,
    "self_reminder_jb_test": 12,
}
# What share of a source's groups is held out to validate; hand-written grammar families are held out whole.
HELD_OUT = 0.12
HELD_OUT_FAMILIES = {"events", "define", "payload", "feeling", "fictional_vs_public", "claims", "g_ask"}


@dataclass
class Prompt:
    """One prompt with its labels; `UNKNOWN` (-1) leaves a head untrained by it."""

    text: str
    source: str
    group: str
    harm: float = UNKNOWN
    category: int = -1
    category_weight: float = 1.0
    risk: float = UNKNOWN
    upstream: str = "any"
    weight: float = 1.0
    held_out: bool = False
    error: float = 1.0
    pair: str = ""


def _category(row: Row, source: str, text: str) -> tuple[int, float, bool]:
    mapped, usable = map_category(source, row.get("category"), row.get("subcategory"))
    names = data.categories()
    if mapped is None and row.get("category") in names:
        mapped = str(row["category"])
    if mapped is not None:
        return names.index(mapped), 1.0, usable
    guess = guess_category(text)
    return (names.index(guess) if guess else -1), 0.4, usable


def _from_row(row: Row, source: str, group: str, weight: float = 1.0) -> Prompt | None:
    text = tidy(row["text"])
    harmful = row.get("harmful")
    if harmful is None or not text:
        return None
    prompt = Prompt(text, source, group, harm=float(harmful), weight=weight)
    if harmful == 1:
        prompt.category, prompt.category_weight, usable = _category(row, source, text)
        if not usable:
            return None
        prompt.risk = 0.95
    else:
        prompt.risk = 0.02
    prompt.held_out = bucket(f"{source}:{group}") < HELD_OUT
    return prompt


def _sample(rows: list[Row], limit: int, seed: str) -> list[Row]:
    return sorted(rows, key=lambda row: bucket(str(row.get("id", row["text"])), seed))[:limit]


def plain_sources() -> list[Prompt]:
    """Sources with one label each."""
    found: list[Prompt] = []
    for table in (PLAIN_BENIGN, PLAIN_HARMFUL):
        for name, limit in table.items():
            usable = [row for row in read_set(name) if row.get("language") in ("en", "en_or_other")]
            usable = [row for row in usable if is_latin(row["text"])]
            for row in _sample(usable, limit, "plain"):
                prompt = _from_row(row, name, str(row.get("pair_id", row["id"])))
                if prompt:
                    found.append(prompt)
    return found


def is_latin(text: str) -> bool:
    """Whether nearly all letters are Latin ones."""
    letters = [char for char in text if char.isalpha()]
    return sum(char < "\u0250" for char in letters) >= 0.95 * max(1, len(letters))


def overt() -> list[Prompt]:
    """Text-to-image prompts: benign ones that sound harmful, and harmful ones."""
    found = []
    for row in _sample(read_set("overt_train"), 3400, "overt"):
        prompt = _from_row(row, "overt", str(row["id"]), 0.8)
        if prompt:
            prompt.risk = UNKNOWN if prompt.harm == 0 else 0.9
            found.append(prompt)
    return found


def orbench() -> list[Prompt]:
    """OR-Bench sample: harmless prompts that trip models, with what six models did."""
    found = []
    for row in read_set("orbench80k_sample"):
        if row["language"] != "en":
            continue
        prompt = _from_row(row, "orbench", str(row["pair_id"]), 2.0)
        if prompt is None:
            continue
        votes = [int(vote) for vote in (row.get("refusal_by_model") or {}).values() if vote in (0, 1)]
        prompt.risk = sum(votes) / len(votes) if votes else UNKNOWN
        found.append(prompt)
    return found


def coconot() -> list[Prompt]:
    """CoCoNot: contrast prompts that should be answered, and incomplete or unsupported requests."""
    found, seen = [], set()
    for row in read_set("coconot_pref"):
        text = tidy(row["text"])
        if text in seen:
            continue
        seen.add(text)
        safety = row["category"] == "Requests with safety concerns"
        prompt = _from_row(row, "coconot_pref", text, 1.5 if safety else 0.7)
        if prompt:
            prompt.risk = 0.15 if safety else 0.05
            found.append(prompt)
    for row in _sample(read_set("coconot_train_sample"), 1980, "coconot"):
        prompt = _from_row(row, "coconot_train", str(row["id"]), 0.5)
        if prompt and bucket(prompt.group, "coconot-half") < 0.5:
            prompt.risk = UNKNOWN
            found.append(prompt)
    return found


def chatgpt() -> list[Prompt]:
    """ChatGPT of 2023: what it did with each prompt. Trains the refusal risk only.

    Its Quora questions are left out: 839 of them stand in the published benchmark `chatgpt_quora_hand_labeled`.
    """
    found = []
    for row in read_set("chatgpt_refusals"):
        if str(row["category"]).startswith("quora"):
            continue
        text = tidy(row["text"])
        prompt = Prompt(text, f"chatgpt_refusals/{row['category']}", str(row["id"]), upstream="chatgpt")
        prompt.risk = 0.0 if row["refused"] == 0 else 1.0
        prompt.held_out = row.get("split") == "validation"
        found.append(prompt)
    return found


def labelled_here() -> list[Prompt]:
    """Rows of unlabelled sets that were read and labelled for this project: the repository holds ids and labels only."""
    found: list[Prompt] = []
    for path in sorted(data.LABELS.glob("*.tsv")):
        lines = [line.split("\t") for line in path.read_text().splitlines() if line and line[0] != "#"]
        labels = {line[0]: line[1:] for line in lines}
        for row in read_set(path.stem):
            label, *category = labels.get(str(row["id"]), ("",))
            if label in ("0", "1"):
                named = {"harmful": int(label), "category": category[0] if category else None}
                prompt = _from_row(row | named, path.stem, str(row["id"]))
                if prompt:
                    prompt.risk = 0.9 if label == "1" else UNKNOWN
                    found.append(prompt)
    return found


def authored() -> list[Prompt]:
    """The hand-written harm rows: minimal pairs, split so that neither a pair nor a phrase stands on both sides."""
    found = []
    links: dict[str, str] = {}

    def root(key: str) -> str:
        while links.setdefault(key, key) != key:
            key = links[key]
        return key

    for name, row in data.read_authored():
        if row.get("harmful") is None and "risk" not in row:
            continue
        family = str(row.get("family", name))
        pair = f"{name}:{row.get('pair', '')}"
        prompt = _from_row(row, f"authored/{row.get('type', 'other')}", pair, 1.2)
        if prompt is None and "risk" in row:
            # A loaded question: whether it is harmful is open to debate, whether models answer it is not.
            prompt = Prompt(tidy(row["text"]), "authored/risk", pair)
        if prompt is None:
            continue
        if row.get("phrase"):
            links[root(pair)] = root(f"phrase:{row['phrase']}")
        prompt.pair = pair
        contrast = row.get("type") not in ("plain", "neutral_benign")
        if "risk" in row:
            prompt.risk = float(row["risk"])
        elif row["harmful"] == 0:
            prompt.risk = 0.3 if contrast else 0.02
        prompt.held_out = family in HELD_OUT_FAMILIES
        found.append(prompt)
    for prompt in found:
        prompt.group = root(prompt.pair)
        prompt.held_out |= bucket(f"authored:{prompt.group}") < HELD_OUT
    return found


def load() -> list[Prompt]:
    """Every prompt, duplicates (same text, any case) removed: the first one stands."""
    prompts, seen = [], set()
    for part in (authored(), labelled_here(), orbench(), coconot(), overt(), plain_sources()):
        for prompt in part:
            key = prompt.text.casefold()
            if key not in seen:
                seen.add(key)
                prompts.append(prompt)
    return prompts + chatgpt()


FRAMES = (
    "{}", "{}", "{}", "please {}", "hey, {}", "hi! {}", "I need help: {}", "{} thanks", "ok so {}", "question: {}",
    "can you answer this? {}", "{} Explain step by step.", "{} Please be brief.", "quick one: {}",
)


def vary(text: str, random_: random.Random, words: int = 66) -> str:
    """A surface variant of a prompt: casing, closing mark, a neutral frame, or a window of a long text."""
    parts = text.split()
    if len(parts) > words:
        start = 0 if random_.random() < 0.6 else random_.randrange(len(parts) - words + 1)
        return " ".join(parts[start : start + words])
    if random_.random() < 0.25:
        text = random_.choice(FRAMES).format(text)
    if random_.random() < 0.15 and text and text[-1] in ".?!":
        text = text[:-1]
    return text


def units(prompts: list[Prompt]) -> list[list[Prompt]]:
    """Prompts in units that share a batch: the rows of one minimal pair together, all others alone."""
    pairs: dict[str, list[Prompt]] = defaultdict(list)
    alone = []
    for prompt in prompts:
        if prompt.pair:
            pairs[prompt.pair].append(prompt)
        else:
            alone.append([prompt])
    return alone + list(pairs.values())
