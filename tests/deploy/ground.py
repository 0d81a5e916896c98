"""Processes that a test starts, waits for, and ends."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from chart import ROOT

PATIENCE = 60
"""How many seconds a machine that is busy may take for anything."""

UPSTREAM = ROOT / "deploy/demo/upstream.py"
TRAFFIC = ROOT / "deploy/demo/traffic.py"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, holds):
    """Waits until `holds()` is true, and gives what it gave."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {PATIENCE} s")


def get(url):
    """Status and text; no answer is status 0."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


@contextlib.contextmanager
def running(command, log, env=None):
    """A process in a group of its own, with its output in a file; ended at the end."""
    with open(log, "wb") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            start_new_session=True,
            cwd=ROOT,
        )
        try:
            yield child
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def python(script, *args):
    """The command that runs a script with this very Python."""
    return [sys.executable, script, *args]
