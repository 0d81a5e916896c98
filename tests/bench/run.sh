#!/usr/bin/env bash
# demur beside nginx, and the classifiers beside a bare ONNX Runtime loop, in one run on one machine.
# `tests/bench/run.sh [ROUNDS [REQUESTS]]`
set -euo pipefail
cd "$(dirname "$0")/../.."

nginx="$(command -v nginx || true)"
[[ -n $nginx || ! -x /usr/sbin/nginx ]] || nginx=/usr/sbin/nginx
if [[ -z $nginx && $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
    echo "installing nginx"
    # Only the program: the service of the package must not start.
    (apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx) \
        >/dev/null 2>&1 || true
    nginx="$(command -v nginx || true)"
fi
if [[ -n $nginx ]]; then
    export NGINX_BIN="$nginx"
    "$nginx" -v 2>&1
else
    echo "nginx is not installed, so there is nothing to compare with (Debian: apt-get install nginx)"
fi

cargo="${CARGO:-cargo}"
"$cargo" build --release --locked --package demur
"$cargo" build --release --locked --package demur-tests --bin bench-proxy
target="${CARGO_TARGET_DIR:-target}/release"
grep -m1 'model name' /proc/cpuinfo 2>/dev/null | sed 's/.*: //' || true
echo "$(nproc 2>/dev/null || echo '?') cores"
DEMUR_BIN="$target/demur" "$target/bench-proxy" "$@"

echo
echo "one classification, beside a bare ONNX Runtime loop in the same process"
"$cargo" bench --quiet --locked --package demur-classifiers --bench overhead
