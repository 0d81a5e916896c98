"""What a user could write in an afternoon, measured on the same table: a keyword list, and TF-IDF with logistic regression.

    python baselines.py [--format table|json]

TF-IDF is trained on the same rows as the shipped classifiers.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Sequence

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import evaluate
import prompts
import responses
from shipped import Scores

HARMFUL_WORDS = (
    "kill murder bomb explosive weapon gun shoot stab poison attack hack malware virus ransomware phishing exploit steal "
    "rob theft fraud scam launder counterfeit forge fake drug meth cocaine heroin suicide self-harm rape porn nude sexual "
    "child abuse torture kidnap terrorist terrorism hate racist racial slur nazi jews muslims blackmail bully harass stalk "
    "spy password credit card social security address illegal illegally crime smuggle bribe cheat destroy hurt harm die "
    "dead death blood fire burn break into without permission"
).split()
REFUSAL_PHRASES = (
    "i'm sorry", "i am sorry", "i apologize", "i cannot", "i can't", "i can not", "i'm unable", "i am unable", "unable to",
    "i'm not able", "i am not able", "as an ai", "as a language model", "not appropriate", "it is not ethical", "unethical",
    "illegal", "i must decline", "i won't", "i will not", "i do not have access", "i don't have access", "against my",
    "i'm just an ai", "cannot assist", "can't assist", "cannot provide", "can't help with", "cannot fulfill",
)


def _plain(scores: np.ndarray, cut: float, probabilities: np.ndarray | None = None) -> Scores:
    return Scores(scores, probabilities, cut, cut, cut, responses.KINDS)


def keyword_prompts(texts: Sequence[str]) -> dict[str, Scores]:
    """Harmful, and likely refused, when a listed word occurs; more words, a higher score."""
    pattern = re.compile(r"\b(" + "|".join(map(re.escape, HARMFUL_WORDS)) + r")", re.I)
    counts = np.array([len(pattern.findall(text)) for text in texts], dtype=float)
    scores = _plain(counts / (counts + 1), 0.5)
    return {"harm": scores, "refusal-risk": scores}


def keyword_responses(texts: Sequence[str]) -> Scores:
    """Refused when a listed phrase occurs; always called ethical."""
    lowered = [text.lower().replace("’", "'") for text in texts]
    counts = np.array([sum(phrase in text for phrase in REFUSAL_PHRASES) for text in lowered], dtype=float)
    score = counts / (counts + 1)
    probabilities = np.zeros((len(texts), len(responses.KINDS)))
    probabilities[:, 0], probabilities[:, 1] = 1 - score, score
    return _plain(score, 0.5, probabilities)


class Bag:
    """Word 1-2-grams and character 3-4-grams, TF-IDF, logistic regression."""

    def __init__(self) -> None:
        self.words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, max_features=60_000)
        self.chars = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 4), sublinear_tf=True, min_df=3, max_features=60_000)
        self.model = LogisticRegression(C=10, max_iter=60)

    def fit(self, texts: Sequence[str], labels: Sequence[int]) -> Bag:
        """Learns from texts and labels."""
        features = hstack([self.words.fit_transform(texts), self.chars.fit_transform(texts)]).tocsr()
        self.model.fit(features, labels)
        return self

    def chances(self, texts: Sequence[str]) -> np.ndarray:
        """The probability of each class."""
        return self.model.predict_proba(hstack([self.words.transform(texts), self.chars.transform(texts)]).tocsr())


def table_of(name: str) -> evaluate.Table:
    """The table of targets for one baseline."""
    table = evaluate.Table()
    if name == "keywords":
        evaluate.prompts(table, keyword_prompts)
        evaluate.responses(table, keyword_responses)
        return table
    rows = [row for row in prompts.load() if not row.held_out]
    harm = Bag().fit([row.text for row in rows if row.harm >= 0], [int(row.harm) for row in rows if row.harm >= 0])
    known = [row for row in rows if row.upstream == "chatgpt"]
    risk = Bag().fit([row.text for row in known], [int(row.risk) for row in known])

    def judge(texts: Sequence[str]) -> dict[str, Scores]:
        return {"harm": _plain(harm.chances(texts)[:, 1], 0.5), "refusal-risk": _plain(risk.chances(texts)[:, 1], 0.5)}

    evaluate.prompts(table, judge)
    answers = [row for row in responses.load() if not row.held_out]
    kinds = Bag().fit([row.text for row in answers], [row.kind for row in answers])

    def judge_answers(texts: Sequence[str]) -> Scores:
        chances = kinds.chances(texts)
        return _plain(1 - chances[:, 0], 0.5, chances)

    evaluate.responses(table, judge_answers)
    return table


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measures the baselines.")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    options = parser.parse_args()
    tables = {name: table_of(name) for name in ("keywords", "tfidf")}
    if options.format == "json":
        json.dump({name: [vars(line) for line in table.lines] for name, table in tables.items()}, sys.stdout, indent=2)
    else:
        for name, table in tables.items():
            print(f"## {name}\n\n{evaluate.render(table)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
