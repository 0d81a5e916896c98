"""Makes a Latent Guard classifier from a causal language model: hidden states, centroids, manifest, card.

    python latent_guard.py --model NAME_OR_FOLDER --out ../models/my-probe [--prompts FILE.jsonl] [--layers 6]

One forward pass reads two beliefs of the probe model: whether the prompt is harmful, from the hidden state at the last
token of the user's text (`t_inst`), and whether it would refuse, from the state at the last token of the whole prompt
(`t_post`). The score of a prompt is the mean over the chosen layers of `cos(h, positive) - cos(h, negative)`. It measures
the *probe model's* belief, never the upstream's.

The graph is cut after the last layer that is used. Layers are chosen by the lowest cosine between the two class means.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import onnxruntime
import torch
import yaml
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from torch import Tensor, nn

from calibrate import platt
from export import digest
from measure import auroc
from rows import bucket, read_lines, read_set

MARK = "\u241fTEXT\u241f"
REFUSALS = ("i'm sorry", "i am sorry", "i cannot", "i can't", "i can’t", "i'm not able", "i am unable", "as an ai", "sorry,")


@dataclass
class Template:
    """What stands before and after the user's text."""

    before: str
    after: str


@dataclass
class Row:
    """One prompt as token ids, with the places of its two readings."""

    ids: list[int]
    inst: int
    post: int


def template_of(tokenizer: Any) -> Template:
    """The chat template of a tokenizer, split at the user's text; empty where it has none."""
    if not getattr(tokenizer, "chat_template", None):
        return Template(tokenizer.bos_token or "", "")
    whole = tokenizer.apply_chat_template([{"role": "user", "content": MARK}], tokenize=False, add_generation_prompt=True)
    before, after = whole.split(MARK)
    return Template(before, after)


def encode(tokens: Tokenizer, template: Template, text: str, limit: int) -> Row:
    """Token ids of before, text and after, each tokenised alone; the text is cut at `limit` tokens in all."""
    before = tokens.encode(template.before, add_special_tokens=False).ids if template.before else []
    after = tokens.encode(template.after, add_special_tokens=False).ids if template.after else []
    body = tokens.encode(text, add_special_tokens=False).ids[: max(1, limit - len(before) - len(after))]
    ids = [*before, *body, *after]
    return Row(ids, len(before) + len(body) - 1, len(ids) - 1)


def batch_of(rows: Sequence[Row]) -> dict[str, Tensor]:
    """The inputs of the graph for some rows, padded on the right."""
    width = max(len(row.ids) for row in rows)
    ids = torch.zeros((len(rows), width), dtype=torch.long)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = torch.tensor(row.ids)
        mask[index, : len(row.ids)] = 1
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "t_inst": torch.tensor([row.inst for row in rows]),
        "t_post": torch.tensor([row.post for row in rows]),
    }


