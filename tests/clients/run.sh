#!/usr/bin/env bash
# The official clients, once straight at a scripted upstream and once with demur in between: they must not be able
# to tell. The clients live in a folder that is kept between runs and made anew when a version changes.
set -euo pipefail
cd "$(dirname "$0")/../.."

here=tests/clients
python="${PYTHON:-python3}"
node="${NODE:-node}"
npm="${NPM:-npm}"
cache="${DEMUR_TEST_CACHE:-tests/.cache}"

fail() {
    echo "error: $*" >&2
    exit 2
}

# A folder that is only there when it is complete: `fresh FOLDER` says whether it has to be filled.
fresh() {
    [[ ! -e $1/complete ]] || return 1
    echo "installing into $1"
    rm -rf "$1"
    mkdir -p "$1"
}

command -v "$python" >/dev/null || fail "\`$python\` is not there; PYTHON names another"
command -v "$node" >/dev/null || fail "Node.js 20 or later is needed for the clients that run on it (NODE names it)"
command -v "$npm" >/dev/null || fail "npm is needed to install the clients for Node (NPM names it)"
major="$("$node" -p 'process.versions.node.split(".")[0]')"
((major >= 20)) || fail "the clients for Node need version 20 or later, and \`$node\` is $("$node" --version)"

key="$({ cat "$here/requirements.txt"; "$python" -VV; } | sha256sum | cut -c1-12)"
for_python="$cache/clients-python-$key"
if fresh "$for_python"; then
    "$python" -m venv "$for_python" || fail "\`$python\` cannot make a virtual environment (Debian: apt-get install python3-venv)"
    "$for_python/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
    touch "$for_python/complete"
fi

key="$(sha256sum "$here/node/package-lock.json" | cut -c1-12)"
for_node="$cache/clients-node-$key"
if fresh "$for_node"; then
    cp "$here/node/package.json" "$here/node/package-lock.json" "$for_node"
    "$npm" ci --prefix "$for_node" --silent --no-audit --no-fund
    touch "$for_node/complete"
fi
# Node looks for what a module imports beside the module.
cp "$here"/node/*.mjs "$for_node"

"${CARGO:-cargo}" build --quiet --locked --package demur-tests --bins
exec "${CARGO:-cargo}" run --quiet --locked --package demur-tests --bin client-ground -- \
    "$python" "$here/compare.py" "$for_python/bin/python" "$here/python/drive.py" "$node" "$for_node/drive.mjs"
