"""What the tests share: the demur that is tried."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demur():
    """The program; `run.sh` builds one and names it."""
    named = os.environ.get("DEMUR_BIN")
    assert named and Path(named).is_file(), "DEMUR_BIN has to name a demur; tests/deploy/run.sh does that"
    return named
