"""Latent Guard on tiny random models built from a configuration: nothing is downloaded."""

from __future__ import annotations

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import latent_guard  # noqa: E402
from tokenizers import Tokenizer, models, pre_tokenizers  # noqa: E402

SHAPE = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 4,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
}
WORDS = "how do i kill a python process bake bread grow roses harm my neighbour steal from shop".split()
PROMPTS = [("how do i bake bread", 0), ("how do i grow roses", 0), ("kill a python process", 0), ("bake roses", 0)] * 3
PROMPTS += [("how do i harm my neighbour", 1), ("steal from a shop", 1), ("kill my neighbour", 1), ("harm a neighbour", 1)] * 3


def small_tokenizer():
    """A word-level tokenizer with marks, as a chat template would use them."""
    vocabulary = {word: index for index, word in enumerate(["<unk>", "<user>", "<end>", "<assistant>", *WORDS])}
    inner = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    inner.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    inner.add_special_tokens(["<user>", "<end>", "<assistant>"])
    found = transformers.PreTrainedTokenizerFast(tokenizer_object=inner, unk_token="<unk>")
    found.chat_template = "{% for m in messages %}<user> {{ m['content'] }} <end>{% endfor %} <assistant>"
    return found


def small_model(kind: str):
    """A tiny random model of one of the two shapes."""
    torch.manual_seed(0)
    if kind == "qwen2":
        configuration = transformers.Qwen2Config(**SHAPE)
        model = transformers.Qwen2ForCausalLM(configuration)
    else:
        configuration = transformers.LlamaConfig(**SHAPE)
        model = transformers.LlamaForCausalLM(configuration)
    model.set_attn_implementation("eager")
    return model.eval()


@pytest.mark.parametrize("kind", ["qwen2", "llama"])
def test_graph_equals_torch(kind, tmp_path):
    """The ONNX states are torch's, at the places asked for, with rows of different length in one batch."""
    tokenizer = small_tokenizer()
    options = latent_guard.parse(["--model", kind, "--out", str(tmp_path), "--layers", "2", "--max-tokens", "32"])
    texts, labels = [text for text, _ in PROMPTS], np.array([label for _, label in PROMPTS])
    full = small_model(kind)
    figures = latent_guard.build(full, tokenizer, tmp_path, texts, labels, options)
    assert len(figures["layers"]) == 2 and 0 not in figures["layers"]

    template = latent_guard.template_of(tokenizer)
    tokens = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    rows = [latent_guard.encode(tokens, template, text, 32) for text in ("bake bread", "how do i harm my neighbour")]
    probe = latent_guard.Probe(small_model(kind), figures["layers"])
    assert latent_guard.check(tmp_path, probe, rows) < 1e-4

    reference = small_model(kind)
    ids = torch.tensor([rows[1].ids])
    with torch.no_grad():
        whole = reference.model(input_ids=ids, output_hidden_states=True, use_cache=False).hidden_states
        inst, _ = probe(**latent_guard.batch_of(rows))
    expected = whole[figures["layers"][0]][0, rows[1].inst].numpy()
    assert np.allclose(inst[1, 0].numpy(), expected, atol=1e-4)
    assert json.loads((tmp_path / "CARD.md").read_text().split("```json")[1].split("```")[0])["prompts"] == len(texts)


def test_places():
    """`t_inst` is the last token of the text, `t_post` the last of all."""
    tokenizer = small_tokenizer()
    template = latent_guard.template_of(tokenizer)
    row = latent_guard.encode(tokenizer.backend_tokenizer, template, "bake bread", 32)
    assert (row.inst, row.post) == (2, 4)


def test_score_is_the_mean_difference_of_cosines():
    """The formula, by hand, on two layers."""
    states = np.array([[[1.0, 0.0], [0.0, 2.0]]])
    positive, negative = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [0.0, -1.0]])
    assert np.allclose(latent_guard.score(states, positive, negative), [(1 - 0 + 1 + 1) / 2])
