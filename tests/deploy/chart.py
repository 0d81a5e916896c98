"""Renders the chart as Helm does, reads what comes out, and holds it against the schemas of Kubernetes."""

import os
import shutil
import subprocess
from pathlib import Path

import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm/demur"
VALUES = Path(__file__).parent / "values"
PARENT = Path(__file__).parent / "parent"

KUBERNETES = "1.31.0"
"""The version that a rendering is for when a test does not say otherwise."""

OPERATOR = "monitoring.coreos.com/v1"
"""Objects of Prometheus Operator; `operator-check` knows their types."""


class Refused(Exception):
    """Helm would not render; the text is what it told the user."""


def helm(*args):
    """Helm's output, or its complaint as `Refused`."""
    # Nothing of the user's own Helm may play a part.
    done = subprocess.run(["helm", *map(str, args)], capture_output=True, text=True)
    if done.returncode != 0:
        raise Refused(done.stdout + done.stderr)
    return done.stdout


def render(values=None, *, kubernetes=KUBERNETES, chart=CHART, sets=(), show=None):
    """The objects that an installation called `rel` makes. `values` is the name of a file in `values/`, or a path."""
    args = ["template", "rel", chart, "--namespace", "llm", "--kube-version", kubernetes]
    if values is not None:
        args += ["--values", VALUES / f"{values}.yaml" if isinstance(values, str) else values]
    for one in sets:
        args += ["--set-json" if "=[" in one or "={" in one else "--set", one]
    if show:
        args += ["--show-only", show]
    return Objects(yaml.safe_load_all(helm(*args)), kubernetes)


class Objects(list):
    """What was rendered, found by kind and name."""

    def __init__(self, documents, kubernetes):
        super().__init__(document for document in documents if document)
        self.kubernetes = kubernetes

    def of(self, kind):
        """All objects of this kind."""
        return [one for one in self if one["kind"] == kind]

    def one(self, kind, name=None):
        """The only object of this kind (and name)."""
        found = [one for one in self.of(kind) if name in (None, one.get("metadata", {}).get("name"))]
        assert len(found) == 1, f"{len(found)} objects of kind {kind} and name {name}: {self.names()}"
        return found[0]

    def names(self):
        """Kind and name of each."""
        return sorted(f"{one['kind']}/{one['metadata']['name']}" for one in self)

    def pod(self):
        """The pod's specification in the only Deployment."""
        return self.one("Deployment")["spec"]["template"]["spec"]

    def demur(self):
        """The container of demur in it, wherever it stands."""
        pod = self.pod()
        found = [one for one in pod.get("initContainers", []) + pod["containers"] if one["name"] == "demur"]
        assert len(found) == 1, pod
        return found[0]

    def config(self):
        """demur.yaml as rendered, read."""
        maps = [one for one in self.of("ConfigMap") if "demur.yaml" in one["data"]]
        assert len(maps) == 1, self.names()
        return yaml.safe_load(maps[0]["data"]["demur.yaml"])

    def validate(self):
        """Holds every object against the schemas of its Kubernetes, unknown fields refused."""
        assert self, "nothing was rendered"
        operators = [one for one in self if one["apiVersion"] == OPERATOR]
        for one in self:
            if one not in operators:
                kubernetes_validate.validate(one, self.kubernetes, strict=True)
        if operators:
            checked = subprocess.run(
                ["operator-check"], input=yaml.safe_dump_all(operators), capture_output=True, text=True
            )
            assert checked.returncode == 0, checked.stderr
        return self


def parent(folder, values=None, **more):
    """The chart of an application that has demur as its dependency, rendered from a copy in `folder`."""
    copy = Path(folder) / "storefront"
    shutil.copytree(PARENT, copy)
    shutil.copytree(CHART, copy / "charts/demur")
    if values is not None:
        path = Path(folder) / "values.yaml"
        path.write_text(yaml.safe_dump({"demur": values}))
        more["values"] = path
    return render(chart=copy, **more)


def layout(folder, objects, *, secrets=()):
    """Puts what the pod of `objects` would see at /etc/demur below `folder`, and says where its configuration is.

    Folders from ConfigMaps look as the kubelet leaves them: the files are links through `..data`.
    """
    root = Path(folder) / "etc/demur"
    root.mkdir(parents=True)
    maps = {one["metadata"]["name"]: one["data"] for one in objects.of("ConfigMap")}
    volumes = {one["name"]: one for one in objects.pod()["volumes"]} if objects.of("Deployment") else {}
    container = objects.demur() if volumes else {"volumeMounts": []}
    for mount in container["volumeMounts"]:
        volume = volumes[mount["name"]]
        target = Path(folder) / mount["mountPath"].lstrip("/")
        if "configMap" in volume and mount.get("subPath"):
            text = maps[volume["configMap"]["name"]][mount["subPath"]]
            target.write_text(text.replace("/etc/demur", str(root)))
        elif "configMap" in volume and volume["configMap"]["name"] in maps:
            swap(target, maps[volume["configMap"]["name"]], "one")
        elif "secret" in volume:
            target.mkdir(parents=True)
            for name in secrets:
                (target / name).write_text("value")
    return root / "demur.yaml"


def swap(folder, files, version):
    """Gives a mounted ConfigMap new content as the kubelet does: a new folder, and one link that is moved onto it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"..{version}").mkdir()
    for name, text in files.items():
        (folder / f"..{version}" / name).write_text(text)
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    (folder / "..data_tmp").symlink_to(f"..{version}")
    os.replace(folder / "..data_tmp", folder / "..data")
