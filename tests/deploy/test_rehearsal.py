"""A pod without a cluster: application, demur and a model in network namespaces, with what the chart renders.

As a *sidecar* application and demur share a namespace, as the containers of a pod do; as a *gateway* each has its own. In
both the application can reach no model but through demur, the node (where probes and Prometheus come from) is a
namespace of its own, policies change by the swap of a link that the kubelet makes, and the end comes as SIGTERM while a
stream is open. Needs root, for the namespaces.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from chart import ROOT, layout, parent, render, swap
from ground import UPSTREAM, eventually, python, running

APPLICATION = Path(__file__).parent / "application.py"

POLICY = """
apiVersion: demur/v1
kind: Policy
metadata: {name: rehearsal, owner: us}
spec:
  rules:
    - id: gate
      phase: request
      when: request.model == "%s"
      onUnknown: skip
      then: {block: {message: "not today"}}
"""

UNUSED, BLOCKS, BROKEN = POLICY % "another", POLICY % "demo", "apiVersion: demur/v1\nkind: Polizei\n"


class Net:
    """Namespaces, each pair joined by a cable; every one has loopback."""

    def __init__(self):
        self.prefix = f"demur{os.getpid()}"
        self.names = set()
        self.cables = 0

    def ip(self, *args):
        done = subprocess.run(["ip", *args], capture_output=True, text=True)
        assert done.returncode == 0, f"ip {' '.join(args)}: {done.stderr}"

    def add(self, name):
        """A namespace with nothing but loopback."""
        self.ip("netns", "add", f"{self.prefix}-{name}")
        self.names.add(name)
        self.ip("-n", f"{self.prefix}-{name}", "link", "set", "lo", "up")
        return name

    def cable(self, one, other):
        """Joins two namespaces, and gives the address of each: the first's, the second's."""
        self.cables += 1
        ends = [f"d{os.getpid() % 10000}x{self.cables}{side}" for side in "ab"]
        self.ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1])
        addresses = [f"10.99.{self.cables}.{last}" for last in (1, 2)]
        for name, end, address in zip((one, other), ends, addresses):
            space = f"{self.prefix}-{name}"
            self.ip("link", "set", end, "netns", space)
            self.ip("-n", space, "addr", "add", f"{address}/30", "dev", end)
            self.ip("-n", space, "link", "set", end, "up")
        return addresses

    def inside(self, name, command):
        """The command, run in a namespace."""
        return ["ip", "netns", "exec", f"{self.prefix}-{name}", *command]

    def close(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", f"{self.prefix}-{name}"], capture_output=True)


class Pod:
    """What one rehearsal has: where each part is, and how to talk to it."""

    def __init__(self, net, folder, objects, places, addresses):
        self.net, self.folder, self.objects = net, folder, objects
        self.places, self.addresses = places, addresses
        self.demur = None

    def application(self, how, text):
        """The command of the application, with the environment that the chart gives it."""
        base = f"http://{self.addresses['demur']}:8080/v1"
        env = {"OPENAI_BASE_URL": base, "PATH": os.environ["PATH"]}
        pairs = [f"{key}={value}" for key, value in env.items()]
        return self.net.inside(self.places["application"], ["env", "-i", *pairs, *python(APPLICATION, how, text)])

    def ask(self, text="What is the capital of France?"):
        done = subprocess.run([str(part) for part in self.application("ask", text)], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def fetch(self, place, url):
        """Status and body as seen from a place; status 0 when nobody is there."""
        code = (
            "import sys, urllib.request, urllib.error\n"
            "try: r = urllib.request.urlopen(sys.argv[1], timeout=5); print(r.status, r.read().decode())\n"
            "except urllib.error.HTTPError as e: print(e.code, e.read().decode())\n"
            "except OSError as e: print(0, e)\n"
        )
        command = self.net.inside(self.places.get(place, place), [sys.executable, "-c", code, url])
        status, _, text = subprocess.run(command, capture_output=True, text=True).stdout.partition(" ")
        return int(status), text

    def admin(self, path):
        """What the node's probes see."""
        return self.fetch("node", f"http://{self.addresses['admin']}:9090{path}")

    def update(self, policy, version):
        """What the kubelet does when the ConfigMap has changed."""
        swap(self.folder / "etc/demur/policies", {"rehearsal.yaml": policy}, version)


