"""Every set of values makes what it promises, valid for Kubernetes, and a configuration that demur takes."""

import os
import shutil
import subprocess

import pytest
import yaml

from chart import CHART, ROOT, VALUES, Refused, helm, layout, parent, render

SETS = sorted(path.stem for path in VALUES.glob("*.yaml"))
VERSIONS = ["1.28.0", "1.29.0", "1.31.0", "1.34.0"]


TENANTS = f"tenants: [{{name: shop, keys: ['sha256:{'0' * 64}']}}]\n"


def check(demur, config, env):
    """`demur check` on a configuration, with the classifiers of this repository."""
    command = [demur, "check", "--config", config, "--models", ROOT / "classifiers/models"]
    # Where a GPU is asked for, none is needed to read the configuration.
    return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **env}, cwd=ROOT)


def certificates(secrets):
    """What the cluster's own secrets would hold: an authority, a certificate of its own making, and tenants."""
    for name in ("ca", "server", "tenants"):
        (secrets / name).mkdir(parents=True, exist_ok=True)
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=try"]
    made += ["-keyout", secrets / "server/tls.key", "-out", secrets / "server/tls.crt"]
    subprocess.run(made, check=True, capture_output=True)
    for copy in ("server/ca.crt", "ca/ca.pem"):
        shutil.copy(secrets / "server/tls.crt", secrets / copy)
    (secrets / "tenants/tenants.conf").write_text(TENANTS)


def test_there_are_enough_sets():
    assert len(SETS) >= 12


@pytest.mark.parametrize("name", SETS)
def test_lint(name):
    helm("lint", "--strict", "--quiet", "--kube-version", "1.31.0", "--values", VALUES / f"{name}.yaml", CHART)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SETS)
def test_valid(name, version):
    # Native sidecars are younger than the oldest Kubernetes that the chart takes.
    sets = ["sidecar.native=false"] if version == "1.28.0" else []
    render(name, kubernetes=version, sets=sets).validate()


@pytest.mark.parametrize("name", SETS)
def test_every_pod_is_locked_down(name):
    objects = render(name)
    pods = [one["spec"] for one in objects.of("Pod")]
    pods += [one["spec"]["template"]["spec"] for one in objects.of("Deployment")]
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["seccompProfile"]
        for one in pod.get("initContainers", []) + pod["containers"]:
            context = one["securityContext"]
            assert context["readOnlyRootFilesystem"] and context["runAsNonRoot"]
            assert context["allowPrivilegeEscalation"] is False and context["capabilities"] == {"drop": ["ALL"]}
            assert "memory" in one["resources"]["limits"], one["name"]


@pytest.mark.parametrize("name", SETS)
def test_selectors_meet_their_pods(name):
    objects = render(name)
    for deployment in objects.of("Deployment"):
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        ports = {port["name"] for port in objects.demur()["ports"]}
        selectors = [deployment["spec"]["selector"]["matchLabels"]]
        for service in objects.of("Service"):
            selectors.append(service["spec"]["selector"])
            assert {port["targetPort"] for port in service["spec"]["ports"]} <= ports
        for kind in ("PodDisruptionBudget", "NetworkPolicy"):
            for one in objects.of(kind):
                selectors.append((one["spec"].get("podSelector") or one["spec"].get("selector"))["matchLabels"])
        for selector in selectors:
            assert selector.items() <= labels.items()
        # A selector cannot be changed later, so nothing that changes with a version may be in it.
        assert set(selectors[0]) == {"app.kubernetes.io/name", "app.kubernetes.io/instance"}
        # And the pod of `helm test` must not get traffic.
        for pod in objects.of("Pod"):
            assert not selectors[0].items() <= pod["metadata"]["labels"].items()


