"""What only OpenAI's API has, and what demur does not read."""

import asyncio
import io

import openai
import tools
from openai_api import Chat

# What belongs to the connection or to demur, and not to the answer.
OWN_HEADERS = {"connection", "date", "transfer-encoding", "keep-alive"}


class ChatAndMore(Chat):
    """Chat completions with all that is around them."""

    def __init__(self, base_url):
        super().__init__(base_url)
        self.base_url = base_url

    def create(self, model, prompt, **more):
        messages = [tools.user(prompt)]
        return self.client.chat.completions.create(model=model, messages=messages, **more)

    def several_choices(self, seen, _model, prompt):
        seen.add(self.create("text", prompt, n=2, logprobs=True))

    def streamed_choices(self, seen, _model, prompt):
        self.stream(seen, "text", prompt, n=2)

    def streamed_usage(self, seen, _model, prompt):
        self.stream(seen, "text", prompt, stream_options={"include_usage": True})

    def many_scripts(self, seen, _model, _prompt):
        messages = [
            {"role": "developer", "content": "Be brief. 简短。"},
            {"role": "user", "content": [{"type": "text", "text": "Wie beende ich einen Prozess? 🐍"}]},
            {"role": "assistant", "content": "Mit `kill`."},
            {"role": "user", "content": "مع مثال"},
        ]
        more = {"temperature": 0.2, "seed": 7, "user": "u-1"}
        seen.add(self.client.chat.completions.create(model="echo", messages=messages, **more))

    def raw_response(self, seen, _model, prompt):
        messages = [tools.user(prompt)]
        raw = self.client.chat.completions.with_raw_response.create(model="text", messages=messages)
        headers = {k: v for k, v in raw.headers.items() if k not in OWN_HEADERS and not k.startswith("x-demur-")}
        seen.add({"status": raw.status_code, "headers": headers, "text": raw.text, "id": raw.parse()._request_id})

    def retries(self, seen, _model, prompt):
        # The first try gets a 503, the second an answer: the client's own retries still work.
        client = self.client.with_options(max_retries=2)
        seen.add(client.chat.completions.create(model="retry", messages=[tools.user(prompt)]))

    def models(self, seen, _model, _prompt):
        for model in self.client.models.list():
            seen.add(model)

    def embeddings(self, seen, _model, _prompt):
        seen.add(self.client.embeddings.create(model="embedding", input=["a", "b"]))

    def a_file(self, seen, _model, _prompt):
        content = io.BytesIO(bytes(range(256)) * 64)
        seen.add(self.client.files.create(file=("all-bytes.bin", content), purpose="user_data"))

    def many_at_once(self, seen, _model, _prompt):
        for answer in asyncio.run(many_at_once(self.base_url + "/v1")):
            for thing in answer if isinstance(answer, list) else [answer]:
                seen.add(thing)


async def many_at_once(base_url):
    """32 exchanges of the asynchronous client, every other one streamed."""
    async with openai.AsyncOpenAI(base_url=base_url, api_key="sk-test", max_retries=0) as client:

        async def one(number):
            messages = [tools.user(f"number {number}")]
            if number % 2:
                return await client.chat.completions.create(model="echo", messages=messages)
            stream = await client.chat.completions.create(model="echo", messages=messages, stream=True)
            return [chunk async for chunk in stream]

        return await asyncio.gather(*(one(number) for number in range(32)))
