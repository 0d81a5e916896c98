"""The training loop: units of examples, length buckets, one thread, bfloat16 where the processor has it."""

from __future__ import annotations

import copy
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from encoder import Judge, encode, pad, tokenizer

Loss = Callable[[tuple[Tensor, ...], list[Any]], Tensor]


@dataclass
class Plan:
    """How to train one model."""

    epochs: int = 3
    later: float = 0.6  # the share of the first epoch that each later one keeps: examples already learnt are thinned out
    batch: int = 32
    rate: float = 6e-5
    head_rate: float = 6e-4
    layer_decay: float = 0.9
    warmup: float = 0.06
    limit: int = 80
    tail: int = 0
    average_from: float = 0.5
    average_decay: float = 0.99
    freeze_embeddings: bool = True
    seed: int = 1
    threads: int = 1


def set_seed(seed: int) -> random.Random:
    """Seeds every source of chance and returns one for the sampling."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    return random.Random(seed)


def _groups(model: Judge, plan: Plan, extra: nn.Module | None) -> list[dict[str, Any]]:
    groups = []
    layers = list(model.bert.encoder.layer)
    for depth, layer in enumerate(layers):
        rate = plan.rate * plan.layer_decay ** (len(layers) - 1 - depth)
        groups.append({"params": list(layer.parameters()), "lr": rate})
    if plan.freeze_embeddings:
        model.bert.embeddings.requires_grad_(False)
    else:
        rate = plan.rate * plan.layer_decay ** len(layers)
        groups.append({"params": list(model.bert.embeddings.parameters()), "lr": rate})
    heads = [*model.shared.parameters(), *model.heads.parameters(), *(extra.parameters() if extra else [])]
    groups.append({"params": heads, "lr": plan.head_rate})
    for group in groups:
        group["base"] = group["lr"]
    return groups


def batches(units: Sequence[list[Any]], lengths: Sequence[int], size: int, random_: random.Random) -> list[list[int]]:
    """Indices of units in batches of about `size` examples of like length; the order of batches is by chance."""
    order = sorted(range(len(units)), key=lambda index: lengths[index] + random_.random() * 6)
    found: list[list[int]] = []
    current: list[int] = []
    count = 0
    for index in order:
        current.append(index)
        count += len(units[index])
        if count >= size:
            found.append(current)
            current, count = [], 0
    if current:
        found.append(current)
    random_.shuffle(found)
    return found


def train(
    model: Judge,
    draw: Callable[[random.Random, int], tuple[list[list[Any]], list[list[str]]]],
    loss_of: Loss,
    plan: Plan,
    extra: nn.Module | None = None,
    keep: Callable[[Judge, int], None] | None = None,
    log: Callable[[str], None] = print,
) -> Judge:
    """Trains and returns the model with averaged weights.

    `draw` gives the units of an epoch and, in the same shape, the text each example is shown as. The step count of the
    whole run is taken from the first epoch, so later epochs may be shorter but not longer.
    """
    torch.set_num_threads(plan.threads)
    random_ = set_seed(plan.seed)
    tokens = tokenizer()
    optimizer = torch.optim.AdamW(_groups(model, plan, extra), weight_decay=0.01, fused=True)
    average: Judge | None = None
    started = time.time()
    step, total = 0, 1
    for epoch in range(plan.epochs):
        units, texts = draw(random_, epoch)
        coded = [[encode(tokens, text, plan.limit, plan.tail) for text in unit] for unit in texts]
        plan_batches = batches(units, [max(map(len, unit)) for unit in coded], plan.batch, random_)
        if epoch == 0:
            total = round(len(plan_batches) * (1 + (plan.epochs - 1) * plan.later))
        model.train()
        running = 0.0
        for number, chosen in enumerate(plan_batches):
            examples = [example for index in chosen for example in units[index]]
            ids, mask = pad([ids for index in chosen for ids in coded[index]])
            done = min(1.0, step / total)
            factor = min(1.0, done / plan.warmup) * 0.5 * (1 + math.cos(math.pi * done)) + 0.01
            for group in optimizer.param_groups:
                group["lr"] = group["base"] * factor
            with torch.autocast("cpu", dtype=torch.bfloat16):
                outputs = model(ids, mask)
            loss = loss_of(tuple(output.float() for output in outputs), examples)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], 1.0)
            optimizer.step()
            step += 1
            running = 0.98 * running + 0.02 * float(loss.detach())
            if done >= plan.average_from:
                average = _average(average, model, plan.average_decay)
            if number % 25 == 0:
                log(f"epoch {epoch} batch {number}/{len(plan_batches)} loss {running:.4f} {time.time() - started:.0f}s")
        if keep:
            keep(average or model, epoch)
    chosen_model = average or model
    return chosen_model.eval()


@torch.no_grad()
def note_errors(examples: list[Any], errors: Tensor) -> None:
    """Remembers how wrong the model was on each example when it last saw it."""
    for example, error in zip(examples, errors.tolist(), strict=True):
        example.error = error


def thin(units: list[list[Any]], random_: random.Random, share: float) -> list[list[Any]]:
    """A share of the units: those with the greatest error seen so far, half of the places left to chance."""
    room = int(len(units) * share)
    hardest = sorted(units, key=lambda unit: -max(example.error for example in unit))
    first, rest = hardest[: room // 2], hardest[room // 2 :]
    return first + random_.sample(rest, room - len(first))


@torch.no_grad()
def _average(average: Judge | None, model: Judge, decay: float) -> Judge:
    if average is None:
        return copy.deepcopy(model)
    for mine, theirs in zip(average.parameters(), model.parameters(), strict=True):
        if theirs.requires_grad:
            mine.lerp_(theirs, 1 - decay)
    return average


@torch.no_grad()
def outputs_of(model: Judge, texts: Sequence[str], limit: int, tail: int = 0, batch: int = 64) -> list[np.ndarray]:
    """Every output of the torch model for the texts, in their order."""
    tokens = tokenizer()
    coded = [encode(tokens, text, limit, tail) for text in texts]
    order = sorted(range(len(coded)), key=lambda index: len(coded[index]))
    parts: list[list[np.ndarray]] = []
    model.eval()
    for start in range(0, len(order), batch):
        ids, mask = pad([coded[index] for index in order[start : start + batch]])
        with torch.autocast("cpu", dtype=torch.bfloat16):
            parts.append([output.float().numpy() for output in model(ids, mask)])
    back = np.argsort(order)
    return [np.concatenate(column)[back] for column in zip(*parts, strict=True)]