@pytest.mark.parametrize("name", SETS)
def test_demur_takes_the_configuration(name, demur, tmp_path):
    objects = render(name)
    config = layout(tmp_path, objects, secrets=["key"])
    if not config.exists():
        config.write_text(yaml.safe_dump(objects.config()).replace("/etc/demur", str(config.parent)))
    text = config.read_text()
    # Policies that the cluster brings, and a GPU, are not here.
    policies = config.parent / "policies"
    for folder in (policies / "current", policies / "current/production", policies):
        if f"dir: {folder}\n" in text:
            folder.mkdir(parents=True, exist_ok=True)
            if not list(folder.glob("*.yaml")):
                (folder / "a.yaml").write_text((ROOT / "policies/library/block-harm.yaml").read_text())
    config.write_text(text.replace("provider: requireCuda", "provider: cuda"))
    certificates(config.parent / "secrets")
    done = check(demur, config, {"OPENAI_API_KEY": "x", "ANTHROPIC_API_KEY": "x"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_demur_refuses_a_configuration_that_is_wrong(demur, tmp_path):
    """Or the test above would show nothing."""
    config = layout(tmp_path, render("defaults"))
    config.write_text(config.read_text().replace("onUnavailable: block", "onUnavailable: perhaps"))
    assert check(demur, config, {}).returncode == 2


def test_defaults():
    objects = render("defaults")
    assert objects.names() == [
        "ConfigMap/rel-demur",
        "Deployment/rel-demur",
        "Pod/rel-demur-answers",
        "PodDisruptionBudget/rel-demur",
        "Service/rel-demur",
        "Service/rel-demur-admin",
        "ServiceAccount/rel-demur",
    ]
    deployment = objects.one("Deployment")["spec"]
    assert deployment["replicas"] == 2
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    container = objects.demur()
    assert container["image"] == "demur:0.1.0"
    assert container["startupProbe"]["httpGet"] == {"path": "/readyz", "port": 9090, "scheme": "HTTP"}
    assert container["startupProbe"]["failureThreshold"] == 60
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    config = objects.config()
    assert config["listen"] == "0.0.0.0:8080" and "policies" not in config and "helper" not in config
    assert len(objects.pod()["topologySpreadConstraints"]) == 2


def test_there_is_time_to_drain():
    for name in SETS:
        objects = render(name)
        if not objects.of("Deployment"):
            continue
        pause = objects.demur().get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        drain = int(objects.config()["limits"]["drainTimeout"].removesuffix("s"))
        assert objects.pod()["terminationGracePeriodSeconds"] >= pause + drain + 10, name
    assert render("defaults").demur()["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}
    assert "lifecycle" not in render("defaults", kubernetes="1.29.0").demur(), "no such action before 1.30"
    assert "lifecycle" not in render("single").demur()
    assert render("single").config()["limits"]["drainTimeout"] == "120s"


def test_gateway_with_everything():
    objects = render("gateway-full")
    assert {one["metadata"]["name"] for one in objects.of("Service")} == {"guard", "guard-admin"}
    assert all(one["metadata"]["labels"].get("team") == "trust-and-safety" for one in objects if one["kind"] != "Pod")
    container = objects.demur()
    assert container["image"].startswith("registry.example/demur@sha256:0123")
    assert {"name": "OPENAI_API_KEY", "valueFrom": {"secretKeyRef": {"name": "llm", "key": "openai"}}} in container["env"]
    assert objects.pod()["imagePullSecrets"] == [{"name": "registry"}]
    assert objects.pod()["priorityClassName"] == "high"
    template = objects.one("Deployment")["spec"]["template"]["metadata"]
    assert template["labels"]["zone"] == "inner" and template["annotations"]["note"] == "one"
    config = objects.config()
    assert config["helper"] == {"upstream": "main", "model": "gpt-4o-mini", "timeout": "8s"}
    assert config["judge"] == {"system": False}, "what is false is said too"
    assert config["limits"] == {"drainTimeout": "30s", "maxBodyBytes": 1048576, "requestTimeout": "5m"}
    assert objects.one("Service", "guard")["spec"]["ports"][0]["port"] == 8000
    policy = objects.one("NetworkPolicy")["spec"]
    clients, scrapers = policy["ingress"]
    assert clients["ports"] == [{"protocol": "TCP", "port": 8080}]
    assert clients["from"] == [{"namespaceSelector": {"matchLabels": {"llm": "yes"}}}]
    assert scrapers["ports"] == [{"protocol": "TCP", "port": 9090}]
    assert policy["egress"][1]["ports"] == [{"protocol": "TCP", "port": 443}, {"protocol": "TCP", "port": 8000}]
    monitor = objects.one("ServiceMonitor")
    admin = objects.one("Service", "guard-admin")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= admin["metadata"]["labels"].items()
    assert not monitor["spec"]["selector"]["matchLabels"].items() <= objects.one("Service", "guard")["metadata"]["labels"].items()
    assert monitor["spec"]["endpoints"][0]["port"] == "admin" and monitor["metadata"]["labels"]["release"] == "prometheus"
    rules = objects.one("PrometheusRule")["spec"]
    assert rules == yaml.safe_load((ROOT / "deploy/prometheus/rules.yaml").read_text())
    board = objects.one("ConfigMap", "guard-dashboard")
    assert board["data"]["demur.json"].strip() == (ROOT / "deploy/grafana/dashboard.json").read_text().strip()


def test_no_secret_is_in_any_object():
    for name in SETS:
        objects = render(name)
        assert not objects.of("Secret"), "secrets are the cluster's; the chart names them"


def test_autoscaled():
    objects = render("autoscaled")
    assert "replicas" not in objects.one("Deployment")["spec"], "or every upgrade would undo the autoscaler"
    scaler = objects.one("HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 12)
    assert scaler["scaleTargetRef"]["name"] == "rel-demur"
    assert [one["type"] for one in scaler["metrics"]] == ["Resource", "Pods"]
    budget = objects.one("PodDisruptionBudget")["spec"]
    assert budget["minAvailable"] == 2 and "maxUnavailable" not in budget


def test_inline_policies():
    objects = render("inline-policies")
    policies = objects.one("ConfigMap", "rel-demur-policies")["data"]
    assert "{{ not a template }}" in policies["storefront.yaml"], "policies have braces of their own"
    assert objects.config()["policies"] == {"dir": "/etc/demur/policies"}
    mount = [one for one in objects.demur()["volumeMounts"] if one["mountPath"] == "/etc/demur/policies"]
    assert len(mount) == 1 and "subPath" not in mount[0], "a subPath would never be updated"


def test_a_changed_policy_starts_no_pod_anew_and_a_changed_configuration_does():
    def checksum(*sets):
        template = render("inline-policies", sets=sets).one("Deployment")["spec"]["template"]
        return template["metadata"]["annotations"]["checksum/config"]

    assert checksum() == checksum("policies.inline.storefront\\.yaml=other")
    assert checksum() != checksum("config.classifiers.timeout=3s")


def test_policies_from_elsewhere():
    volumes = {one["name"]: one for one in render("configmap-policies").pod()["volumes"]}
    assert volumes["demur-policies"]["configMap"] == {"name": "their-policies"}
    objects = render("claim-policies")
    volumes = {one["name"]: one for one in objects.pod()["volumes"]}
    assert volumes["demur-policies"]["persistentVolumeClaim"] == {"claimName": "policies", "readOnly": True}
    mount = [one for one in objects.demur()["volumeMounts"] if one["name"] == "demur-policies"][0]
    assert mount["subPath"] == "production" and mount["readOnly"]


def test_policies_from_git():
    objects = render("git-http")
    assert objects.config()["policies"]["dir"] == "/etc/demur/policies/current/production"
    pod = objects.pod()
    first, beside = pod["initContainers"][0], pod["containers"][1]
    assert "--one-time" in first["args"] and "--ref=v1.4" in first["args"]
    assert "--period=15s" in beside["args"] and "--one-time" not in beside["args"]
    for one in (first, beside):
        assert {"name": "demur-policies", "mountPath": "/git"} in one["volumeMounts"]
        assert {one["name"] for one in one["env"]} == {"HOME", "GITSYNC_USERNAME", "GITSYNC_PASSWORD"}
    ssh = render("git-ssh").pod()
    assert "--ssh-key-file=/secret/ssh-privatekey" in ssh["initContainers"][0]["args"]
    assert {one["name"] for one in ssh["initContainers"][0]["env"]} == {"HOME"}
    assert [one["secret"]["secretName"] for one in ssh["volumes"] if "secret" in one] == ["git-key"]


def test_gpu():
    objects = render("gpu")
    container, pod = objects.demur(), objects.pod()
    assert container["image"] == "demur:0.1.0-cuda"
    assert container["resources"]["limits"] == {"memory": "1Gi", "nvidia.com/gpu": 1}
    assert objects.config()["classifiers"]["provider"] == "requireCuda"
    assert pod["runtimeClassName"] == "nvidia"
    assert pod["nodeSelector"] == {"kubernetes.io/arch": "amd64", "nvidia.com/gpu.product": "NVIDIA-L4"}
    assert [one["key"] for one in pod["tolerations"]] == ["team", "nvidia.com/gpu"]
    objects = render("gpu-optional")
    assert objects.config()["classifiers"]["provider"] == "cuda"
    assert objects.demur()["resources"]["limits"]["nvidia.com/mig-1g.10gb"] == 1
    plain = render("defaults")
    assert "nvidia.com/gpu" not in plain.demur()["resources"]["limits"] and "tolerations" not in plain.pod()
    assert "provider" not in plain.config()["classifiers"]


def test_secret_files():
    objects = render("secret-files")
    mounts = {one["mountPath"]: one["name"] for one in objects.demur()["volumeMounts"]}
    volumes = {one["name"]: one for one in objects.pod()["volumes"]}
    for secret in ("llm", "ca"):
        assert volumes[mounts[f"/etc/demur/secrets/{secret}"]]["secret"]["secretName"] == secret


def test_tls_and_endpoints():
    objects = render("tls-and-keys")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert objects.demur()[probe]["httpGet"]["scheme"] == "HTTPS"
    assert objects.one("Service", "rel-demur")["spec"]["ports"][0]["appProtocol"] == "https"
    endpoint = objects.one("ServiceMonitor")["spec"]["endpoints"][0]
    assert (endpoint["scheme"], endpoint["tlsConfig"]) == ("https", {"serverName": "demur.example"})
    ports = [port["port"] for port in objects.one("NetworkPolicy")["spec"]["egress"][1]["ports"]]
    assert ports == [8443, 80]
    assert not objects.of("Pod"), "the pod of `helm test` has no certificate to show"
    assert render("defaults").demur()["livenessProbe"]["httpGet"]["scheme"] == "HTTP"


def test_single():
    objects = render("single")
    assert not objects.of("PodDisruptionBudget") and not objects.of("ServiceAccount")
    assert objects.pod()["serviceAccountName"] == "default"
    assert "topologySpreadConstraints" not in objects.pod()
    assert objects.demur()["envFrom"] == [{"secretRef": {"name": "llm"}}]


def test_ports_and_extras():
    objects = render("ports")
    assert (objects.config()["listen"], objects.config()["admin"]) == ("0.0.0.0:18080", "0.0.0.0:19090")
    assert objects.demur()["livenessProbe"]["httpGet"]["port"] == 19090
    policy = objects.one("NetworkPolicy")["spec"]
    assert len(policy["ingress"]) == 1, "nobody may scrape until somebody is named"
    assert policy["ingress"][0]["from"] == [{"podSelector": {}}]
    assert policy["egress"][-1]["ports"] == [{"protocol": "TCP", "port": 3128}]
    assert {"name": "HTTPS_PROXY", "value": "http://proxy.example:3128"} in objects.demur()["env"]
    assert {"name": "models", "mountPath": "/models", "readOnly": True} in objects.demur()["volumeMounts"]


def test_sidecar_mode_runs_nothing():
    objects = render("sidecar-objects")
    assert objects.names() == [
        "ConfigMap/rel-demur",
        "ConfigMap/rel-demur-policies",
        "PodMonitor/rel-demur",
        "PrometheusRule/rel-demur",
    ]
    assert objects.config()["listen"] == "127.0.0.1:8080", "only the application's own pod is served"


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_native_sidecar(version, tmp_path):
    objects = parent(tmp_path, {"monitor": {"enabled": True}}, kubernetes=version).validate()
    pod = objects.pod()
    assert [one["name"] for one in pod["containers"]] == ["storefront"]
    sidecar = pod["initContainers"][-1]
    assert (sidecar["name"], sidecar["restartPolicy"]) == ("demur", "Always")
    assert "lifecycle" not in sidecar, "a native sidecar ends after the application anyway"
    env = {one["name"]: one["value"] for one in pod["containers"][0]["env"]}
    assert env == {"OPENAI_BASE_URL": "http://127.0.0.1:8080/v1", "ANTHROPIC_BASE_URL": "http://127.0.0.1:8080"}
    maps = {one["metadata"]["name"] for one in objects.of("ConfigMap")}
    assert {one["configMap"]["name"] for one in pod["volumes"]} <= maps
    labels = objects.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    monitor = objects.one("PodMonitor")["spec"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert monitor["podMetricsEndpoints"][0]["port"] in {port["name"] for port in sidecar["ports"]}


def test_plain_sidecar(tmp_path):
    values = {"sidecar": {"native": False, "clients": ["gemini", "ollama", "azure"]}, "ports": {"traffic": 18080}}
    objects = parent(tmp_path, values, kubernetes="1.30.0").validate()
    pod = objects.pod()
    assert [one["name"] for one in pod["containers"]] == ["storefront", "demur"]
    assert not pod["initContainers"]
    assert pod["containers"][1]["lifecycle"]["preStop"] == {"sleep": {"seconds": 5}}
    env = {one["name"]: one["value"] for one in pod["containers"][0]["env"]}
    assert set(env) == {"GOOGLE_GEMINI_BASE_URL", "OLLAMA_HOST", "AZURE_OPENAI_ENDPOINT"}
    assert set(env.values()) == {"http://127.0.0.1:18080"}


@pytest.mark.parametrize("native", [True, False])
def test_sidecar_with_git(native, tmp_path):
    git = {"source": "gitSync", "gitSync": {"repo": "https://git.example/policies.git"}}
    pod = parent(tmp_path, {"sidecar": {"native": native}, "policies": git}).validate().pod()
    names = [one["name"] for one in pod["initContainers"]]
    # The first run fills the folder before demur starts; both that stay come after it.
    assert names == (["demur-policies-first", "demur-policies", "demur"] if native else ["demur-policies-first"])
    always = [one["name"] for one in pod["initContainers"] if one.get("restartPolicy") == "Always"]
    assert always == (["demur-policies", "demur"] if native else [])


def test_a_sidecar_is_refused_where_kubernetes_knows_none(tmp_path):
    with pytest.raises(Refused, match="set sidecar.native to false"):
        parent(tmp_path, kubernetes="1.28.0")


def test_helm_test_asks_without_an_upstream():
    pod = render("defaults").one("Pod")
    assert pod["metadata"]["annotations"]["helm.sh/hook"] == "test"
    script = pod["spec"]["containers"][0]["args"][0]
    assert "http://rel-demur.llm.svc:80/v1/chat/completions" in script


def test_notes_say_what_is_open(tmp_path):
    # Helm shows notes only where there is a cluster, so here they are an object of a copy of the chart.
    copy = shutil.copytree(CHART, tmp_path / "demur")
    text = (copy / "templates/NOTES.txt").read_text()
    wrapped = '{{- define "notes" }}' + text + '{{ end }}\nkind: Notes\ntext: {{ include "notes" . | quote }}\n'
    (copy / "templates/notes.yaml").write_text(wrapped)

    def notes(name):
        return render(name, chart=copy, show="templates/notes.yaml").one("Notes")["text"]

    assert "networkPolicy.enabled is false" in notes("defaults")
    assert "onUnavailable is `allow`" in notes("secret-files")
    assert "with one gateway" in notes("single")
    assert "Note:" not in notes("gateway-full")
    assert "http://guard.llm.svc:8000/v1" in notes("gateway-full")
    assert "Nothing runs yet" in notes("sidecar-objects")
