"""From a trained model to a classifier folder: export, quantise, calibrate on held-out rows, write the manifest."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Sequence

import numpy as np

import calibrate
import export
import measure
import novelty
from encoder import Judge
from prompts import Prompt
from responses import KINDS, Response, first_words
from rows import bucket, categories, data_sources
from shipped import deciding, window_ids

VERSION = "0.1.0"
COVERAGE = 0.9  # the abstention band leaves this share of the held-out rows decided
PROMPT_TOKENS, OVERLAP = 96, 24
RESPONSE_TOKENS = 96
PROMPT_OUTPUTS = {"harm": "harm_logits", "category": "category_logits", "risk": "risk_logits"}
EMBEDDING = "middle_embedding"
FAMILIAR = 0.985  # the share of held-out English prompts that the distance test must keep


def _export(model: Judge, names: list[str], folder: Path, float_graph: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    float_graph.parent.mkdir(parents=True, exist_ok=True)
    export.write_graph(model, names, float_graph)
    export.quantise(float_graph, folder / "model.onnx")
    found = export.check_graph(folder / "model.onnx")
    if found != names:
        raise RuntimeError(f"the graph has outputs {found}, expected {names}")
    export.write_tokenizer(folder / "tokenizer.json")


def _balance(labels: np.ndarray) -> np.ndarray:
    """Weights that give both labels the same mass."""
    share = labels.mean()
    return np.where(labels > 0.5, 0.5 / max(share, 1e-6), 0.5 / max(1 - share, 1e-6))


def _data(counts: Counter[str]) -> list[dict[str, Any]]:
    known = data_sources()
    return [{"name": name, "licence": known.get(name, "see the card"), "rows": rows} for name, rows in sorted(counts.items())]


def _sigmoid_head(
    name: str, output: str, label: str, logits: np.ndarray, labels: np.ndarray
) -> tuple[dict[str, Any], dict[str, Any]]:
    weights = _balance(labels) if name == "harm" else np.ones(len(labels))
    scale, bias = calibrate.platt(logits, labels, weights)
    scores = calibrate.sigmoid(scale * logits + bias)
    cut = calibrate.threshold(scores, labels, weights, 1.0, 1.0) if name == "harm" else 0.5
    band = calibrate.band(scores, cut, COVERAGE)
    rates = measure.at_cut(labels > 0.5, scores, cut)
    head = {
        "name": name,
        "output": output,
        "activation": "sigmoid",
        "labels": [label],
        "calibration": {"method": "platt", "scale": round(scale, 5), "bias": round(bias, 5)},
        "threshold": round(cut, 4),
        "abstain": {"low": round(band.low, 4), "high": round(band.high, 4)},
    }
    held = {"rows": len(labels), "auroc": measure.auroc(labels > 0.5, scores), **rates}
    held["ece"] = measure.calibration_error(labels > 0.5, scores)
    return head, held


def _deciding_outputs(session: export.Session, spec: dict[str, Any], texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Every output at the window that decides a text: the one whose first head is highest."""
    coded, owner = [], []
    for index, text in enumerate(texts):
        found = window_ids(session.tokens, text, spec)
        coded.extend(found)
        owner.extend([index] * len(found))
    outputs = session.run(coded)
    first = outputs[spec["heads"][0]["output"]]
    value = first[:, 0] if first.shape[1] == 1 else np.logaddexp.reduce(first[:, 1:], axis=1) - first[:, 0]
    best = deciding(value, np.array(owner), len(texts))
    return {name: values[best].astype(float) for name, values in outputs.items()}


def prompt(model: Judge, everything: list[Prompt], folder: Path, float_graph: Path) -> dict[str, Any]:
    """Writes the prompt classifier; returns what the held-out rows show."""
    names = [PROMPT_OUTPUTS[name] for name in model.heads] + [EMBEDDING]
    _export(model, names, folder, float_graph)
    session = export.Session(folder)
    spec: dict[str, Any] = {
        "maxTokens": PROMPT_TOKENS,
        "window": {"overlap": OVERLAP, "aggregate": "max"},
        "heads": [{"output": "harm_logits"}],
    }
    held = [example for example in everything if example.held_out]
    outputs = _deciding_outputs(session, spec, [example.text for example in held])
    harm = np.array([example.harm for example in held])
    known = harm >= 0
    head, harm_held = _sigmoid_head("harm", "harm_logits", "harmful", outputs["harm_logits"][known, 0], harm[known])
    head["category"] = {"output": "category_logits", "labels": categories()}
    # Only where models really answered: ChatGPT of 2023, and the share of six small models that refused.
    observed = ("chatgpt_refusals", "orbench")
    seen = np.array([example.source.startswith(observed) and example.risk >= 0 for example in held])
    risk = np.array([example.risk for example in held])
    risk_head, risk_held = _sigmoid_head(
        "refusal-risk", "risk_logits", "refused", outputs["risk_logits"][seen, 0], risk[seen]
    )
    spec["heads"] = [head, risk_head]
    spec["novelty"] = _novelty(session, spec, everything, held, outputs[EMBEDDING], folder)
    spec["data"] = _data(Counter(example.source.split("/")[0] for example in everything if not example.held_out))
    export.write_manifest(folder, spec, "prompt", VERSION, "harm, its category, and the risk of a refusal, from the prompt")
    return {"harm": harm_held, "refusal-risk": risk_held}


