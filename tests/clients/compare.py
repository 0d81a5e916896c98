"""The official OpenAI client, straight at the upstream and through demur: what it sees must be the same.

Each scenario is one function that uses a client as an application would and returns all it could observe.
It runs twice, with nothing changed but the base URL, and the observations are compared. The upstream is
scripted (`tests/src/bin/client-ground.rs`): it answers by the name of the model.
"""

import asyncio
import io
import json
import os
import sys
import traceback

import openai
from pydantic import BaseModel

QUESTION = [{"role": "user", "content": "How do I kill a Python process?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather at a place.",
        "parameters": {
            "type": "object",
            "properties": {"place": {"type": "string"}},
            "required": ["place"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
# What belongs to the connection or to demur, and not to the answer.
OWN_HEADERS = {"connection", "date", "transfer-encoding", "keep-alive"}

SCENARIOS = []


def scenario(function):
    """Registers a scenario under its name."""
    SCENARIOS.append(function)
    return function


def dump(model):
    """All fields of an answer, extra ones too, and which of them were set."""
    return {"fields": model.model_dump(), "json": model.to_json()}


def failed(call):
    """What an application sees of an error."""
    try:
        call()
    except openai.APIStatusError as error:
        return {
            "type": type(error).__name__,
            "status": error.status_code,
            "message": error.message,
            "body": error.body,
            "code": error.code,
            "param": error.param,
            "request_id": error.request_id,
        }
    return "no error"


# === answers ===


@scenario
def buffered(client):
    return dump(client.chat.completions.create(model="text", messages=QUESTION))


@scenario
def several_choices(client):
    return dump(client.chat.completions.create(model="choices", messages=QUESTION, n=2, logprobs=True))


@scenario
def a_conversation_in_many_scripts(client):
    messages = [
        {"role": "developer", "content": "Be brief. 简短。"},
        {"role": "user", "content": [{"type": "text", "text": "Wie töte ich einen Prozess? 🐍"}]},
        {"role": "assistant", "content": "Mit `kill`."},
        {"role": "user", "content": "مع مثال"},
    ]
    return dump(client.chat.completions.create(model="echo", messages=messages, temperature=0.2, seed=7, user="u-1"))


@scenario
def raw_response(client):
    raw = client.chat.completions.with_raw_response.create(model="text", messages=QUESTION)
    headers = {k: v for k, v in raw.headers.items() if k not in OWN_HEADERS and not k.startswith("x-demur-")}
    return {"status": raw.status_code, "headers": headers, "text": raw.text, "request_id": raw.parse()._request_id}


@scenario
def a_long_answer(client):
    return dump(client.chat.completions.create(model="long", messages=QUESTION))


# === streams ===


@scenario
def streamed(client):
    with client.chat.completions.create(model="text", messages=QUESTION, stream=True) as stream:
        return [dump(chunk) for chunk in stream]


@scenario
def streamed_with_usage(client):
    options = {"include_usage": True}
    with client.chat.completions.create(
        model="usage", messages=QUESTION, stream=True, stream_options=options
    ) as stream:
        return [dump(chunk) for chunk in stream]


@scenario
def streamed_choices(client):
    with client.chat.completions.create(model="choices", messages=QUESTION, n=2, stream=True) as stream:
        return [dump(chunk) for chunk in stream]


@scenario
def a_long_stream(client):
    with client.chat.completions.create(model="long", messages=QUESTION, stream=True) as stream:
        return [dump(chunk) for chunk in stream]


@scenario
def stream_events(client):
    with client.chat.completions.stream(model="text", messages=QUESTION) as stream:
        kinds = [event.type for event in stream]
        return {"events": kinds, "final": dump(stream.get_final_completion())}


@scenario
def a_stream_the_application_leaves(client):
    seen = []
    with client.chat.completions.create(model="long", messages=QUESTION, stream=True) as stream:
        for chunk in stream:
            seen.append(chunk.choices[0].delta.content)
            if len(seen) == 5:
                break
    # The connection is gone; the next call must work all the same.
    return seen, dump(client.chat.completions.create(model="text", messages=QUESTION))


@scenario
def a_stream_the_upstream_breaks(client):
    # How the end is told may differ (a broken connection, or an error event), and words that were still waiting
    # for a verdict may be missing. That the end is told may not differ.
    text = ""
    try:
        with client.chat.completions.create(model="broken", messages=QUESTION, stream=True) as stream:
            for chunk in stream:
                text += chunk.choices[0].delta.content or ""
    except Exception as error:
        return {"text": text, "raised": isinstance(error, Exception)}
    return {"text": text, "raised": False}


def begins_and_breaks(expected, seen):
    """The beginning of the same text, and an exception, both times."""
    return expected["raised"] and seen["raised"] and expected["text"].startswith(seen["text"])


a_stream_the_upstream_breaks.same = begins_and_breaks


# === tools and structure ===


@scenario
def tool_call(client):
    first = client.chat.completions.create(model="tool", messages=QUESTION, tools=[WEATHER])
    call = first.choices[0].message.tool_calls[0]
    messages = [
        *QUESTION,
        first.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": json.dumps({"celsius": 21})},
    ]
    second = client.chat.completions.create(model="echo", messages=messages, tools=[WEATHER])
    return dump(first), dump(second)


@scenario
def streamed_tool_call(client):
    with client.chat.completions.create(model="tool", messages=QUESTION, tools=[WEATHER], stream=True) as stream:
        return [dump(chunk) for chunk in stream]


@scenario
def structured_output(client):
    class Answer(BaseModel):
        command: str
        safe: bool

    parsed = client.chat.completions.parse(model="structured", messages=QUESTION, response_format=Answer)
    return parsed.choices[0].message.parsed.model_dump(), parsed.choices[0].message.refusal


# === errors ===


@scenario
def errors_of_every_kind(client):
    statuses = [400, 401, 403, 404, 409, 422, 429, 500, 503]
    return {
        status: failed(lambda: client.chat.completions.create(model=f"error-{status}", messages=QUESTION))
        for status in statuses
    }


@scenario
def an_error_instead_of_a_stream(client):
    return failed(lambda: client.chat.completions.create(model="error-429", messages=QUESTION, stream=True))


@scenario
def an_error_within_a_stream(client):
    seen = []
    try:
        with client.chat.completions.create(model="error-in-stream", messages=QUESTION, stream=True) as stream:
            for chunk in stream:
                seen.append(chunk.choices[0].delta.content)
    except openai.APIError as error:
        return seen, type(error).__name__, error.message, error.body
    return seen, "no error"


@scenario
def retries(client):
    # The first try gets a 503, the second an answer: the client's own retries still work.
    return dump(client.with_options(max_retries=2).chat.completions.create(model="retry", messages=QUESTION))


# === what demur does not read ===


@scenario
def models(client):
    return [dump(model) for model in client.models.list()]


@scenario
def embeddings(client):
    return dump(client.embeddings.create(model="embedding", input=["a", "b"]))


@scenario
def a_file(client):
    content = io.BytesIO(bytes(range(256)) * 64)
    return dump(client.files.create(file=("all-bytes.bin", content), purpose="user_data"))


# === asynchronous clients ===


def asynchronous(base_url):
    """The same with the asynchronous client, many at once."""

    async def run():
        async with openai.AsyncOpenAI(base_url=base_url, api_key="sk-test", max_retries=0) as client:

            async def one(number):
                messages = [{"role": "user", "content": f"number {number}"}]
                if number % 2:
                    return dump(await client.chat.completions.create(model="echo", messages=messages))
                stream = await client.chat.completions.create(model="echo", messages=messages, stream=True)
                return [dump(chunk) async for chunk in stream]

            return await asyncio.gather(*(one(number) for number in range(32)))

    return asyncio.run(run())


def observe(function, base_url):
    """All that one scenario sees at one base URL."""
    if function is asynchronous:
        return function(base_url)
    with openai.OpenAI(base_url=base_url, api_key="sk-test", max_retries=0, timeout=60) as client:
        return function(client)


def same(expected, seen):
    """Equal in every field that an application can read."""
    return json.dumps(expected, default=str) == json.dumps(seen, default=str)


def main():
    """Runs every scenario against both and prints one line each."""
    direct, through = os.environ["DIRECT_URL"], os.environ["DEMUR_URL"]
    passed = failures = 0
    for function in [*SCENARIOS, asynchronous]:
        name = function.__name__.replace("_", " ")
        try:
            expected, seen = observe(function, direct + "/v1"), observe(function, through + "/v1")
            equal = getattr(function, "same", same)(expected, seen)
        except Exception:
            equal, expected, seen = False, "no error", traceback.format_exc()
        if equal:
            passed += 1
            print(f"  same       {name}")
        else:
            failures += 1
            print(f"  DIFFERENT  {name}\n    without demur: {expected}\n    with demur:    {seen}")
    print(f"{passed} passed, {failures} failed")
    return 1 if failures or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
