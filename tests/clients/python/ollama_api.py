"""Ollama's client for Python."""

import ollama
import tools


class Chat:
    """Chat."""

    name = "ollama py chat"
    tool = {
        "type": "function",
        "function": {"name": tools.NAME, "description": tools.DESCRIPTION, "parameters": tools.PARAMETERS},
    }

    def __init__(self, base_url):
        self.client = ollama.Client(host=base_url, timeout=60)

    def answer(self, seen, model, prompt):
        self.note(seen, self.client.chat(model=model, messages=[tools.user(prompt)]))

    def stream(self, seen, model, prompt, leave_after=None, **more):
        stream = self.client.chat(model=model, messages=[tools.user(prompt)], stream=True, **more)
        for place, line in enumerate(stream):
            self.note(seen, line)
            if place == leave_after:
                stream.close()
                break

    def tools(self, seen, model, prompt):
        messages = [tools.user(prompt)]
        first = self.client.chat(model=model, messages=messages, tools=[self.tool])
        self.note(seen, first)
        assert first.message.tool_calls[0].function.name == tools.NAME
        messages += [first.message, {"role": "tool", "tool_name": tools.NAME, "content": tools.RESULT_TEXT}]
        self.note(seen, self.client.chat(model=model, messages=messages, tools=[self.tool]))

    def stream_tools(self, seen, model, prompt):
        self.stream(seen, model, prompt, tools=[self.tool])

    def structured(self, seen, model, prompt):
        schema = tools.Answer.model_json_schema()
        answer = self.client.chat(model=model, messages=[tools.user(prompt)], format=schema)
        self.note(seen, answer)
        seen.add(tools.Answer.model_validate_json(answer.message.content))

    def note(self, seen, line):
        seen.add(line, line.message.content, line.done_reason)


class Generate(Chat):
    """A single prompt."""

    name = "ollama py generate"

    def answer(self, seen, model, prompt):
        self.note(seen, self.client.generate(model=model, prompt=prompt))

    def stream(self, seen, model, prompt, leave_after=None):
        stream = self.client.generate(model=model, prompt=prompt, stream=True)
        for place, line in enumerate(stream):
            self.note(seen, line)
            if place == leave_after:
                stream.close()
                break

    def structured(self, seen, model, prompt):
        answer = self.client.generate(model=model, prompt=prompt, format=tools.Answer.model_json_schema())
        self.note(seen, answer)
        seen.add(tools.Answer.model_validate_json(answer.response))

    def note(self, seen, line):
        seen.add(line, line.response, line.done_reason)
