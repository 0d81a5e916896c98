"""LangChain's `ChatOpenAI`."""

import tools
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_openai import ChatOpenAI


class ChatModel:
    """Chat completions, as LangChain asks for them."""

    name = "langchain py"
    tool = {"name": tools.NAME, "description": tools.DESCRIPTION, "parameters": tools.PARAMETERS}

    def __init__(self, base_url):
        self.base_url = base_url + "/v1"

    def model(self, name):
        return ChatOpenAI(
            model=name, base_url=self.base_url, api_key="sk-test", max_retries=0, timeout=60, stream_usage=True
        )

    def answer(self, seen, model, prompt):
        note(seen, self.model(model).invoke([HumanMessage(prompt)]))

    def stream(self, seen, model, prompt, leave_after=None):
        stream = self.model(model).stream([HumanMessage(prompt)])
        for place, chunk in enumerate(stream):
            note(seen, chunk)
            if place == leave_after:
                stream.close()
                break

    def gather(self, seen, model, prompt):
        whole = None
        for chunk in self.model(model).stream([HumanMessage(prompt)]):
            whole = chunk if whole is None else whole + chunk
        note(seen, whole)

    def tools(self, seen, model, prompt):
        bound = self.model(model).bind_tools([self.tool])
        messages = [HumanMessage(prompt)]
        first = bound.invoke(messages)
        note(seen, first)
        messages += [first, ToolMessage(tools.RESULT_TEXT, tool_call_id=first.tool_calls[0]["id"])]
        note(seen, bound.invoke(messages))

    def stream_tools(self, seen, model, prompt):
        whole = None
        for chunk in self.model(model).bind_tools([self.tool]).stream([HumanMessage(prompt)]):
            note(seen, chunk)
            whole = chunk if whole is None else whole + chunk
        seen.add({"calls": whole.tool_calls})

    def structured(self, seen, model, prompt):
        asked = self.model(model).with_structured_output(tools.Answer, method="json_schema", include_raw=True)
        answer = asked.invoke([HumanMessage(prompt)])
        seen.add(answer["parsed"])
        note(seen, answer["raw"])


def note(seen, message):
    """Everything of a message but the identifier of the run, which LangChain makes up anew each time."""
    fields = message.model_dump(mode="json")
    if str(fields.get("id")).startswith(("run-", "lc_run-")):
        del fields["id"]
    seen.add(fields, message.text, message.response_metadata.get("finish_reason"))
