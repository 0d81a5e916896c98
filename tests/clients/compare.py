"""What official clients see of a scripted upstream, with and without demur in between, in one table.

Runs the drivers it is given, each as two arguments `PROGRAM FILE`, for both base URLs, and compares what they saw, scenario by
scenario (`scenarios.json`). It stands on nothing but Python itself. Ends with 0 when all is as it should be,
with 1 when something is not, and with 2 when a driver could not be run.
"""

import json
import os
import pathlib
import subprocess
import sys

# A driver that hangs is told from one that is slow on a busy machine.
PATIENCE_SECONDS = 600

SCRIPT = pathlib.Path(__file__).parent / "scenarios.json"


def observe(drivers, base_url):
    """What the clients of all drivers see at one base URL."""
    observed = {}
    for driver in drivers:
        command = [*driver, SCRIPT, base_url]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, check=False, timeout=PATIENCE_SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            print(f"error: `{' '.join(driver)}`: {error}", file=sys.stderr)
            sys.exit(2)
        if done.returncode != 0:
            print(f"error: `{' '.join(driver)}` ended with {done.returncode}", file=sys.stderr)
            sys.exit(2)
        observed |= json.loads(done.stdout)
    return observed


def public(seen):
    """All but the trace, which names the places in a client's own code and the line that called it."""
    error = seen["error"] and {key: value for key, value in seen["error"].items() if key != "trace"}
    return seen | {"error": error}


def unequal(direct, through):
    """The first place where two observations differ; `None` when they are equal."""
    direct, through = public(direct), public(through)
    if direct == through:
        return None
    for key in ("error", "finish", "text"):
        if direct[key] != through[key]:
            return f"{key}: {direct[key]!r}", f"{key}: {through[key]!r}"
    pairs = zip([*direct["all"], "nothing"], [*through["all"], "nothing"])
    return next((f"{left!r}", f"{right!r}") for left, right in pairs if left != right)


def breaks(client, direct, through):
    """A stream that the upstream breaks: the beginning of the same text, and an error of the client's own both times.

    How the end is told may differ (a broken connection, or the API's error event), and words that still waited
    for a verdict may be missing. That the end is told may not differ.
    """
    expected = f"the beginning of {direct['text']!r} and one of {client['breaks']}"
    if not direct["error"]:
        return "an error without demur", "none"
    if not direct["text"].startswith(through["text"]):
        return expected, f"text: {through['text']!r}"
    kinds = (through["error"] or {}).get("kinds", [])
    return None if set(kinds) & set(client["breaks"]) else (expected, f"error: {through['error']!r}")


def acted(client, expect, direct, through):
    """A scenario where a rule acted."""
    error, text = through["error"], through["text"]
    if "error" in expect:
        wanted = f"{client[expect['error']]} with status {expect['status']} that says {expect['says']!r}"
        right = error and client[expect["error"]] in error["kinds"] and error["status"] == expect["status"]
        right = right and expect["says"] in error["message"] and not text
        return None if right else (wanted, f"error: {error!r}, text: {text!r}")
    if error:
        return "no error", f"error: {error!r}"
    if through["finish"] != client[expect["finish"]]:
        return f"finish: {client[expect['finish']]!r}", f"finish: {through['finish']!r}"
    if "text" in expect and text != expect["text"]:
        return f"text: {expect['text']!r}", f"text: {text!r}"
    if not text.startswith(expect.get("begins", "")):
        return f"text that begins: {expect['begins']!r}", f"text: {text!r}"
    if "shorter" in expect and not len(text) < len(direct["text"]):
        return f"less than {len(direct['text'])} characters", f"{len(text)} characters"
    return None


def judge(client, scenario, direct, through):
    """What was expected and what came, when that is not the same; `None` when all is well."""
    if "expect" in scenario:
        if direct["error"]:
            return "no error without demur", f"error: {direct['error']!r}"
        return acted(client, scenario["expect"], direct, through)
    if scenario.get("breaks"):
        return breaks(client, direct, through)
    # A suite whose own upstream is wrong would find two equal failures.
    if bool(direct["error"]) != scenario.get("fails", False) and not scenario.get("either"):
        return f"{'an' if scenario.get('fails') else 'no'} error without demur", f"error: {direct['error']!r}"
    return unequal(direct, through)


def table(script, results):
    """One line a scenario, one column a client."""
    names = list(script["clients"])
    width = max(len(scenario["name"]) for scenario in script["scenarios"])
    for place, name in enumerate(names):
        print(" " * width, "  │" * place + "  ┌─", name)
    marks = {True: "ok", False: "NO", None: " ·"}
    for scenario in script["scenarios"]:
        cells = (marks[results.get((name, scenario["name"]))] for name in names)
        print(f"{scenario['name']:<{width}} ", " ".join(cells))


def main():
    """Observes, compares, prints; gives the exit code."""
    drivers = list(zip(sys.argv[1::2], sys.argv[2::2]))
    script = json.loads(SCRIPT.read_text(encoding="utf-8"))
    direct = observe(drivers, os.environ["DIRECT_URL"])
    through = observe(drivers, os.environ["DEMUR_URL"])
    scenarios = {scenario["name"]: scenario for scenario in script["scenarios"]}
    results, failures = {}, []
    for name, client in script["clients"].items():
        for scenario, seen in direct[name].items():
            wrong = judge(client, scenarios[scenario], seen, through[name][scenario])
            results[name, scenario] = wrong is None
            if wrong:
                failures.append((name, scenario, *wrong))
    table(script, results)
    for name, scenario, expected, got in failures:
        print(f"\nDIFFERENT  {name}: {scenario}\n  expected: {expected:.1000}\n  got:      {got:.1000}")
    print(f"\n{len(script['clients'])} clients, {len(scenarios)} scenarios: {len(results) - len(failures)} passed, {len(failures)} failed")
    return 1 if failures or not results else 0


if __name__ == "__main__":
    sys.exit(main())
