"""The distance test: how far a text lies from what the classifier was trained on.

Means of clusters of the training embeddings, and a whitening of what is left: the distance of a text is its
smallest Mahalanobis distance to a mean. The threshold keeps a stated share of held-out prompts.
The embedding is the mean state of a middle layer: in the last one, trained to tell harm, a Dutch prompt lies among the
English ones (none found there; in the third layer nearly all).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from sklearn.cluster import KMeans

Floats = NDArray[np.float64]


@dataclass
class Distance:
    """Means [classes, dim] and a whitening map [rank, dim]."""

    means: Floats
    whiten: Floats

    def of(self, embeddings: Floats) -> Floats:
        """The distance of each embedding."""
        points = embeddings @ self.whiten.T
        centres = self.means @ self.whiten.T
        squares = (points**2).sum(1)[:, None] + (centres**2).sum(1)[None] - 2 * points @ centres.T
        return np.sqrt(np.maximum(squares, 0).min(axis=1))

    def save(self, path: Path) -> None:
        """Writes `novelty.safetensors`."""
        # The format stores raw memory: a transposed view would come back as its transpose.
        tensors = {"means": self.means, "whiten": self.whiten}
        save_file({name: np.ascontiguousarray(value, dtype=np.float32) for name, value in tensors.items()}, str(path))


def fit(embeddings: Floats, classes: int = 16, seed: int = 1) -> Distance:
    """Clusters the embeddings, then whitens the scatter that is left inside the clusters."""
    found = KMeans(classes, n_init=2, random_state=seed).fit(embeddings)
    inside = embeddings - found.cluster_centers_[found.labels_]
    values, vectors = np.linalg.eigh(inside.T @ inside / len(inside))
    values = np.maximum(values, 1e-4 * values.max())
    return Distance(found.cluster_centers_, (vectors / np.sqrt(values)).T)


def fragmentation(tokenizer, text: str) -> float:
    """Mean tokens in a word of the tokenizer; 0 for fewer than 12 tokens."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    if len(encoding.ids) < 12:
        return 0.0
    return len(encoding.ids) / max(1, len({word for word in encoding.word_ids if word is not None}))
