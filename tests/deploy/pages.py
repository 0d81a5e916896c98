"""Writes the reference of the chart's values from the comments in values.yaml, so that no value is undocumented.

A comment that begins with `# -- ` and goes on in plain comment lines says what the value below it is. A map needs one
only where it is a value of its own; each of its keys has one then.
"""

import json

import yaml

from chart import CHART, ROOT

PAGE = ROOT / "docs/reference/helm-values.md"

HEAD = """# Helm values

Written by `make docs` from the comments in `helm/demur/values.yaml`. `values.schema.json` beside it refuses what is not
here.

| value | default | what it says |
| --- | --- | --- |
"""


class Undocumented(Exception):
    """Values without a comment; the text names them all."""


def documented():
    """Each value by its path, with its default and what its comment says, in the order of the file."""
    text = (CHART / "values.yaml").read_text()
    values = yaml.safe_load(text)
    found, open_keys, comment = {}, [], None
    for line in text.splitlines():
        indent, rest = len(line) - len(line.lstrip()), line.strip()
        if rest.startswith("# -- "):
            comment = [rest.removeprefix("# -- ")]
        elif rest.startswith("#") and comment:
            comment.append(rest.lstrip("# "))
        elif rest and not rest.startswith(("#", "-")):
            open_keys = [(at, key) for at, key in open_keys if at < indent]
            open_keys.append((indent, rest.split(":")[0]))
            if comment:
                path = [key for _, key in open_keys]
                found[".".join(path)] = (default(values, path), " ".join(comment))
            comment = None
        else:
            comment = None
    missing = [path for path in leaves(values) if not covered(path, found)]
    if missing:
        raise Undocumented(", ".join(missing))
    return found


def default(values, path):
    for key in path:
        values = values[key]
    return values


def leaves(values, above=""):
    """The paths of all values that are no map with keys."""
    for key, value in values.items():
        path = f"{above}{key}"
        if isinstance(value, dict) and value:
            yield from leaves(value, f"{path}.")
        else:
            yield path


def covered(path, found):
    """Whether a value, or a map that it is in, has a comment."""
    parts = path.split(".")
    return any(".".join(parts[: end + 1]) in found for end in range(len(parts)))


def page():
    """The page as it should be."""
    rows = []
    for path, (value, says) in documented().items():
        shown = f"`{json.dumps(value)}`".replace("|", "\\|")
        rows.append(f"| `{path}` | {shown} | {says.replace('|', chr(92) + '|')} |\n")
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page())
