"""Alerts and dashboard ask only for what demur counts, every alert is tried, and every alert has its paragraph."""

import json
import re
import subprocess

import pytest
import yaml

from chart import ROOT

RULES = ROOT / "deploy/prometheus/rules.yaml"
CASES = ROOT / "tests/deploy/alerts.yaml"
DASHBOARD = ROOT / "deploy/grafana/dashboard.json"
RUNBOOK = ROOT / "docs/guides/runbook.md"

# What Prometheus itself adds to every series.
ADDED = {"job", "instance"}


def alerts():
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels():
    return [one for one in json.loads(DASHBOARD.read_text())["panels"] if one["type"] != "row"]


def expressions():
    """Every expression that is shipped, with where it stands."""
    for rule in alerts():
        yield f"alert {rule['alert']}", rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield f"panel {panel['title']}", target["expr"]
    board = json.loads(DASHBOARD.read_text())
    for one in board["annotations"]["list"]:
        yield f"annotation {one['name']}", one["expr"]
    for one in board["templating"]["list"]:
        if one["type"] == "query":
            yield f"variable {one['name']}", re.search(r"\((.*),", one["query"]["query"])[1]


def counted():
    """What demur counts: each series name with its labels, from the page that a test keeps true."""
    series = {}
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.*?) \|", (ROOT / "docs/reference/metrics.md").read_text(), re.M)
    for name, kind, labels in rows:
        names = [name] if kind != "histogram" else [f"{name}_{end}" for end in ("bucket", "sum", "count")]
        for one in names:
            series[one] = set(re.findall(r"\w+", labels)) | ADDED | ({"le"} if one.endswith("_bucket") else set())
    assert len(series) > 20
    return series


def test_every_series_and_label_that_is_asked_for_exists():
    series = counted()
    asked = 0
    for where, expression in expressions():
        for name, labels in re.findall(r"\b(demur_\w+)(?:\{([^}]*)\})?", expression):
            assert name in series, f"{where}: demur does not count `{name}`"
            unknown = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", labels)) - series[name]
            assert not unknown, f"{where}: `{name}` has no label {unknown}"
            asked += 1
        # What is grouped by has to be a label of everything in that expression.
        names = re.findall(r"\b(demur_\w+)", expression)
        for group in re.findall(r"\bby \(([^)]*)\)", expression):
            for label in re.findall(r"\w+", group):
                assert any(label in series[name] for name in names), f"{where}: nothing has the label `{label}`"
    assert asked > 40


def test_the_dashboard_leaves_nothing_out():
    shown = " ".join(expression for where, expression in expressions() if where.startswith("panel"))
    missing = {re.sub(r"_(bucket|sum|count)$", "", name) for name in counted()} - {
        re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bdemur_\w+", shown)
    }
    assert not missing, f"no panel shows {missing}"


def test_prometheus_reads_every_expression(tmp_path):
    rules = [
        # Grafana's own variables stand for a duration and for any label.
        {"record": f"r{at}", "expr": re.sub(r"\$__rate_interval|\$__interval", "5m", expression)}
        for at, (_, expression) in enumerate(expressions())
    ]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    done = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_the_rules():
    done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_and_is_silent():
    done = subprocess.run(["promtool", "test", "rules", CASES], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    tried = {}
    for case in yaml.safe_load(CASES.read_text())["tests"]:
        for one in case["alert_rule_test"]:
            tried.setdefault(one["alertname"], []).append(bool(one["exp_alerts"]))
    for rule in alerts():
        assert set(tried.get(rule["alert"], [])) == {True, False}, f"{rule['alert']} is not tried both ways"


@pytest.mark.parametrize("alert", [rule["alert"] for rule in alerts()])
def test_every_alert_says_what_to_do(alert):
    rule = next(rule for rule in alerts() if rule["alert"] == alert)
    assert rule["annotations"]["runbook"] == f"docs/guides/runbook.md#{alert.lower()}"
    assert rule["labels"]["severity"] in {"critical", "warning", "info"}
    paragraph = re.search(rf"^## {alert}\n\n(.+?)(?=^## |\Z)", RUNBOOK.read_text(), re.M | re.S)
    assert paragraph and len(paragraph[1].split()) > 40, f"{alert} has no paragraph in the runbook"


def test_the_runbook_has_no_paragraph_too_many():
    titles = re.findall(r"^## (\w+)$", RUNBOOK.read_text(), re.M)
    assert titles == [rule["alert"] for rule in alerts()]


def test_the_dashboard_is_one_that_grafana_shows():
    board = json.loads(DASHBOARD.read_text())
    ids = [one["id"] for one in board["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for one in board["panels"]:
        place = one["gridPos"]
        assert place["x"] + place["w"] <= 24, one["title"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, f"{one['title']} lies over another panel"
        taken |= cells
    for one in panels():
        assert one["title"] and one["description"] and one["targets"], one["title"]
        assert one["datasource"]["uid"] == "${datasource}", "or it works only where it was made"
        assert len({target["refId"] for target in one["targets"]}) == len(one["targets"])
        for target in one["targets"]:
            assert 'job=~"$job"' in target["expr"] and 'instance=~"$instance"' in target["expr"], one["title"]
