"""Writes the model cards: the prose of `cards/`, the data of the manifests, and every figure measured anew.

    python card.py [--models DIR] [--work DIR]

`--work` is the work folder of `train.py`: with it the cards also show the held-out rows. Columns are kept there as JSON
(`shipped.json`, `float32.json`, `keywords.json`, `tfidf.json`, as `evaluate.py --format json` writes them) and measured where
they are missing: delete a file to measure it anew.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

import baselines
import evaluate
from shipped import MODELS

HERE = Path(__file__).resolve().parent
# Figures of the prompt card start with one of these; the rest belongs to the response card.
RESPONSE_FIGURES = ("XSTest responses", "First 20", "chatgpt-refusals", "Do-Not-Answer", "PolyRefuse")


def _values(table: evaluate.Table) -> dict[str, float | None]:
    return {line.name: line.value for line in table.lines}


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def figures(name: str, shipped: evaluate.Table, columns: dict[str, dict[str, float | None]]) -> str:
    """The table of one card: shipped, before quantising, baselines, targets."""
    head = ["figure", "n", "shipped", *columns, "must", "aim"]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for line in shipped.lines:
        if line.name.startswith(RESPONSE_FIGURES) != (name == "response"):
            continue
        bounds = ["" if bound is None else f"{bound:g}" for bound in (line.must, line.aim)]
        cells = [line.name, str(line.rows or ""), _cell(line.value)]
        cells += [_cell(column.get(line.name)) for column in columns.values()]
        lines.append("| " + " | ".join(cells + bounds) + " |")
    return "\n".join(lines)


def data(spec: dict[str, Any]) -> str:
    """The training data of a manifest as a table."""
    lines = ["| source | licence | rows |", "|---|---|---:|"]
    lines += [f"| {entry['name']} | {entry['licence']} | {entry['rows']} |" for entry in spec["data"]]
    return "\n".join(lines)


def settings(spec: dict[str, Any]) -> str:
    """Calibration, threshold and band of each head."""
    lines = ["| head | calibration | threshold | abstains between |", "|---|---|---:|---|"]
    for head in spec["heads"]:
        calibration = ", ".join(f"{key} {value}" for key, value in head["calibration"].items())
        lines.append(f"| {head['name']} | {calibration} | {head['threshold']} | {head['abstain']['low']} and {head['abstain']['high']} |")
    return "\n".join(lines)


def kept(work: Path, name: str, measure: Callable[[], evaluate.Table]) -> evaluate.Table:
    """A column from the work folder, else measured and kept there."""
    path = work / f"{name}.json"
    if path.is_file():
        stored = json.loads(path.read_text())
        return evaluate.Table([evaluate.Line(**line) for line in stored["lines"]], stored["absent"])
    table = measure()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"lines": [vars(line) for line in table.lines], "absent": table.absent}))
    return table


def write(models: Path, work: Path, leave_out: Sequence[str]) -> None:
    """Measures and writes both cards."""
    shipped = kept(work, "shipped", lambda: evaluate.measure_shipped(models))
    wanted: dict[str, tuple[str, Callable[[], evaluate.Table]]] = {
        "float32": ("float32", lambda: evaluate.measure_shipped(models, work)),
        "keywords": ("keyword list", lambda: baselines.table_of("keywords")),
        "tfidf": ("TF-IDF + LR", lambda: baselines.table_of("tfidf")),
    }
    columns = {
        title: _values(kept(work, name, measure)) for name, (title, measure) in wanted.items() if name not in leave_out
    }
    for name in ("prompt", "response"):
        manifest = yaml.safe_load((models / name / "classifier.yaml").read_text())
        held = work / f"{name}.json"
        text = (HERE / "cards" / f"{name}.md").read_text()
        parts = {
            "version": manifest["metadata"]["version"],
            "figures": figures(name, shipped, columns),
            "data": data(manifest["spec"]),
            "settings": settings(manifest["spec"]),
            "held": held.read_text() if held.is_file() else "not kept",
        }
        for key, value in parts.items():
            text = text.replace("{{" + key + "}}", value)
        (models / name / "CARD.md").write_text(text)
    if shipped.absent:
        print(f"absent, so not in the cards: {', '.join(sorted(set(shipped.absent)))}", file=sys.stderr)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Writes the model cards.")
    parser.add_argument("--models", type=Path, default=MODELS)
    parser.add_argument("--work", type=Path, default=HERE / ".work")
    parser.add_argument("--leave-out", nargs="*", default=[], choices=("float32", "keywords", "tfidf"), help="columns")
    options = parser.parse_args()
    write(options.models, options.work, options.leave_out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
