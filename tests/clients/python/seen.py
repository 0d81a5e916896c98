"""What an application sees of one call, collected so that a failure half-way loses nothing."""

import json


class Seen:
    """Filled by a call of a client: everything in `all`, and the few words every API has in common beside it."""

    def __init__(self):
        self.text = ""
        self.finish = None
        self.error = None
        self.all = []

    def add(self, thing, text=None, finish=None):
        """Notes one more thing the client gave, its text and why the answer ended."""
        self.all.append(plain(thing))
        self.text += text or ""
        self.finish = finish or self.finish

    def failed(self, error):
        """Notes the exception with all an application could read from it."""
        kinds = [kind.__name__ for kind in type(error).__mro__]
        self.error = {
            "kinds": kinds[: kinds.index("Exception")],
            "module": type(error).__module__,
            "status": getattr(error, "status_code", None) or getattr(error, "code", None),
            "message": str(error),
            "body": plain(getattr(error, "body", None) or getattr(error, "details", None)),
            "code": plain(getattr(error, "code", None)),
            "type": plain(getattr(error, "type", None)),
            "request_id": plain(getattr(error, "request_id", None)),
        }

    def told(self):
        """For the comparison."""
        return {"text": self.text, "finish": self.finish, "error": self.error, "all": self.all}


def plain(thing):
    """All fields of whatever a client gives, as plain data."""
    if hasattr(thing, "model_dump"):
        return {"kind": type(thing).__name__, "fields": thing.model_dump(mode="json", warnings=False)}
    return json.loads(json.dumps(thing, default=repr))
