"""Anthropic's client for Python."""

import anthropic
import tools


class Messages:
    """Messages."""

    name = "anthropic py"
    tool = {"name": tools.NAME, "description": tools.DESCRIPTION, "input_schema": tools.PARAMETERS}

    def __init__(self, base_url):
        self.client = anthropic.Anthropic(base_url=base_url, api_key="sk-test", max_retries=0, timeout=60)

    def wanted(self, model, prompt, **more):
        return {"model": model, "max_tokens": 1024, "messages": [tools.user(prompt)], **more}

    def answer(self, seen, model, prompt):
        message = self.client.messages.create(**self.wanted(model, prompt))
        seen.add(message, text(message), message.stop_reason)

    def stream(self, seen, model, prompt, leave_after=None, **more):
        with self.client.messages.create(**self.wanted(model, prompt, stream=True, **more)) as stream:
            for place, event in enumerate(stream):
                delta = getattr(event, "delta", None)
                seen.add(event, getattr(delta, "text", ""), getattr(delta, "stop_reason", None))
                if place == leave_after:
                    break

    def gather(self, seen, model, prompt):
        with self.client.messages.stream(**self.wanted(model, prompt)) as stream:
            for event in stream:
                seen.add({"event": event.type})
            final = stream.get_final_message()
        seen.add(final, text(final), final.stop_reason)

    def tools(self, seen, model, prompt):
        first = self.client.messages.create(**self.wanted(model, prompt, tools=[self.tool]))
        seen.add(first)
        call = next(block for block in first.content if block.type == "tool_use")
        result = {"type": "tool_result", "tool_use_id": call.id, "content": tools.RESULT_TEXT}
        turns = [tools.user(prompt), {"role": "assistant", "content": first.content}, tools.user([result])]
        second = self.client.messages.create(**self.wanted(model, prompt, tools=[self.tool]) | {"messages": turns})
        seen.add(second, text(second), second.stop_reason)

    def stream_tools(self, seen, model, prompt):
        self.stream(seen, model, prompt, tools=[self.tool])
        with self.client.messages.stream(**self.wanted(model, prompt, tools=[self.tool])) as stream:
            final = stream.get_final_message()
        seen.add(final, text(final), final.stop_reason)

    def structured(self, seen, model, prompt):
        parsed = self.client.messages.parse(**self.wanted(model, prompt, output_format=tools.Answer))
        seen.add(parsed.parsed_output, text(parsed), parsed.stop_reason)


def text(message):
    """The words of all text blocks."""
    return "".join(block.text for block in message.content if block.type == "text")
