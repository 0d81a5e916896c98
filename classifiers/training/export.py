"""Writes a classifier folder: ONNX graph (quantised), tokenizer, and the manifest with its digests."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import onnx
import onnxruntime
import torch
import yaml
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from encoder import PAD, Judge, encode, tokenizer


class Session:
    """An exported graph with its tokenizer: the way every figure in the cards is computed."""

    def __init__(self, folder: Path, model: str = "model.onnx") -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(folder / model), options, providers=["CPUExecutionProvider"])
        self.names = [output.name for output in self.session.get_outputs()]
        self.tokens = tokenizer()

    def run(self, coded: list[list[int]], batch: int = 32) -> dict[str, np.ndarray]:
        """Every output for the token sequences, in their order."""
        order = sorted(range(len(coded)), key=lambda index: len(coded[index]))
        parts: list[list[np.ndarray]] = []
        for start in range(0, len(order), batch):
            members = [coded[index] for index in order[start : start + batch]]
            width = max(len(ids) for ids in members)
            ids = np.full((len(members), width), PAD, dtype=np.int64)
            mask = np.zeros((len(members), width), dtype=np.int64)
            for row, member in enumerate(members):
                ids[row, : len(member)] = member
                mask[row, : len(member)] = 1
            parts.append(self.session.run(None, {"input_ids": ids, "attention_mask": mask}))
        back = np.argsort(order)
        columns = [np.concatenate(column)[back] for column in zip(*parts, strict=True)]
        return dict(zip(self.names, columns, strict=True))

    def texts(self, texts: Sequence[str], limit: int, tail: int = 0) -> dict[str, np.ndarray]:
        """Every output for texts cut to `limit` tokens."""
        return self.run([encode(self.tokens, text, limit, tail) for text in texts])


def write_graph(model: Judge, outputs: list[str], path: Path) -> None:
    """The float graph with dynamic batch and length."""
    model = model.float().eval()
    ids = torch.tensor([[101, 2129, 2079, 1045, 102], [101, 7592, 102, 0, 0]])
    mask = (ids != 0).long()
    batch, length = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("length", min=2, max=512)
    shapes = {"input_ids": {0: batch, 1: length}, "attention_mask": {0: batch, 1: length}}
    program = torch.onnx.export(
        model,
        (ids, mask),
        dynamo=True,
        input_names=["input_ids", "attention_mask"],
        output_names=outputs,
        dynamic_shapes=shapes,
        opset_version=18,
        verbose=False,
    )
    assert program is not None
    program.save(str(path), external_data=False)


def quantise(source: Path, target: Path, skip: Sequence[str] = ()) -> None:
    """Int8 weights per channel, activations quantised as they come."""
    with tempfile.TemporaryDirectory() as scratch:
        prepared = Path(scratch) / "prepared.onnx"
        quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
        graph = onnx.load(str(prepared))
        del graph.graph.value_info[:]  # the optimiser transposes weights and leaves their old shapes behind
        onnx.save(graph, str(prepared))
        quantize_dynamic(
            str(prepared),
            str(target),
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul", "Gather", "Gemm"],
            nodes_to_exclude=list(skip),
            extra_options={"MatMulConstBOnly": True},
        )


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_tokenizer(path: Path) -> None:
    """The tokenizer file, padding and truncation off."""
    tokenizer().save(str(path), pretty=False)


def write_manifest(folder: Path, spec: dict[str, Any], name: str, version: str, description: str) -> None:
    """`classifier.yaml` with the digests of the files beside it."""
    files = {
        "model": {"path": "model.onnx", "sha256": digest(folder / "model.onnx")},
        "tokenizer": {"path": "tokenizer.json", "sha256": digest(folder / "tokenizer.json")},
    }
    manifest = {
        "apiVersion": "demur/v1",
        "kind": "Classifier",
        "metadata": {"name": name, "version": version, "licence": "Apache-2.0", "description": description},
        "spec": {"type": "encoder", "files": files, "inputs": ["input_ids", "attention_mask"], **spec},
    }
    text = yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=110)
    (folder / "classifier.yaml").write_text("# Written by classifiers/training/train.py; edits are lost.\n" + text)


def check_graph(path: Path) -> list[str]:
    """Names of the outputs, after the checker has passed the graph."""
    graph = onnx.load(str(path))
    onnx.checker.check_model(graph)
    return [output.name for output in graph.graph.output]
