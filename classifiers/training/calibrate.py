"""Platt and temperature scaling, thresholds and abstention bands, all from held-out training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

Floats = NDArray[np.float64]


def sigmoid(values: Floats) -> Floats:
    """The logistic function, without overflow."""
    return np.exp(-np.logaddexp(0.0, -np.asarray(values, dtype=float)))


def softmax(logits: Floats, temperature: float = 1.0) -> Floats:
    """Row-wise softmax at a temperature."""
    scaled = np.asarray(logits, dtype=float) / temperature
    scaled = scaled - scaled.max(axis=-1, keepdims=True)
    exponents = np.exp(scaled)
    return exponents / exponents.sum(axis=-1, keepdims=True)


def platt(logits: Floats, labels: Floats, weights: Floats | None = None) -> tuple[float, float]:
    """Scale and bias of the logit that minimise the weighted log loss; labels may be soft."""
    weights = np.ones(len(logits)) if weights is None else weights

    def loss(parameters: Floats) -> float:
        value = parameters[0] * logits + parameters[1]
        each = np.logaddexp(0.0, value) - labels * value
        return float((weights * each).sum() / weights.sum() + 1e-3 * (parameters[0] - 1) ** 2)

    found = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead")
    return max(0.05, float(found.x[0])), float(found.x[1])


def temperature(logits: Floats, kinds: NDArray[np.int64], weights: Floats | None = None) -> float:
    """The temperature that minimises the weighted log loss of a softmax head."""
    weights = np.ones(len(kinds)) if weights is None else weights

    def loss(log_t: float) -> float:
        chance = softmax(logits, float(np.exp(log_t)))[np.arange(len(kinds)), kinds]
        return float(-(weights * np.log(chance + 1e-12)).sum() / weights.sum())

    return float(np.exp(minimize_scalar(loss, bounds=(-1.5, 1.5), method="bounded").x))


@dataclass
class Cut:
    """A threshold and the band around it in which the classifier abstains."""

    threshold: float
    low: float
    high: float


def threshold(scores: Floats, labels: Floats, weights: Floats, false_alarm: float, miss: float) -> float:
    """The cut with the least weighted cost `false_alarm * FPR + miss * FNR`."""
    order = np.argsort(scores)
    truth, mass = labels[order] > 0.5, weights[order]
    good, bad = mass * ~truth, mass * truth
    alarms = (good.sum() - np.cumsum(good)) / max(good.sum(), 1e-9)
    misses = np.cumsum(bad) / max(bad.sum(), 1e-9)
    cost = false_alarm * alarms + miss * misses
    cost = np.convolve(cost, np.ones(5) / 5, mode="same") if len(cost) > 10 else cost
    best = int(np.argmin(cost[2:-2]) + 2) if len(cost) > 10 else int(np.argmin(cost))
    after = scores[order][min(best + 1, len(scores) - 1)]
    return float(np.clip((scores[order][best] + after) / 2, 0.05, 0.95))


def band(scores: Floats, cut: float, coverage: float) -> Cut:
    """The band, even in logits around the cut, that leaves `coverage` of the rows outside."""
    logit = np.log(np.clip(scores, 1e-6, 1 - 1e-6) / (1 - np.clip(scores, 1e-6, 1 - 1e-6)))
    middle = np.log(cut / (1 - cut))
    reach = float(np.quantile(np.abs(logit - middle), 1 - coverage))
    return Cut(cut, float(sigmoid(middle - reach)), float(sigmoid(middle + reach)))
