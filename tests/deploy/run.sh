#!/usr/bin/env bash
# Everything that is shipped for deploying: the chart, the manifests, the image, alerts and dashboard, and a sidecar in
# namespaces of its own. What that needs is installed here, at fixed versions, into a folder that is kept between runs.
#
#   tests/deploy/run.sh [ARGUMENTS OF PYTEST]
#   tests/deploy/run.sh --write                  (writes the reference of the chart's values)
#
# Needs Go 1.24 or newer (for Helm), Python 3 with venv, and Debian's apt-get. `DEMUR_BIN` names a demur to try;
# without it one is built.
set -euo pipefail
cd "$(dirname "$0")/../.."

HELM=v3.19.4
KUSTOMIZE=v5.7.1
python="${PYTHON:-python3}"
cache="$(mkdir -p "${DEMUR_TEST_CACHE:-tests/.cache}/deploy" && cd "${DEMUR_TEST_CACHE:-tests/.cache}/deploy" && pwd)"
tools="$cache/bin"
mkdir -p "$tools"

# Runs COMMAND unless it was run for this VERSION before.
once() { # NAME VERSION COMMAND...
    local name=$1 version=$2
    shift 2
    [[ $(cat "$tools/$name.version" 2>/dev/null) == "$version" ]] && return
    echo "installing $name $version"
    "$@"
    echo "$version" >"$tools/$name.version"
}

helm_by_go() {
    command -v go >/dev/null || {
        echo "error: Helm is built with Go, and there is no \`go\`; install Go 1.24 or newer" >&2
        exit 2
    }
    GOBIN="$tools" go install "helm.sh/helm/v3/cmd/helm@$HELM"
}

kustomize_by_go() {
    GOBIN="$tools" go install "sigs.k8s.io/kustomize/kustomize/v5@$KUSTOMIZE"
}

checker_by_go() {
    (cd tests/deploy/operator && go build -o "$tools/operator-check" .)
}

# The programs of Debian's package without its daemon: `promtool` checks, `prometheus` answers queries.
prometheus_by_debian() {
    local folder
    folder="$(mktemp -d)"
    (
        cd "$folder"
        apt-get download -qq prometheus 2>/dev/null || {
            ${SUDO:-} apt-get update -qq
            apt-get download -qq prometheus
        }
        dpkg-deb -x prometheus_*.deb .
        install usr/bin/promtool usr/bin/prometheus "$tools/"
    )
    rm -rf "$folder"
}

venv_by_pip() {
    rm -rf "$cache/venv"
    "$python" -m venv "$cache/venv" || {
        echo "error: \`$python\` cannot make a virtual environment (Debian: apt-get install python3-venv)" >&2
        exit 2
    }
    "$cache/venv/bin/pip" install --quiet --disable-pip-version-check \
        --requirement tests/deploy/requirements.txt --requirement tests/clients/requirements.txt
}

once venv "$({ cat tests/deploy/requirements.txt tests/clients/requirements.txt; "$python" -VV; } | sha256sum | cut -c1-12)" venv_by_pip
if [[ ${1:-} == --write ]]; then
    exec "$cache/venv/bin/python" -B tests/deploy/pages.py
fi
once helm "$HELM" helm_by_go
once kustomize "$KUSTOMIZE" kustomize_by_go
once operator-check "$(cat tests/deploy/operator/* | sha256sum | cut -c1-12)" checker_by_go
once prometheus "$(dpkg --print-architecture 2>/dev/null || uname -m)" prometheus_by_debian

if [[ -z ${DEMUR_BIN:-} ]]; then
    "${CARGO:-cargo}" build --quiet --locked --package demur-tests --bins
    DEMUR_BIN="$(cd "${CARGO_TARGET_DIR:-target}" && pwd)/debug/demur-under-test"
fi
export DEMUR_BIN PATH="$tools:$PATH" PYTHONDONTWRITEBYTECODE=1
exec "$cache/venv/bin/python" -m pytest -p no:cacheprovider -q tests/deploy "$@"