class Probe(nn.Module):
    """The lower part of a causal language model, and the states of some layers at two places.

    State 0 is what enters the first layer, state `n` what leaves the `n`-th, before any final norm.
    """

    def __init__(self, model: nn.Module, layers: Sequence[int]) -> None:
        super().__init__()
        self.body = model.model
        self.body.layers = self.body.layers[: max(max(layers), 1)]
        self.body.norm = nn.Identity()
        self.body.config.num_hidden_layers = len(self.body.layers)
        self.layers = list(layers)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, t_inst: Tensor, t_post: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states [batch, layers, dim] at the two places."""
        found = self.body(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True, use_cache=False
        ).hidden_states
        states = torch.stack([found[layer] for layer in self.layers], dim=1)
        places = [
            index.view(-1, 1, 1, 1).expand(-1, states.shape[1], 1, states.shape[3]) for index in (t_inst, t_post)
        ]
        inst, post = (states.gather(2, place).squeeze(2).float() for place in places)
        return inst, post


@torch.no_grad()
def states_of(probe: Probe, rows: Sequence[Row], batch: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """The states of all rows, in their order."""
    parts = [probe(**batch_of(rows[start : start + batch])) for start in range(0, len(rows), batch)]
    inst, post = (torch.cat(column).numpy() for column in zip(*parts, strict=True))
    return inst, post


def cosines(states: np.ndarray, centroid: np.ndarray) -> np.ndarray:
    """Cosine of each row and layer with the centroid of its layer."""
    norms = np.linalg.norm(states, axis=-1) * np.linalg.norm(centroid, axis=-1)
    return (states * centroid).sum(axis=-1) / np.maximum(norms, 1e-12)


def score(states: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> np.ndarray:
    """The Latent Guard score of each row."""
    return (cosines(states, positive) - cosines(states, negative)).mean(axis=-1)


def choose_layers(states: np.ndarray, labels: np.ndarray, count: int) -> list[int]:
    """The layers whose class means have the lowest cosine; never the embeddings (state 0)."""
    means = [states[labels == value].mean(axis=0) for value in (0, 1)]
    likeness = cosines(means[0], means[1])
    likeness[0] = np.inf
    return sorted(int(layer) for layer in np.argsort(likeness)[:count])


@torch.no_grad()
def refuses(model: nn.Module, tokenizer: Any, rows: Sequence[Row], tokens: int = 12) -> np.ndarray:
    """Whether the model itself begins a refusal, by greedy generation and a list of openings."""
    flags = []
    for row in rows:
        ids = torch.tensor([row.ids])
        made = model.generate(
            input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, do_sample=False, pad_token_id=0
        )
        text = tokenizer.decode(made[0, len(row.ids) :], skip_special_tokens=True).strip().lower()
        flags.append(any(text.startswith(opening) for opening in REFUSALS))
    return np.array(flags, dtype=int)


def write_graph(probe: Probe, rows: Sequence[Row], path: Path) -> list[Path]:
    """Exports the probe; returns the files with weights beside the graph, if it is too large for one file."""
    names = ["input_ids", "attention_mask", "t_inst", "t_post"]
    inputs = batch_of(rows)
    batch, length = torch.export.Dim("batch", min=1, max=1024), torch.export.Dim("length", min=2, max=8192)
    both = {0: batch, 1: length}
    program = torch.onnx.export(
        probe.float().eval(),
        tuple(inputs[name] for name in names),
        dynamo=True,
        input_names=names,
        output_names=["h_inst", "h_post"],
        dynamic_shapes=(both, both, {0: batch}, {0: batch}),
        opset_version=18,
        verbose=False,
    )
    assert program is not None
    large = sum(parameter.numel() * 4 for parameter in probe.parameters()) > 1_800_000_000
    program.save(str(path), external_data=large)
    return [path.with_name(path.name + ".data")] if large else []


def labelled(file: Path | None, limit: int) -> tuple[list[str], np.ndarray]:
    """Labelled prompts, as many harmful as harmless: a file of the user's own, else the training rows of this project."""
    if file:
        found = [(row["text"], int(row["harmful"])) for row in read_lines(file) if row.get("harmful") in (0, 1)]
    else:
        names = ("advbench", "catqa_en", "dangerousqa", "orbench80k_sample", "self_instruct", "coconot_pref")
        found = [
            (row["text"], int(row["harmful"]))
            for name in names
            for row in read_set(name)
            if row.get("language") == "en" and row.get("harmful") in (0, 1)
        ]
    found = sorted(set(found), key=lambda pair: bucket(pair[0], "latent"))
    kept = [pair for label in (0, 1) for pair in [row for row in found if row[1] == label][: limit // 2]]
    return [text for text, _ in kept], np.array([label for _, label in kept])


def head(name: str, at: str, pair: tuple[str, str], label: str, scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """One head of the manifest, calibrated on rows that shaped no centroid."""
    scale, bias = platt(scores * 20, labels.astype(float))
    return {
        "name": name,
        "at": at,
        "positive": pair[0],
        "negative": pair[1],
        "labels": [label],
        "calibration": {"method": "platt", "scale": round(scale * 20, 4), "bias": round(bias, 4)},
        "threshold": 0.5,
    }


def build(model: nn.Module, tokenizer: Any, out: Path, texts: list[str], labels: np.ndarray, options: argparse.Namespace) -> dict:
    """Everything from a loaded model: states, layers, centroids, graph, manifest, card. Returns what was measured."""
    out.mkdir(parents=True, exist_ok=True)
    template = template_of(tokenizer)
    tokens: Tokenizer = tokenizer.backend_tokenizer
    tokens.no_padding()
    tokens.no_truncation()
    tokens.save(str(out / "tokenizer.json"), pretty=False)
    tokens = Tokenizer.from_file(str(out / "tokenizer.json"))
    rows = [encode(tokens, template, text, options.max_tokens) for text in texts]
    refused = refuses(model, tokenizer, rows) if options.own_refusals else labels
    own = 0.02 < refused.mean() < 0.98
    if not own:
        refused = labels  # the model refuses all or nothing: what is harmful stands in for what is refused

    depth = len(model.model.layers)
    inst, post = states_of(Probe(model, range(depth + 1)), rows)
    fitting = np.array([bucket(text, "latent-fit") < 0.7 for text in texts])
    layers = choose_layers(inst[fitting], labels[fitting], options.layers)
    probe = Probe(model, layers)
    inst, post = inst[:, layers], post[:, layers]
    centroids = {
        name: states[fitting & (truth == value)].mean(axis=0).astype(np.float32)
        for states, truth, names in ((inst, labels, ("harmless", "harmful")), (post, refused, ("accept", "refuse")))
        for value, name in enumerate(names)
    }
    save_file({name: np.ascontiguousarray(value) for name, value in centroids.items()}, str(out / "centroids.safetensors"))
    beside = write_graph(probe, rows[:2], out / "model.onnx")

    rest = ~fitting
    harm = score(inst, centroids["harmful"], centroids["harmless"])
    refusal = score(post, centroids["refuse"], centroids["accept"])
    heads = [
        head("harm", "inst", ("harmful", "harmless"), "harmful", harm[rest], labels[rest]),
        head("refusal-risk", "post", ("refuse", "accept"), "refused", refusal[rest], refused[rest]),
    ]
    figures = {
        "layers": layers,
        "prompts": len(texts),
        "refusals": "the model's own" if own else "none found: the harm labels stand in",
        "held_out_auroc_harm": auroc(labels[rest], harm[rest]),
        "held_out_auroc_refusal": auroc(refused[rest], refusal[rest]),
    }
    write_manifest(out, options, template, heads, beside, len(texts))
    write_card(out, options.model, figures)
    return figures


def write_manifest(
    out: Path, options: argparse.Namespace, template: Template, heads: list[dict], beside: list[Path], rows: int
) -> None:
    """`classifier.yaml` of kind latent guard."""
    files: dict[str, Any] = {
        key: {"path": name, "sha256": digest(out / name)}
        for key, name in (("model", "model.onnx"), ("tokenizer", "tokenizer.json"), ("centroids", "centroids.safetensors"))
    }
    if beside:
        files["external"] = [{"path": path.name, "sha256": digest(path)} for path in beside]
    manifest = {
        "apiVersion": "demur/v1",
        "kind": "Classifier",
        "metadata": {
            "name": options.name or out.name,
            "version": "0.1.0",
            "licence": options.licence,
            "description": f"Latent Guard on {options.model}",
        },
        "spec": {
            "type": "latent_guard",
            "files": files,
            "inputs": ["input_ids", "attention_mask", "t_inst", "t_post"],
            "maxTokens": options.max_tokens,
            "template": {"before": template.before, "after": template.after},
            "hidden": {"inst": "h_inst", "post": "h_post"},
            "heads": heads,
            "data": [{"name": str(options.prompts or "classifiers/training"), "licence": "see the card", "rows": rows}],
        },
    }
    (out / "classifier.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=110))


def write_card(out: Path, model: str, figures: dict) -> None:
    """A short card: what it is, what was measured on which rows, what it is not."""
    (out / "CARD.md").write_text(
        f"# Latent Guard on {model}\n\n"
        "Scores are cosines between hidden states of this language model and centroids of labelled prompts. They show what\n"
        "*this* model believes about a prompt, not what any upstream behind the proxy believes. The licence of the weights is\n"
        "the licence of the language model.\n\n"
        "Measured on prompts that shaped no centroid (same sources as those that did: it flatters):\n\n"
        f"```json\n{json.dumps(figures, indent=2)}\n```\n"
    )


def check(out: Path, probe: Probe, rows: Sequence[Row]) -> float:
    """The largest difference between torch's and ONNX Runtime's states."""
    session = onnxruntime.InferenceSession(str(out / "model.onnx"), providers=["CPUExecutionProvider"])
    inputs = batch_of(rows)
    with torch.no_grad():
        expected = probe(**inputs)
    found = session.run(["h_inst", "h_post"], {name: value.numpy() for name, value in inputs.items()})
    return max(float(np.abs(a.numpy() - b).max()) for a, b in zip(expected, found, strict=True))


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Command line."""
    parser = argparse.ArgumentParser(description="Makes a Latent Guard classifier from a causal language model.")
    parser.add_argument("--model", required=True, help="HuggingFace name or folder of a causal language model")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name")
    parser.add_argument("--licence", default="that of the language model")
    parser.add_argument("--prompts", type=Path, help="JSON Lines with text and harmful; default: training rows of this project")
    parser.add_argument("--rows", type=int, default=512)
    parser.add_argument("--layers", type=int, default=6, help="how many layers to use")
    parser.add_argument("--max-tokens", type=int, default=512)
    parser.add_argument("--harm-labels-only", dest="own_refusals", action="store_false", help="don't generate to see what the model refuses")
    return parser.parse_args(arguments)


def main() -> int:
    """Loads the model by name and builds the folder."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    options = parse()
    texts, labels = labelled(options.prompts, options.rows)
    if len(set(labels.tolist())) < 2:
        print("no labelled prompts: give --prompts a file with text and harmful", file=sys.stderr)
        return 2
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model, attn_implementation="eager", dtype=torch.float32).eval()
    print(json.dumps(build(model, tokenizer, options.out, texts, labels, options), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
