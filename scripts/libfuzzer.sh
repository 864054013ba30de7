#!/usr/bin/env bash
# Lets libFuzzer look for inputs that crash the readers of PEFTCore, guided by the code that they reach.
#
#   scripts/libfuzzer.sh [SECONDS [CORPUS]]      300 seconds; CORPUS: a folder that keeps what was found
#
# The sources of PEFTCore are compiled anew, with coverage and the address sanitizer. The corpus starts with the fixtures.
# Status 1 and a file crash-* in CORPUS if an input crashes, takes longer than 5 s, or needs more than 1 GB.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-300}
corpus=${2:-.build/libfuzzer/corpus}
mkdir -p .build/libfuzzer "$corpus"
corpus=$(cd "$corpus" && pwd)
mapfile -t sources < <(find Sources/PEFTCore -name '*.swift' | sort)
swiftc -O -wmo -parse-as-library -swift-version 6 -sanitize=fuzzer,address -module-name PEFTCore \
  -enable-upcoming-feature ExistentialAny -enable-upcoming-feature MemberImportVisibility \
  "${sources[@]}" scripts/libfuzzer/Harness.swift -o .build/libfuzzer/harness
# seed NUMBER FILE...: inputs for a reader, which the first byte chooses.
seed() {
  local number=$1 file
  shift
  for file in "$@"; do
    { printf "\\x0$number"; cat "$file"; } >"$corpus/seed-$number-$(basename "$(dirname "$file")")-$(basename "$file")"
  done
}
seed 0 Tests/Fixtures/models/*/config.json
seed 2 Tests/Fixtures/tokenizers/{gpt2,gemma,mixed}.json
seed 3 Tests/Fixtures/safetensors/*.safetensors Tests/Fixtures/safetensors/*/*.safetensors
seed 4 Tests/Fixtures/gguf/*.gguf
seed 5 Tests/Fixtures/models/*/config.json
printf '\x01{%% for m in messages %%}{{ m.content|trim }}{%% endfor %%}' >"$corpus/seed-1-loop"
cd "$corpus"
# Leaks are looked for by the soak; what the harness itself keeps is none.
exec env ASAN_OPTIONS=detect_leaks=0 "$OLDPWD/.build/libfuzzer/harness" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 \
  -max_len=16384 -print_final_stats=1 -artifact_prefix="$corpus/" "$corpus"
