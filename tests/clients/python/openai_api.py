"""OpenAI's client for Python: chat completions, completions and responses."""

import openai
import tools


def connect(base_url):
    """The client as an application makes it, without its own retries, so that one call is one request."""
    return openai.OpenAI(base_url=base_url + "/v1", api_key="sk-test", max_retries=0, timeout=60)


class Completions:
    """The old completions."""

    name = "openai py completions"

    def __init__(self, base_url):
        self.client = connect(base_url)

    def answer(self, seen, model, prompt):
        completion = self.client.completions.create(model=model, prompt=prompt)
        choice = completion.choices[0]
        seen.add(completion, choice.text, choice.finish_reason)

    def stream(self, seen, model, prompt, leave_after=None):
        with self.client.completions.create(model=model, prompt=prompt, stream=True) as stream:
            for place, chunk in enumerate(stream):
                choice = chunk.choices[0]
                seen.add(chunk, choice.text, choice.finish_reason)
                if place == leave_after:
                    break


class Chat:
    """Chat completions."""

    name = "openai py chat"
    tool = {
        "type": "function",
        "function": {
            "name": tools.NAME,
            "description": tools.DESCRIPTION,
            "parameters": tools.PARAMETERS,
            "strict": True,
        },
    }

    def __init__(self, base_url):
        self.client = connect(base_url)

    def answer(self, seen, model, prompt):
        completion = self.client.chat.completions.create(model=model, messages=[tools.user(prompt)])
        choice = completion.choices[0]
        seen.add(completion, choice.message.content, choice.finish_reason)

    def stream(self, seen, model, prompt, leave_after=None, **more):
        messages = [tools.user(prompt)]
        with self.client.chat.completions.create(model=model, messages=messages, stream=True, **more) as stream:
            for place, chunk in enumerate(stream):
                for choice in chunk.choices[:1] or [None]:
                    seen.add(chunk, choice and choice.delta.content, choice and choice.finish_reason)
                if place == leave_after:
                    break

    def gather(self, seen, model, prompt):
        with self.client.chat.completions.stream(model=model, messages=[tools.user(prompt)]) as stream:
            for event in stream:
                seen.add({"event": event.type})
            try:
                final = stream.get_final_completion()
            except openai.ContentFilterFinishReasonError as error:
                # So the client tells its user of any filter, OpenAI's own included.
                final = error.completion
        seen.add(final, final.choices[0].message.content, final.choices[0].finish_reason)

    def tools(self, seen, model, prompt):
        messages = [tools.user(prompt)]
        first = self.client.chat.completions.create(model=model, messages=messages, tools=[self.tool])
        seen.add(first)
        message = first.choices[0].message
        answer = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": tools.RESULT_TEXT}
        messages += [message.model_dump(exclude_none=True), answer]
        second = self.client.chat.completions.create(model=model, messages=messages, tools=[self.tool])
        seen.add(second, second.choices[0].message.content, second.choices[0].finish_reason)

    def stream_tools(self, seen, model, prompt):
        self.stream(seen, model, prompt, tools=[self.tool])
        messages = [tools.user(prompt)]
        with self.client.chat.completions.stream(model=model, messages=messages, tools=[self.tool]) as stream:
            stream.until_done()
            final = stream.get_final_completion()
        seen.add(final, final.choices[0].message.tool_calls[0].function.arguments)

    def structured(self, seen, model, prompt):
        messages = [tools.user(prompt)]
        parsed = self.client.chat.completions.parse(model=model, messages=messages, response_format=tools.Answer)
        message = parsed.choices[0].message
        seen.add(message.parsed, message.content, parsed.choices[0].finish_reason)


class Responses:
    """Responses, with their typed events."""

    name = "openai py responses"
    tool = {
        "type": "function",
        "name": tools.NAME,
        "description": tools.DESCRIPTION,
        "parameters": tools.PARAMETERS,
        "strict": True,
    }

    def __init__(self, base_url):
        self.client = connect(base_url)

    def answer(self, seen, model, prompt):
        response = self.client.responses.create(model=model, input=prompt)
        seen.add(response, response.output_text, response.status)

    def stream(self, seen, model, prompt, leave_after=None, **more):
        with self.client.responses.create(model=model, input=prompt, stream=True, **more) as stream:
            for place, event in enumerate(stream):
                text = event.delta if event.type == "response.output_text.delta" else ""
                finish = getattr(event, "response", None)
                seen.add(event, text, finish and finish.status)
                if place == leave_after:
                    break

    def gather(self, seen, model, prompt):
        with self.client.responses.stream(model=model, input=prompt) as stream:
            for event in stream:
                seen.add({"event": event.type})
                if event.type == "response.incomplete":
                    # The helper has a final response for a completed one alone, with demur or without.
                    seen.add(event.response, event.response.output_text, event.response.status)
                    return
            final = stream.get_final_response()
        seen.add(final, final.output_text, final.status)

    def tools(self, seen, model, prompt):
        first = self.client.responses.create(model=model, input=prompt, tools=[self.tool])
        seen.add(first)
        call = first.output[0]
        output = {"type": "function_call_output", "call_id": call.call_id, "output": tools.RESULT_TEXT}
        turns = [tools.user(prompt), call.model_dump(exclude_none=True), output]
        second = self.client.responses.create(model=model, input=turns, tools=[self.tool])
        seen.add(second, second.output_text, second.status)

    def stream_tools(self, seen, model, prompt):
        self.stream(seen, model, prompt, tools=[self.tool])
        with self.client.responses.stream(model=model, input=prompt, tools=[self.tool]) as stream:
            final = stream.until_done().get_final_response()
        seen.add(final, final.output[0].arguments)

    def structured(self, seen, model, prompt):
        parsed = self.client.responses.parse(model=model, input=prompt, text_format=tools.Answer)
        seen.add(parsed.output_parsed, parsed.output_text, parsed.status)
