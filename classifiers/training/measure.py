"""Measures: AUROC, rates at a cut, calibration error, coverage. Plain numpy, no training library."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def auroc(labels: ArrayLike, scores: ArrayLike) -> float | None:
    """Area under the ROC curve, ties counted half; None without both labels."""
    truth, values = np.asarray(labels) > 0, np.asarray(scores, dtype=float)
    good, bad = values[~truth], values[truth]
    if len(good) == 0 or len(bad) == 0:
        return None
    order = np.sort(good)
    below = np.searchsorted(order, bad, side="left")
    equal = np.searchsorted(order, bad, side="right") - below
    return float((below + 0.5 * equal).sum() / (len(good) * len(bad)))


def rate(flags: ArrayLike) -> float | None:
    """The share of true values; None of nothing."""
    values = np.asarray(flags, dtype=float)
    return float(values.mean()) if len(values) else None


def at_cut(labels: ArrayLike, scores: ArrayLike, cut: float) -> dict[str, float | None]:
    """Accuracy, true and false positive rate at a cut."""
    truth, flagged = np.asarray(labels) > 0, np.asarray(scores, dtype=float) >= cut
    return {
        "accuracy": rate(truth == flagged),
        "tpr": rate(flagged[truth]),
        "fpr": rate(flagged[~truth]),
    }


def calibration_error(labels: ArrayLike, scores: ArrayLike, bins: int = 15) -> float | None:
    """Expected calibration error of P(positive) over equally wide bins."""
    truth, values = (np.asarray(labels) > 0).astype(float), np.asarray(scores, dtype=float)
    if not len(values):
        return None
    index = np.minimum((values * bins).astype(int), bins - 1)
    error = 0.0
    for number in range(bins):
        inside = index == number
        if inside.any():
            error += inside.mean() * abs(truth[inside].mean() - values[inside].mean())
    return float(error)


def macro_f1(labels: list[str], guesses: list[str], names: list[str]) -> float:
    """Mean F1 over `names`; a guess outside `names` is simply wrong."""
    found = []
    for name in names:
        hit = sum(a == name and b == name for a, b in zip(labels, guesses, strict=True))
        wrong = sum(a != name and b == name for a, b in zip(labels, guesses, strict=True))
        missed = sum(a == name and b != name for a, b in zip(labels, guesses, strict=True))
        found.append(2 * hit / max(1, 2 * hit + wrong + missed))
    return float(np.mean(found))


def selective(labels: ArrayLike, scores: ArrayLike, cut: float, keep: float) -> tuple[float, float]:
    """Error over all rows, and over the share `keep` of rows whose score lies farthest from the cut (in logits)."""
    truth, values = np.asarray(labels) > 0, np.clip(np.asarray(scores, dtype=float), 1e-6, 1 - 1e-6)
    wrong = truth != (values >= cut)
    distance = np.abs(np.log(values / (1 - values)) - np.log(cut / (1 - cut)))
    kept = np.argsort(-distance, kind="stable")[: max(1, int(round(keep * len(values))))]
    return float(wrong.mean()), float(wrong[kept].mean())
