"""The plain manifests and the files beside them: kustomize builds them, Kubernetes takes them, demur takes what is in them."""

import os
import re
import subprocess

import pytest
import yaml

from chart import ROOT, Objects, layout

FOLDER = ROOT / "deploy/kubernetes"


def build(name):
    done = subprocess.run(["kustomize", "build", FOLDER / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return Objects(yaml.safe_load_all(done.stdout), "1.31.0").validate()


def names(objects):
    """Kinds and names without the suffix of the content."""
    return sorted(re.sub(r"-[0-9a-z]{10}$", "", name) for name in objects.names())


def test_gateway():
    objects = build("gateway")
    assert names(objects) == [
        "ConfigMap/demur",
        "ConfigMap/demur-policies",
        "Deployment/demur",
        "PodDisruptionBudget/demur",
        "Service/demur",
    ]
    labels = objects.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert objects.one("Service")["spec"]["selector"].items() <= labels.items()
    assert objects.one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"].items() <= labels.items()
    spread = objects.pod()["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
    assert spread.items() <= labels.items()
    maps = {one["metadata"]["name"] for one in objects.of("ConfigMap")}
    assert {one["configMap"]["name"] for one in objects.pod()["volumes"]} == maps
    assert "demur-policies" in maps, "with a suffix, changed policies would start the gateways anew"


def test_sidecar():
    objects = build("example")
    pod = objects.pod()
    assert [one["name"] for one in pod["containers"]] == ["storefront"]
    assert objects.demur()["restartPolicy"] == "Always"
    assert pod["volumes"][0]["configMap"]["name"] == objects.one("ConfigMap")["metadata"]["name"]


@pytest.mark.parametrize("name", ["gateway", "example"])
def test_pods_are_locked_down(name):
    objects = build(name)
    context = objects.demur()["securityContext"]
    assert context["readOnlyRootFilesystem"] and context["runAsNonRoot"]
    assert context["capabilities"] == {"drop": ["ALL"]} and context["allowPrivilegeEscalation"] is False
    assert "memory" in objects.demur()["resources"]["limits"]


def test_demur_takes_what_is_in_the_gateway(demur, tmp_path):
    config = layout(tmp_path, build("gateway"))
    command = [demur, "check", "--config", config, "--models", ROOT / "classifiers/models"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_demur_takes_the_arguments_and_policies_of_the_sidecar(demur, tmp_path):
    objects = build("example")
    layout(tmp_path, objects)
    args = [str(arg).replace("/etc/demur", f"{tmp_path}/etc/demur") for arg in objects.demur()["args"]]
    assert args[0] == "serve"
    # `check` takes the arguments of `serve` but for the log.
    at = args.index("--log-format")
    command = [demur, "check", *args[1:at], *args[at + 2 :], "--models", ROOT / "classifiers/models"]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stdout + done.stderr


def test_systemd_takes_the_unit():
    unit = (ROOT / "deploy/demur.service").read_text()
    # systemd itself is rarely where tests run; what it would not forgive is a line that is neither of these.
    for line in unit.splitlines():
        assert re.fullmatch(r"|#.*|\[\w+\]|[A-Z]\w+=.*", line), line
    assert re.search(r"^TimeoutStopSec=(\d+)$", unit, re.M)[1] > "30", "or systemd kills what still drains"
