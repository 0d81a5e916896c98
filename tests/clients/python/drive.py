"""Runs every scenario with every official client for Python at one base URL, and prints what each saw as JSON."""

import json
import sys
import traceback

import anthropic_api
import google_api
import langchain_api
import ollama_api
import openai_api
import openai_more
from seen import Seen

CLIENTS = [
    openai_more.ChatAndMore,
    openai_api.Completions,
    openai_api.Responses,
    langchain_api.ChatModel,
    anthropic_api.Messages,
    google_api.GenerateContent,
    ollama_api.Chat,
    ollama_api.Generate,
]


def observe(client, scenario, prompt):
    """What this client sees of one scenario."""
    seen = Seen()
    try:
        if scenario["call"] == "leave":
            client.stream(seen, scenario["model"], prompt, leave_after=4)
            # The connection is gone; the next call must work all the same.
            client.answer(seen, "text", prompt)
        else:
            getattr(client, scenario["call"])(seen, scenario.get("model"), prompt)
    except Exception as error:
        seen.failed(error)
        seen.error["trace"] = traceback.format_exc(limit=-4)
    return seen.told()


def main():
    """Everything at one base URL."""
    script, base_url = sys.argv[1:3]
    with open(script, encoding="utf-8") as file:
        script = json.load(file)
    observed = {}
    for kind in CLIENTS:
        lacks = script["clients"][kind.name].get("lacks", [])
        client = kind(base_url)
        observed[kind.name] = {
            scenario["name"]: observe(client, scenario, script["prompts"][scenario.get("prompt", "harmless")])
            for scenario in script["scenarios"]
            if kind.name in scenario.get("only", [kind.name]) and scenario["call"] not in lacks
        }
    json.dump(observed, sys.stdout)


if __name__ == "__main__":
    main()
