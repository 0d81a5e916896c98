"""The measures, against figures worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

import calibrate
import evaluate
import measure


def test_auroc():
    """Ties count half; one label alone has none."""
    assert measure.auroc([0, 1], [0.1, 0.9]) == 1.0
    assert measure.auroc([0, 0, 1, 1], [0.1, 0.5, 0.5, 0.9]) == pytest.approx(0.875)
    assert measure.auroc([1, 1], [0.1, 0.9]) is None


def test_rates_and_f1():
    """Rates at a cut, and F1 where a guess outside the names is wrong."""
    found = measure.at_cut([1, 1, 0, 0], [0.9, 0.2, 0.6, 0.1], 0.5)
    assert found == {"accuracy": 0.5, "tpr": 0.5, "fpr": 0.5}
    assert measure.macro_f1(["a", "b"], ["a", "c"], ["a", "b"]) == 0.5


def test_calibration_error():
    """Perfect probabilities have none."""
    assert measure.calibration_error([0, 1], [0.0, 1.0]) == 0.0
    assert measure.calibration_error([0, 0], [1.0, 1.0]) == 1.0


def test_platt_recovers_scale_and_bias():
    """Labels drawn from scaled logits give back the scale."""
    random_ = np.random.default_rng(1)
    logits = random_.normal(0, 3, 6000)
    labels = (random_.random(6000) < calibrate.sigmoid(0.5 * logits - 1)).astype(float)
    scale, bias = calibrate.platt(logits, labels)
    assert scale == pytest.approx(0.5, abs=0.05) and bias == pytest.approx(-1, abs=0.1)


def test_band_leaves_the_stated_coverage():
    """A tenth of the rows fall into the band, nearest to the cut."""
    scores = np.linspace(0.01, 0.99, 1000)
    cut = calibrate.band(scores, 0.5, 0.9)
    inside = ((scores > cut.low) & (scores < cut.high)).mean()
    assert inside == pytest.approx(0.1, abs=0.01)


def test_words_left_out():
    """Each content word once, wherever it stands; function words are not tried."""
    assert evaluate.without_words("How do I kill a Python process? Kill it!")[0] == ("kill", "How do I a Python process? it!")
