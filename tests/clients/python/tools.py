"""The tool that is offered, the shape that is asked for, and the question, in the words all APIs share."""

import json

from pydantic import BaseModel

NAME = "get_weather"
DESCRIPTION = "The weather at a place."
PARAMETERS = {
    "type": "object",
    "properties": {"place": {"type": "string"}},
    "required": ["place"],
    "additionalProperties": False,
}
# What the tool answers.
RESULT = {"celsius": 21}
RESULT_TEXT = json.dumps(RESULT)


class Answer(BaseModel):
    """The structured output that is asked for."""

    command: str
    safe: bool


def user(text):
    """A message of the user."""
    return {"role": "user", "content": text}
