"""Trains both classifiers from a seed, exports, calibrates, and writes their folders.

    python train.py [--only prompt|response] [--out DIR] [--work DIR] [--seed N] [--every N]

Third-party data are read from `$DEMUR_DATA` (default: ../shared/data beside the repository), hand-written data from
`authored/`. Under two hours on two processor cores. Figures and cards: `evaluate.py`, `card.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import torch

import finish
import prompt_model
import prompts
import response_model
import responses
from fit import Plan
from rows import data_dir
from shipped import MODELS

PROMPT = Plan(epochs=4, limit=80, rate=1e-4, later=0.7, freeze_embeddings=False)
RESPONSE = Plan(epochs=3, limit=96, rate=1e-4, freeze_embeddings=False)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Trains the classifiers.")
    parser.add_argument("--only", choices=("prompt", "response"))
    parser.add_argument("--out", type=Path, default=MODELS)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / ".work", help="float graphs and checkpoints")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="every n-th row only: to try the way through, not to ship")
    options = parser.parse_args()
    if not (data_dir() / "train").is_dir():
        print(f"no training data at {data_dir() / 'train'}; set DEMUR_DATA", file=sys.stderr)
        return 2
    options.work.mkdir(parents=True, exist_ok=True)
    for name in ("prompt", "response"):
        if options.only in (None, name):
            started = time.time()
            held = train_prompt(options) if name == "prompt" else train_response(options)
            held["seconds"] = round(time.time() - started)
            (options.work / f"{name}.json").write_text(json.dumps(held, indent=2))
            print(f"{name}: {json.dumps(held)}")
    return 0


def train_prompt(options: argparse.Namespace) -> dict:
    """The prompt classifier."""
    everything = prompts.load()[:: options.every]
    model, _ = prompt_model.fit(replace(PROMPT, seed=options.seed), everything)
    torch.save(model.state_dict(), options.work / "prompt.pt")
    return finish.prompt(model, everything, options.out / "prompt", options.work / "prompt" / "float.onnx")


def train_response(options: argparse.Namespace) -> dict:
    """The response classifier."""
    everything = responses.load()[:: options.every]
    model = response_model.fit(replace(RESPONSE, seed=options.seed), everything)
    torch.save(model.state_dict(), options.work / "response.pt")
    return finish.response(model, everything, options.out / "response", options.work / "response" / "float.onnx")


if __name__ == "__main__":
    sys.exit(main())
