"""A classifier folder as a program would use it: manifest in, calibrated scores out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import yaml
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from calibrate import sigmoid, softmax
from encoder import CLS, SEP, UNKNOWN
from export import Session
from novelty import Distance, fragmentation

MODELS = Path(__file__).resolve().parent.parent / "models"


@dataclass
class Scores:
    """Calibrated scores of one head over many texts."""

    score: np.ndarray
    probabilities: np.ndarray | None
    threshold: float
    low: float
    high: float
    labels: list[str]
    categories: np.ndarray | None = None

    def kinds(self) -> list[str]:
        """The likeliest label of each text, for a softmax head; complied or refused is what the threshold says."""
        if self.probabilities is None:
            raise ValueError("a sigmoid head has no kinds")
        refused = self.score >= self.threshold
        among = self.probabilities[:, 1:].argmax(axis=-1) + 1
        return [self.labels[index if flag else 0] for index, flag in zip(among, refused, strict=True)]


class Shipped:
    """One classifier folder, run through ONNX Runtime."""

    def __init__(self, folder: Path, model: str = "model.onnx") -> None:
        self.spec: dict[str, Any] = yaml.safe_load((folder / "classifier.yaml").read_text())["spec"]
        self.session = Session(folder, model)
        if "distance" in self.spec.get("novelty", {}):
            stored = load_file(str(folder / "novelty.safetensors"))
            self.distance = Distance(stored["means"], stored["whiten"])

    def outputs(self, texts: Sequence[str]) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Every output for every window, and the number of the text each window belongs to."""
        coded, owner = [], []
        for index, text in enumerate(texts):
            for window in window_ids(self.session.tokens, text, self.spec):
                coded.append(window)
                owner.append(index)
        return self.session.run(coded), np.array(owner)

    def score(self, texts: Sequence[str]) -> dict[str, Scores]:
        """The scores of every head; the harmful-most window of a text decides."""
        outputs, owner = self.outputs(texts)
        found = {}
        for head in self.spec["heads"]:
            logits = outputs[head["output"]]
            setting = head["calibration"]
            probabilities = None
            if head["activation"] == "softmax":
                each = softmax(logits, setting["temperature"])
                score = 1.0 - each[:, 0]
                probabilities = each
            else:
                score = sigmoid(setting["scale"] * logits[:, 0] + setting["bias"])
            best = deciding(score, owner, len(texts))
            found[head["name"]] = Scores(
                score[best],
                probabilities[best] if probabilities is not None else None,
                head["threshold"],
                head["abstain"]["low"],
                head["abstain"]["high"],
                head["labels"],
                outputs[head["category"]["output"]][best].argmax(axis=-1) if "category" in head else None,
            )
        return found

    def novel(self, texts: Sequence[str]) -> np.ndarray:
        """Whether each text is too far from what the classifier was trained on, by any of the manifest's tests."""
        setting = self.spec.get("novelty", {})
        flags = np.zeros(len(texts), dtype=bool)
        if "distance" in setting:
            outputs, owner = self.outputs(texts)
            far = self.distance.of(outputs[setting["distance"]["output"]]) > setting["distance"]["threshold"]
            np.logical_or.at(flags, owner, far)
        tokens = self.session.tokens
        for index, text in enumerate(texts):
            letters = [char for char in text if char.isalpha()]
            foreign = sum(not ("\u0000" <= char < "\u0250" or "\u1e00" <= char < "\u1f00") for char in letters)
            ids = tokens.encode(text, add_special_tokens=False).ids
            flags[index] |= foreign > setting.get("outsideLatin", 1.0) * max(1, len(letters))
            flags[index] |= ids.count(UNKNOWN) > setting.get("unknown", 1.0) * max(1, len(ids))
            flags[index] |= fragmentation(tokens, text) > setting.get("fragmentation", np.inf)
        return flags


def window_ids(tokens: Tokenizer, text: str, spec: dict[str, Any]) -> list[list[int]]:
    """The token windows of one text, as a manifest says: all, or some from the beginning and the end."""
    room, window = int(spec["maxTokens"]) - 2, spec["window"]
    ids = tokens.encode(text, add_special_tokens=False).ids
    starts = window_starts(len(ids), room, room - int(window["overlap"]))
    if window["aggregate"] == "headTail":
        head, tail = int(window["head"]), int(window["tail"])
        wanted = min(len(starts), head + tail)
        starts = starts[:head] + starts[len(starts) - (wanted - head) :] if wanted < len(starts) else starts
    return [[CLS, *ids[start : start + room], SEP] for start in starts]


def window_starts(tokens: int, room: int, step: int) -> list[int]:
    """Where windows begin: every `step` tokens, the last one ending with the text."""
    if tokens <= room:
        return [0]
    return [*range(0, tokens - room, step), tokens - room]


def deciding(score: np.ndarray, owner: np.ndarray, count: int) -> np.ndarray:
    """For each text the index of its window with the highest score."""
    order = np.lexsort((score, owner))
    last = np.searchsorted(owner[order], np.arange(count), side="right") - 1
    return order[last]
