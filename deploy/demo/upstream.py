#!/usr/bin/env python3
"""A model that is none: it speaks OpenAI's chat completions and answers by rote. For the demo and for tests.

    upstream.py [--listen HOST:PORT]

What it does hangs on words in the last message of the user: `kill` and `shoot` get a refusal (it refuses too much),
`slowly` gets a stream that takes three seconds, `break` gets status 500. A system message that says the words are meant
in their everyday sense talks it out of a refusal. Needs Python 3 and nothing else.
"""

import argparse
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ANSWER = (
    "Here is how that is done, step by step. First look at what is running, then choose the one you mean, "
    "and end it politely before you insist. Check afterwards that it is really gone."
)
REFUSAL = "I'm sorry, but I can't help with that request, because it could cause harm."
LOADED = ("kill", "shoot")


def last(messages, role):
    """The text of the last message of this role."""
    texts = [one.get("content") for one in messages if one.get("role") == role]
    text = texts[-1] if texts else ""
    if isinstance(text, list):
        return " ".join(part.get("text", "") for part in text)
    return text or ""


def reply(body):
    """What the model would say."""
    asked, told = last(body.get("messages", []), "user"), last(body.get("messages", []), "system")
    loaded = any(word in asked.lower() for word in LOADED)
    return REFUSAL if loaded and "everyday" not in told.lower() and "harmless" not in told.lower() else ANSWER


class Model(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        """The list of models."""
        self.send({"object": "list", "data": [{"id": "demo", "object": "model", "created": 0, "owned_by": "demo"}]})

    def do_POST(self):
        """A chat completion, whole or as a stream."""
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            body = json.loads(raw)
        except ValueError:
            return self.send({"error": {"message": "not JSON", "type": "invalid_request_error"}}, 400)
        asked = last(body.get("messages", []), "user")
        if "break" in asked:
            return self.send({"error": {"message": "broken", "type": "server_error"}}, 500)
        text, head = reply(body), {"id": "chatcmpl-demo", "created": 0, "model": body.get("model", "demo")}
        if not body.get("stream"):
            message = {"role": "assistant", "content": text}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            usage = {"prompt_tokens": 9, "completion_tokens": 30, "total_tokens": 39}
            return self.send({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        return self.stream(head, text, 3.0 if "slowly" in asked else 0.0)

    def stream(self, head, text, seconds):
        """The text word by word, spread over some seconds."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        words = text.split(" ")
        for at, word in enumerate(words):
            self.event(head, {"content": word + (" " if at + 1 < len(words) else "")}, None)
            time.sleep(seconds / len(words))
        self.event(head, {}, "stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def event(self, head, delta, finish):
        """One event of a stream."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        text = json.dumps({**head, "object": "chat.completion.chunk", "choices": [choice]})
        self.wfile.write(f"data: {text}\n\n".encode())
        self.wfile.flush()

    def send(self, body, status=200):
        """A whole answer."""
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        """Prompts are nobody's business, not even in a demo's log."""


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--listen", default="127.0.0.1:8000", help="where to listen [%(default)s]")
    host, port = arguments.parse_args().listen.rsplit(":", 1)
    server = ThreadingHTTPServer((host, int(port)), Model)
    print(f"listening on port {server.server_address[1]}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
