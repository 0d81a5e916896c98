"""Wrong values are refused before anything is installed, with a message that names the value and the way out."""

import re

import pytest

from chart import Refused, parent, render

# By the schema: what is given, and what the message has to say.
SCHEMA = {
    "a key in the values": ("config.upstreams[0].apiKey=sk-secret", r"/config/upstreams/0/apiKey.*got string, want object"),
    "a misspelt value": ("replicas=3", r"'replicas' not allowed"),
    "a misspelt key of demur.yaml": ("config.clasifiers.timeout=2s", r"/config.*'clasifiers' not allowed"),
    "text for a number": ("replicaCount=two", r"/replicaCount.*got string, want integer"),
    "no gateway": ("replicaCount=0", r"/replicaCount.*minimum.*1"),
    "an unknown mode": ("mode=daemonset", r"/mode.*'gateway', 'sidecar'"),
    "no failure mode": ("config.classifiers.onUnavailable=null", r"/config/classifiers.*missing property 'onUnavailable'"),
    "an unknown failure mode": ("config.classifiers.onUnavailable=maybe", r"/config/classifiers/onUnavailable.*'block', 'allow'"),
    "no upstream": ("config.upstreams=[]", r"/config/upstreams.*minItems"),
    "a URL without a scheme": ("config.upstreams[0].url=api.openai.com", r"/config/upstreams/0/url.*https\?"),
    "a duration without a unit": ("config.classifiers.timeout=2", r"/config/classifiers/timeout.*got number, want string"),
    "neither URL nor endpoints": ('config.upstreams=[{"name":"a"}]', r"/config/upstreams/0.*(?s:.*)missing property 'url'"),
    "a privileged port": ("ports.traffic=80", r"/ports/traffic.*minimum.*1,?024"),
    "an unknown source": ("policies.source=s3", r"/policies/source.*'builtin', 'inline', 'configMap', 'claim', 'gitSync'"),
    "an unknown client": ("sidecar.clients=[\"cohere\"]", r"/sidecar/clients/0.*'openai'"),
    "an absolute folder in a repository": ("policies.gitSync.path=/policies", r"/policies/gitSync/path.*pattern"),
    "a digest that is none": ("image.digest=latest", r"/image/digest.*sha256"),
    "a drain of the chart's own": ("config.limits.drainTimeout=9s", r"/config/limits.*'drainTimeout' not allowed"),
    "a key from two places": ("config.upstreams[0].apiKey.env=A,config.upstreams[0].apiKey.file=b", r"/config/upstreams/0/apiKey.*maxProperties"),
}

# By the templates: values that contradict each other.
TOGETHER = {
    "inline and nothing": ("policies.source=inline", "policies.inline is empty"),
    "files that are not used": ("policies.inline.a\\.yaml=x", "set policies.source to `inline`"),
    "a file that demur does not read": ("policies.source=inline,policies.inline.a=x", "call it `a.yaml`"),
    "a ConfigMap without a name": ("policies.source=configMap", "name the ConfigMap"),
    "a claim without a name": ("policies.source=claim", "name the PersistentVolumeClaim"),
    "git without a repository": ("policies.source=gitSync", "name the repository"),
    "a variable that nothing sets": ('config.upstreams=[{"name":"a","url":"http://a","apiKey":{"env":"KEY"}}]', "nothing sets the variable `KEY`; add it to secrets.env"),
    "a file that nothing mounts": ('config.upstreams=[{"name":"a","url":"http://a","apiKey":{"file":"secrets/llm/key"}}]', "add `llm` to secrets.files"),
    "a name used twice": ('config.upstreams=[{"name":"a","url":"http://a"},{"name":"a","url":"http://b"}]', "the name `a` is used twice"),
    "a helper without upstream": ('config.helper={"upstream":"x","model":"m"}', "there is no upstream `x`; there is main"),
    "probes without a certificate": ('config.adminTls={"certificate":"c","key":"k","clients":{"ca":"c"}}', "the kubelet's probes have no certificate"),
    "one port for two": ("ports.admin=8080", "the same port"),
    "a budget of two kinds": ("podDisruptionBudget.minAvailable=1", "set one of them"),
    "a budget that stops every drain": ("podDisruptionBudget.minAvailable=2,podDisruptionBudget.maxUnavailable=", "no node could ever be drained"),
    "less than the least": ("autoscaling.minReplicas=20", "more than autoscaling.maxReplicas"),
    "a GPU that nobody asked for": ("config.classifiers.provider=cuda", "set gpu.enabled"),
}


def refused(given):
    with pytest.raises(Refused) as caught:
        render("defaults", sets=[given])
    return str(caught.value)


@pytest.mark.parametrize("case", SCHEMA)
def test_the_schema_refuses(case):
    given, says = SCHEMA[case]
    message = refused(given)
    assert re.search(says, message), message


@pytest.mark.parametrize("case", TOGETHER)
def test_the_chart_refuses(case):
    given, says = TOGETHER[case]
    message = refused(given)
    assert says in message, message


def test_the_schema_holds_for_a_dependency_too(tmp_path):
    with pytest.raises(Refused, match="/sidecar.*'nativ' not allowed"):
        parent(tmp_path, {"sidecar": {"nativ": True}})
