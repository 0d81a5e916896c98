#!/usr/bin/env bash
# Asks a real server of the Open Inference Protocol, MLServer, the way demur does.
#
#   classifiers/tests/oip/run.sh [a folder for the virtual environment]
#
# Starts the server with the tiny prompt classifier and runs the one test that needs it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
venv=${1:-$(mktemp -d)/venv}
[ -x "$venv/bin/mlserver" ] || {
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
}
"$venv/bin/mlserver" start "$here" >"$venv/mlserver.log" 2>&1 &
server=$!
trap 'kill "$server"' EXIT
for _ in $(seq 120); do
    curl --silent --fail --output /dev/null http://127.0.0.1:18080/v2/models/prompt/versions/3/ready && break
    sleep 0.5
done
cd "$here/../.."
DEMUR_TEST_OIP=http://127.0.0.1:18080 cargo test --test classifiers remote::a_real_server -- --nocapture
