"""The distance test: what is stored gives the distances that were fitted."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("safetensors")

import novelty  # noqa: E402
from safetensors.numpy import load_file  # noqa: E402


def test_distance_survives_the_file(tmp_path):
    """Whitened distances are about the root of the dimension inside, larger outside, and the same after reading."""
    random_ = np.random.default_rng(1)
    inside = random_.normal(size=(2000, 8)) * np.arange(1, 9)
    fitted = novelty.fit(inside, classes=2)
    fitted.save(tmp_path / "novelty.safetensors")
    stored = load_file(str(tmp_path / "novelty.safetensors"))
    again = novelty.Distance(stored["means"].astype(float), stored["whiten"].astype(float))
    assert np.allclose(again.of(inside), fitted.of(inside), atol=1e-3)
    assert np.median(fitted.of(inside)) < 4 < fitted.of(np.full((1, 8), 50.0))[0]
