#!/bin/sh
# Runs every fuzz target for a while, from the golden cases: `proxy/dialects/fuzz/run.sh [seconds]`.
# Wants a nightly compiler and `cargo install cargo-fuzz`. What is found lies in `artifacts/`.
set -eu
cd "$(dirname "$0")/.."
seconds=${1:-600}
golden=../../tests/golden

# The first bytes of an input choose dialect and cut, so that each seed is one for its own dialect.
seed() { # target, file, first bytes in printf's words
    mkdir -p "fuzz/corpus/$1"
    { printf "$3"; cat "$2"; } > "fuzz/corpus/$1/$(printf '%s' "$2$3" | cksum | cut -d' ' -f1)"
}

number=0
for dialect in openai-chat openai-completions openai-responses openai-images anthropic-messages gemini \
    ollama-chat ollama-generate; do
    for case in "$golden/$dialect"/*/; do
        if [ -f "$case/request.json" ]; then
            seed json "$case/request.json" ''
            seed request "$case/request.json" "\\00$number"
            seed translate "$case/request.json" "\\00$((number / 4))"
        fi
        if [ -f "$case/response.json" ]; then
            seed json "$case/response.json" ''
            seed response "$case/response.json" "\\00$number"
            seed translate "$case/response.json" "\\00$((1 - number / 4))"
        fi
        if [ -f "$case/stream" ]; then
            seed framing "$case/stream" '\000\007'
            seed framing "$case/stream" '\001\003'
            seed framing "$case/stream" '\002\002'
            seed stream "$case/stream" "\\00$number\\003"
            seed stream "$case/stream" "\\02$number\\003"
            seed stream "$case/stream" "\\04$number\\003"
            seed translate "$case/stream" "\\00$((1 - number / 4))"
        fi
    done
    number=$((number + 1))
done

for target in json framing request response stream translate normalise; do
    cargo +nightly fuzz run --target-dir "${CARGO_TARGET_DIR:-fuzz/target}" "$target" -- -max_total_time="$seconds" -max_len=16384 -timeout=10 -print_final_stats=1
done
