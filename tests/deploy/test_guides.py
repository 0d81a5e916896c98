"""The guides' commands work as they stand there; those that need a cluster are marked, and at least well formed."""

import os
import re
import shutil
import subprocess

import pytest
import yaml

from chart import CHART, ROOT, Objects

GUIDES = ["kubernetes-gateway", "kubernetes-sidecar", "upgrades"]
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.M | re.S)


def blocks(guide):
    return FENCE.findall((ROOT / f"docs/guides/{guide}.md").read_text())


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_can_be_followed(guide, demur, tmp_path):
    # Where a reader stands: the chart in `helm/demur`, demur on the path, a configuration with policies.
    shutil.copytree(CHART, tmp_path / "helm/demur")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/demur").symlink_to(demur)
    (tmp_path / "policies").mkdir()
    for name in ("block-harm.yaml", "block-harm.test.yaml", "guidance.yaml"):
        shutil.copy(ROOT / "policies/library" / name, tmp_path / "policies")
    upstreams = "upstreams: [{name: main, url: 'https://a.example'}]\n"
    classifiers = f"classifiers: {{onUnavailable: block, dirs: ['{ROOT}/classifiers/models']}}\n"
    (tmp_path / "demur.yaml").write_text(upstreams + classifiers + "policies: {dir: policies}\n")
    env = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    ran = 0
    for language, mark, text in blocks(guide):
        if mark.startswith("title="):
            path = tmp_path / mark.removeprefix("title=")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        elif language == "sh":
            # Of a command that needs a cluster, only its form can be tried here.
            flag = "-n" if mark == "cluster" else "-e"
            done = subprocess.run(["bash", flag, "-c", text], cwd=tmp_path, env=env, capture_output=True, text=True)
            assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
            ran += mark != "cluster"
    assert ran, "no command of this guide was run"
    for rendered in tmp_path.glob("*.yaml"):
        objects = Objects(yaml.safe_load_all(rendered.read_text()), "1.31.0")
        if all("kind" in one for one in objects):
            objects.validate()