def values(model):
    """What the chart is given: one upstream, one policy."""
    return {
        "config": {
            "upstreams": [{"name": "main", "url": f"http://{model}:8000"}],
            "classifiers": {"onUnavailable": "block", "dirs": [str(ROOT / "classifiers/models")]},
        },
        "policies": {"source": "inline", "inline": {"rehearsal.yaml": UNUSED}},
        "drain": {"seconds": 20},
    }


@pytest.fixture(params=["sidecar", "gateway"])
def pod(request, demur, tmp_path):
    """demur in its namespace, started with the arguments and the files that the chart renders."""
    assert shutil.which("ip"), "the rehearsal needs `ip` (Debian: apt-get install iproute2)"
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    net = Net()
    try:
        application = net.add("application")
        inside = application if request.param == "sidecar" else net.add("demur")
        for name in ("model", "node"):
            net.add(name)
        _, model = net.cable(inside, "model")
        admin, _ = net.cable(inside, "node")
        at = "127.0.0.1" if inside == application else net.cable(application, inside)[1]
        if request.param == "sidecar":
            objects = parent(tmp_path / "chart", {**values(model), "secrets": {"env": []}})
        else:
            path = tmp_path / "values.yaml"
            path.write_text(yaml.safe_dump(values(model)))
            objects = render(path)
        config = layout(tmp_path, objects)
        container = objects.demur()
        args = [str(arg).replace("/etc/demur/demur.yaml", str(config)) for arg in container["args"]]
        env = {one["name"]: one["value"] for one in container["env"] if "value" in one}
        places = {"application": application, "demur": inside}
        pod = Pod(net, tmp_path, objects, places, {"demur": at, "admin": admin, "model": model})
        upstream = net.inside("model", python(UPSTREAM, "--listen", "0.0.0.0:8000"))
        with (
            running(upstream, tmp_path / "model.log"),
            running(net.inside(inside, [demur, *args]), tmp_path / "demur.log", env) as child,
        ):
            pod.demur = child
            eventually("demur is ready", lambda: pod.admin("/readyz")[0] == 200)
            yield pod
    finally:
        net.close()


def test_rehearsal(pod):
    answer = pod.ask()
    assert answer.startswith("Here is how that is done"), answer

    # Nobody but the application reaches the traffic of a sidecar, and the application reaches no model itself.
    shared = pod.places["application"] == pod.places["demur"]
    traffic, _ = pod.fetch("node", f"http://{pod.addresses['admin']}:8080/v1/models")
    assert traffic == (0 if shared else 200)
    if not shared:
        direct, _ = pod.fetch("application", f"http://{pod.addresses['model']}:8000/v1/models")
        assert direct == 0, "there is a way around the guard"
    assert pod.admin("/livez")[0] == 200

    # A ConfigMap is changed: in force without a restart.
    pod.update(BLOCKS, "two")
    eventually("the new policy is in force", lambda: pod.ask().startswith("error 400"))
    assert "not today" in pod.ask()

    # A broken one changes nothing, and says so.
    pod.update(BROKEN, "three")
    eventually("the failure is seen", lambda: "demur_config_reload_failed 1" in pod.admin("/metrics")[1])
    assert "not today" in pod.ask()
    assert pod.admin("/readyz")[0] == 200, "a broken policy takes no gateway out of service"
    pod.update(UNUSED, "four")
    eventually("the old policy is in force again", lambda: pod.ask() == answer)

    drains_with_an_open_stream(pod, answer)


def drains_with_an_open_stream(pod, answer):
    """SIGTERM while a stream is open: no new traffic, "not ready", and the stream comes to its own end."""
    command = [str(part) for part in pod.application("stream", "Tell me slowly.")]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert client.stdout.readline() == "first\n"
    pod.demur.send_signal(signal.SIGTERM)
    began = time.monotonic()
    eventually("it says that it drains", lambda: pod.admin("/readyz")[0] == 503)
    assert client.poll() is None, "the stream was over before anything was seen"
    assert pod.ask().startswith("error 0"), "it still takes new requests"
    text, problem = client.communicate(timeout=60)
    assert text.strip() == answer, f"{text}{problem}"
    assert pod.demur.wait(timeout=30) == 0
    grace = pod.objects.pod()["terminationGracePeriodSeconds"]
    assert time.monotonic() - began < grace, "Kubernetes would have killed it"
    log = (pod.folder / "demur.log").read_text()
    assert not re.search(r'"level":"ERROR"(?!.*policies not reloaded)', log), log
