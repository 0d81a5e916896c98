"""Prometheus itself scrapes a demur under traffic: its metrics are well formed, and the dashboard finds its figures."""

import json
import re
import subprocess
import urllib.parse
import urllib.request

import pytest
import yaml

from chart import ROOT
from ground import TRAFFIC, UPSTREAM, eventually, free_port, get, python, running
from test_observability import RULES, counted, panels

# What one upstream, the library that demur brings and a few requests do not bring about.
QUIET = re.compile("shadow|dropped|retries|broken|rate_limited|file_reloads")

# What the traffic of the demo has to leave behind.
SEEN = ["passed", "blocked", "softened"]


@pytest.fixture(scope="module")
def live(demur, tmp_path_factory):
    """The addresses of demur's admin port and of Prometheus, with traffic behind them and traffic under way."""
    home = tmp_path_factory.mktemp("live")
    model, traffic, admin, web = (free_port() for _ in range(4))
    config = {
        "listen": f"127.0.0.1:{traffic}",
        "admin": f"127.0.0.1:{admin}",
        "upstreams": [{"name": "main", "url": f"http://127.0.0.1:{model}"}],
        "classifiers": {"onUnavailable": "block", "dirs": [str(ROOT / "classifiers/models")]},
        "records": {"path": str(home / "records.jsonl")},
    }
    (home / "demur.yaml").write_text(yaml.safe_dump(config))
    scrape = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "demur", "static_configs": [{"targets": [f"127.0.0.1:{admin}"]}]}],
    }
    (home / "prometheus.yml").write_text(yaml.safe_dump(scrape))
    prometheus = ["prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/tsdb"]
    prometheus.append(f"--web.listen-address=127.0.0.1:{web}")
    url = f"http://127.0.0.1:{traffic}"
    with (
        running(python(UPSTREAM, "--listen", f"127.0.0.1:{model}"), home / "upstream.log"),
        running([demur, "serve", "--config", home / "demur.yaml"], home / "demur.log"),
        running(prometheus, home / "prometheus.log"),
    ):
        admin, web = f"http://127.0.0.1:{admin}", f"http://127.0.0.1:{web}"
        eventually("demur is ready", lambda: get(f"{admin}/readyz")[0] == 200)
        eventually("Prometheus is ready", lambda: get(f"{web}/-/ready")[0] == 200)
        eventually("the first scrape", lambda: query(web, "demur_requests_in_flight"))
        done = subprocess.run(python(TRAFFIC, url, "--count", "40", "--pause", "0.05"), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        urllib.request.urlopen(urllib.request.Request(f"{admin}/reload", method="POST"), timeout=30).close()
        with running(python(TRAFFIC, url, "--count", "600", "--pause", "0.1"), home / "traffic.log"):
            # Three scrapes with traffic between them, so that there is a rate.
            expression = 'sum(increase(demur_requests_total{outcome="passed"}[30s])) > 3'
            eventually("a rate", lambda: query(web, expression))
            yield admin, web, home


def query(web, expression):
    """What Prometheus answers now."""
    status, text = get(f"{web}/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
    if status != 200:
        # Not ready yet is no answer; an expression it cannot read is.
        assert status in (0, 503), text
        return []
    return json.loads(text)["data"]["result"]


def test_the_metrics_are_well_formed(live):
    text = get(f"{live[0]}/metrics")[1]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_counted_is_what_the_reference_says(live):
    text = get(f"{live[0]}/metrics")[1]
    series = counted()
    names = set()
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels = re.fullmatch(r"(\w+)(?:\{(.*)\})? \S+", line).groups()
        assert set(re.findall(r'(\w+)="', labels or "")) <= series[name], line
        names.add(name)
    assert len(names) > 20
    outcomes = set(re.findall(r'demur_requests_total\{.*?outcome="(\w+)"', text))
    assert outcomes >= set(SEEN), outcomes


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_every_panel_has_figures(live, panel):
    for target in panel["targets"]:
        expression = target["expr"].replace("$__rate_interval", "30s").replace('"$job"', '".*"').replace('"$instance"', '".*"')
        if QUIET.search(expression):
            query(live[1], expression)
            continue
        found = eventually(panel["title"], lambda: query(live[1], expression))
        labels = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        assert labels <= set(found[0]["metric"]), f"the legend names {labels}, the series have {found[0]['metric']}"


def test_prometheus_evaluates_every_rule(live):
    def healthy():
        groups = json.loads(get(f"{live[1]}/api/v1/rules")[1])["data"]["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        assert not [rule for rule in rules if rule["health"] == "err"], rules
        return rules and all(rule["health"] == "ok" for rule in rules)

    eventually("every rule is evaluated", healthy)


def test_prometheus_takes_the_configuration_of_the_demo(tmp_path):
    text = (ROOT / "deploy/demo/prometheus.yml").read_text().replace("/etc/prometheus/rules.yaml", str(RULES))
    (tmp_path / "prometheus.yml").write_text(text)
    done = subprocess.run(["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