def _novelty(
    session: export.Session,
    spec: dict[str, Any],
    everything: list[Prompt],
    held: list[Prompt],
    embeddings: np.ndarray,
    folder: Path,
) -> dict[str, Any]:
    """The novelty tests: distance, words in pieces, other scripts, unknown and hidden characters."""
    seen = [example.text for example in everything if not example.held_out and example.harm >= 0]
    seen = sorted(seen, key=lambda text: bucket(text, "novelty"))[:3000]
    distance = novelty.fit(_deciding_outputs(session, spec, seen)[EMBEDDING])
    distance.save(folder / "novelty.safetensors")
    pieces = np.array([novelty.fragmentation(session.tokens, example.text) for example in held])
    return {
        "outsideLatin": 0.3,
        "unknown": 0.2,
        "hidden": 0.1,
        "fragmentation": round(max(1.45, float(np.quantile(pieces, 0.99))), 3),
        "distance": {
            "output": EMBEDDING,
            "file": {"path": "novelty.safetensors", "sha256": export.digest(folder / "novelty.safetensors")},
            "threshold": round(float(np.quantile(distance.of(embeddings), FAMILIAR)), 3),
        },
    }


def response(model: Judge, everything: list[Response], folder: Path, float_graph: Path) -> dict[str, Any]:
    """Writes the response classifier; returns what the held-out rows show."""
    _export(model, ["refusal_logits", EMBEDDING], folder, float_graph)
    session = export.Session(folder)
    spec: dict[str, Any] = {
        "maxTokens": RESPONSE_TOKENS,
        "window": {"overlap": OVERLAP, "aggregate": "headTail", "head": 1, "tail": 1},
        "heads": [{"output": "refusal_logits"}],
    }
    held = [example for example in everything if example.held_out and example.language == "en"]
    texts = [example.text for example in held] + [first_words(example.text, 25) for example in held]
    logits = _deciding_outputs(session, spec, texts)["refusal_logits"]
    kinds = np.array([example.kind for example in held] * 2)
    counts = Counter(example.source for example in held)
    weights = np.array([1.0 / counts[example.source] ** 0.5 for example in held] * 2)
    heat = calibrate.temperature(logits, kinds, weights)
    scores = 1 - calibrate.softmax(logits, heat)[:, 0]
    refused = (kinds > 0).astype(float)
    whole = slice(0, len(held))
    cut = calibrate.threshold(scores[whole], refused[whole], (weights * _balance(refused))[whole], 1.0, 1.0)
    band = calibrate.band(scores[whole], cut, COVERAGE)
    head = {
        "name": "refusal",
        "output": "refusal_logits",
        "activation": "softmax",
        "labels": KINDS,
        "calibration": {"method": "temperature", "temperature": round(heat, 5)},
        "threshold": round(cut, 4),
        "abstain": {"low": round(band.low, 4), "high": round(band.high, 4)},
    }
    spec["heads"] = [head]
    spec["novelty"] = {"unknown": 0.3, "hidden": 0.1}
    spec["data"] = _data(Counter(example.source for example in everything if not example.held_out))
    export.write_manifest(folder, spec, "response", VERSION, "what kind of answer a text is: complied, or refused and why")
    return {
        "rows": len(held),
        "auroc": measure.auroc(refused[whole], scores[whole]),
        **measure.at_cut(refused[whole], scores[whole], cut),
        "macro_f1": measure.macro_f1(*_kind_names(scores, logits, kinds, whole, cut), KINDS),
    }


def _kind_names(
    scores: np.ndarray, logits: np.ndarray, kinds: np.ndarray, rows: slice, cut: float
) -> tuple[list[str], list[str]]:
    among = logits[rows, 1:].argmax(axis=1) + 1
    guesses = [KINDS[index if score >= cut else 0] for index, score in zip(among, scores[rows], strict=True)]
    return [KINDS[kind] for kind in kinds[rows]], guesses
