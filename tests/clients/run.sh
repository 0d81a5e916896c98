#!/usr/bin/env bash
# The official OpenAI client, once straight at a scripted upstream and once with demur in between: it must not
# be able to tell. The client lives in a virtual environment that is kept between runs.
set -euo pipefail
cd "$(dirname "$0")/../.."

python="${PYTHON:-python3}"
requirements=tests/clients/requirements.txt
key="$({ cat "$requirements"; "$python" -VV; } | sha256sum | cut -c1-12)"
venv="${DEMUR_TEST_CACHE:-tests/.cache}/openai-$key"
if [[ ! -e $venv/complete ]]; then
    echo "installing the OpenAI client into $venv"
    rm -rf "$venv"
    "$python" -m venv "$venv" || {
        echo "error: \`$python\` cannot make a virtual environment (Debian: apt-get install python3-venv)" >&2
        exit 2
    }
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
    touch "$venv/complete"
fi

"${CARGO:-cargo}" build --quiet --locked --package demur-tests --bins
exec "${CARGO:-cargo}" run --quiet --locked --package demur-tests --bin client-ground -- \
    "$venv/bin/python" tests/clients/compare.py
