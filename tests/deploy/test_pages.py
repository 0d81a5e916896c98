"""The reference of the values says what the chart takes, and the chart takes what demur takes."""

import json
import re

from chart import CHART, ROOT
from pages import PAGE, documented, page


def test_the_reference_is_what_the_values_say():
    assert PAGE.read_text() == page(), "docs/reference/helm-values.md is out of date: run `make docs`"


def test_the_reference_has_every_value_of_the_schema():
    schema = json.loads((CHART / "values.schema.json").read_text())
    # `global` and `enabled` belong to charts that have this one as a dependency, `config` to demur.
    known = {path.split(".")[0] for path in documented()} | {"global", "enabled"}
    assert set(schema["properties"]) == known


def test_the_schema_knows_every_key_of_the_configuration():
    """A key that demur learns and the chart does not could not be set here."""
    files = [ROOT / "proxy/src/config/raw.rs", *(ROOT / "proxy/src/config/raw").glob("*.rs")]
    source = "\n".join(file.read_text() for file in files)
    structs = dict(re.findall(r"pub struct (\w+) \{\n(.*?)\n\}", source, re.S))

    def keys(name):
        words = re.findall(r"^    pub (?:r#)?(\w+):", structs[name], re.M)
        return {re.sub(r"_(.)", lambda found: found[1].upper(), word) for word in words}

    config = json.loads((CHART / "values.schema.json").read_text())["properties"]["config"]["properties"]
    # The chart's own business: where it listens, where policies are, and how long a drain takes.
    assert set(config) == keys("File") - {"listen", "admin", "policies"}
    upstream = config["upstreams"]["items"]["properties"]
    assert set(upstream) == keys("Upstream")
    assert set(upstream["endpoints"]["items"]["properties"]) == keys("Endpoint")
    for name, key in [("Retry", "retry"), ("Breaker", "breaker"), ("Identity", "clientCertificate")]:
        assert set(upstream[key]["properties"]) == keys(name), key
    sections = {"Helper": "helper", "Classifiers": "classifiers", "Judge": "judge", "Stream": "stream", "Records": "records"}
    for name, key in {**sections, "Keys": "keys", "Tls": "tls"}.items():
        assert set(config[key]["properties"]) == keys(name), key
    assert set(config["tls"]["properties"]["clients"]["properties"]) == keys("Clients")
    assert set(config["limits"]["properties"]) == keys("Limits") - {"drainTimeout"}
