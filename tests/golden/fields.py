"""Every place of a request and of an answer that can hold text, from the vendors' own type definitions.

For each dialect this walks the types of the official Python client and writes, for each place that is a
string, the smallest body that has a sentence there. `proxy/dialects/tests/census.rs` reads them and fails
when a sentence is neither judged nor named as unjudged; the snapshot beside them shows how each is read.

    pip install openai==3.54.0 anthropic==2.12.0 google-genai==3.4.0 ollama==0.6.3
    python tests/golden/fields.py
"""

import collections.abc
import json
import pathlib
import types
import typing

import pydantic
import typing_extensions

SENTENCE = "a zebra crosses the street at dawn"
HERE = pathlib.Path(__file__).parent


def is_typed_dict(kind):
    return typing_extensions.is_typeddict(kind)


def is_model(kind):
    return isinstance(kind, type) and issubclass(kind, pydantic.BaseModel)


def bare(kind):
    """The type without `Annotated`, `Required` and the like."""
    origin = typing.get_origin(kind)
    wrappers = (typing.Annotated, typing.Required, typing.NotRequired)
    wrappers += (typing_extensions.Required, typing_extensions.NotRequired)
    if origin in wrappers:
        return bare(typing.get_args(kind)[0])
    if isinstance(kind, typing_extensions.TypeAliasType):
        return bare(kind.__value__)
    return kind


def fields(kind):
    """The members of an object type, by the name they have on the wire."""
    if is_typed_dict(kind):
        return typing_extensions.get_type_hints(kind, include_extras=True)
    named = kind.model_fields
    return {named[name].alias or name: named[name].annotation for name in named}


def literals(members):
    """The members that say what an object is."""
    said = {}
    for name, kind in members.items():
        kind = bare(kind)
        if typing.get_origin(kind) is typing.Literal and name in ("type", "role", "object"):
            said[name] = typing.get_args(kind)[0]
    return said


def walk(kind, steps, seen, found):
    kind = bare(kind)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        for one in args:
            walk(one, steps, seen, found)
    elif origin in (list, collections.abc.Iterable, collections.abc.Sequence, tuple) or (
        origin is not None and getattr(origin, "__name__", "") == "SequenceNotStr"
    ):
        walk(args[0], [*steps, ("item", {})], seen, found)
    elif origin in (dict, collections.abc.Mapping):
        walk(args[1], [*steps, ("anything", {})], seen, found)
    elif kind in (str, object, typing.Any, bytes) or kind is dict:
        found.append(steps)
    elif is_typed_dict(kind) or is_model(kind):
        if kind in seen:
            return
        if issubclass(kind, pydantic.RootModel) if is_model(kind) else False:
            return walk(kind.model_fields["root"].annotation, steps, [*seen, kind], found)
        members = fields(kind)
        said = literals(members)
        for name, member in members.items():
            others = {key: value for key, value in said.items() if key != name}
            walk(member, [*steps, (name, others)], [*seen, kind], found)


def body(steps):
    value = SENTENCE
    for name, others in reversed(steps):
        value = [value] if name == "item" and not others else {**others, name: value}
    return value


def pointer(steps):
    return "".join("/0" if name == "item" and not others else f"/{name}" for name, others in steps)


def write(dialect, file, kinds, prefix=()):
    found = []
    for name, kind in kinds.items():
        walk(kind, [*prefix, (name, {})] if name else list(prefix), [], found)
    lines = {}
    for steps in found:
        said = [others["type"] for _, others in steps if "type" in others]
        lines.setdefault((pointer(steps), tuple(said)), body(steps))
    path = HERE / dialect / file
    text = "".join(json.dumps({"at": at, "body": lines[at, said]}) + "\n" for at, said in sorted(lines))
    path.write_text(text, encoding="utf-8")
    print(path.relative_to(HERE), len(lines))


def openai():
    from openai.types import (
        completion,
        completion_create_params,
        image_generate_params,
        images_response,
    )
    from openai.types.chat import chat_completion
    from openai.types.chat import completion_create_params as chat
    from openai.types.responses import response, response_create_params

    write("openai-chat", "requests.jsonl", {"": chat.CompletionCreateParamsNonStreaming})
    write("openai-chat", "answers.jsonl", {"": chat_completion.ChatCompletion})
    write("openai-completions", "requests.jsonl", {"": completion_create_params.CompletionCreateParamsNonStreaming})
    write("openai-completions", "answers.jsonl", {"": completion.Completion})
    write("openai-responses", "requests.jsonl", {"": response_create_params.ResponseCreateParamsNonStreaming})
    write("openai-responses", "answers.jsonl", {"": response.Response})
    write("openai-images", "requests.jsonl", {"": image_generate_params.ImageGenerateParamsNonStreaming})
    write("openai-images", "answers.jsonl", {"": images_response.ImagesResponse})


def anthropic():
    from anthropic.types import Message, message_create_params

    write("anthropic-messages", "requests.jsonl", {"": message_create_params.MessageCreateParamsNonStreaming})
    write("anthropic-messages", "answers.jsonl", {"": Message})


def gemini():
    from google.genai import types as genai

    request = {
        "contents": list[genai.Content],
        "systemInstruction": genai.Content,
        "tools": list[genai.Tool],
        "toolConfig": genai.ToolConfig,
        "safetySettings": list[genai.SafetySetting],
        "generationConfig": genai.GenerationConfig,
        "cachedContent": str,
        "labels": dict[str, str],
    }
    write("gemini", "requests.jsonl", request)
    answer = {
        "candidates": list[genai.Candidate],
        "promptFeedback": genai.GenerateContentResponsePromptFeedback,
        "usageMetadata": genai.GenerateContentResponseUsageMetadata,
        "modelVersion": str,
        "responseId": str,
    }
    write("gemini", "answers.jsonl", answer)


def ollama():
    from ollama import _types

    write("ollama-chat", "requests.jsonl", {"": _types.ChatRequest})
    write("ollama-chat", "answers.jsonl", {"": _types.ChatResponse})
    write("ollama-generate", "requests.jsonl", {"": _types.GenerateRequest})
    write("ollama-generate", "answers.jsonl", {"": _types.GenerateResponse})


if __name__ == "__main__":
    openai()
    anthropic()
    gemini()
    ollama()
