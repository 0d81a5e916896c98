"""Google's client for Gemini."""

import tools
from google import genai
from google.genai import types


class GenerateContent:
    """`generateContent` and its stream."""

    name = "google-genai py"

    def __init__(self, base_url):
        options = types.HttpOptions(base_url=base_url, timeout=60_000)
        self.client = genai.Client(api_key="test", vertexai=False, http_options=options)
        declaration = types.FunctionDeclaration(
            name=tools.NAME, description=tools.DESCRIPTION, parameters_json_schema=tools.PARAMETERS
        )
        self.tool = types.GenerateContentConfig(
            tools=[types.Tool(function_declarations=[declaration])],
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )

    def answer(self, seen, model, prompt, config=None):
        note(seen, self.client.models.generate_content(model=model, contents=prompt, config=config))

    def stream(self, seen, model, prompt, leave_after=None, config=None):
        stream = self.client.models.generate_content_stream(model=model, contents=prompt, config=config)
        for place, chunk in enumerate(stream):
            note(seen, chunk)
            if place == leave_after:
                stream.close()
                break

    def tools(self, seen, model, prompt):
        first = self.client.models.generate_content(model=model, contents=prompt, config=self.tool)
        note(seen, first)
        call = first.function_calls[0]
        turns = [
            types.Content(role="user", parts=[types.Part(text=prompt)]),
            first.candidates[0].content,
            types.Content(
                role="user", parts=[types.Part.from_function_response(name=call.name, response=tools.RESULT)]
            ),
        ]
        self.answer(seen, model, turns, self.tool)

    def stream_tools(self, seen, model, prompt):
        self.stream(seen, model, prompt, config=self.tool)

    def structured(self, seen, model, prompt):
        config = {"response_mime_type": "application/json", "response_schema": tools.Answer}
        answer = self.client.models.generate_content(model=model, contents=prompt, config=config)
        note(seen, answer)
        seen.add(answer.parsed)


def note(seen, answer):
    """Everything of an answer but the headers, which belong to the connection as well."""
    fields = answer.model_dump(mode="json", exclude={"sdk_http_response"})
    candidate = (answer.candidates or [None])[0]
    parts = (candidate and candidate.content and candidate.content.parts) or []
    text = "".join(part.text or "" for part in parts)
    seen.add(fields, text, candidate and candidate.finish_reason and candidate.finish_reason.value)
