#!/usr/bin/env bash
# Makes Tests/Fixtures/releases/VERSION: what a version of the program wrote, for later versions to read.
#
#   scripts/release-fixtures.sh [PROGRAM]        PROGRAM: .build/release/peft-bench
#
# To be run once for every version, and the folder committed; it is never made again by a later one. In it are
#   config.yaml, rows.jsonl      five methods on a tiny model of the fixtures
#   results                      their runs, without the HTML report; summary.csv has their scores
#   scores/METHOD.jsonl          log-probabilities that `score` gave with each saved adapter for the lines of prompts.jsonl
#   interrupted.yaml, interrupted   a sweep that was stopped in the middle of its training, with its checkpoint
# Tests/BenchCLITests/Commands/ReleaseTests.swift reads them all.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-.build/release/peft-bench}
[[ $program == /* ]] || program=$PWD/$program
version=$("$program" --version | head -n 1 | grep -oE '[0-9]+\.[0-9]+\.[0-9]+[^ ]*' | head -n 1)
folder=Tests/Fixtures/releases/$version
[[ ! -e $folder ]] || { echo "release-fixtures.sh: $folder is there already; what a version wrote is not made again" >&2; exit 2; }
mkdir -p "$folder/scores"
cd "$folder"

for word in warm witty moving clever charming graceful; do echo "{\"sentence\": \"a $word film\", \"label\": 1}"; done >rows.jsonl
for word in dull tedious clumsy hollow shallow sloppy; do echo "{\"sentence\": \"a $word film\", \"label\": 0}"; done >>rows.jsonl
# write_config NAME STEPS MORE: a config whose paths hold wherever this folder and gguf_models are side by side.
write_config() {
  cat <<YAML
name: $1
model: ../../gguf_models/llama-q8_0.gguf
data:
  datasets:
    - {name: tones, files: {train: rows.jsonl, validation: rows.jsonl}, prompt: "{sentence}?", answer: label,
       labels: {"0": bad, "1": good}}
methods:
$3
training: {steps: $2, batch_size: 4, learning_rate: 1e-2, logging_steps: 500, validation_fraction: 0, checkpoint_steps: 50}
evaluation: {mode: rank, zero_shot: false}
YAML
}
methods="  - {name: lora, rank: 2}
  - ia3
  - {name: prefix-tuning, tokens: 2}
  - {name: prompt-tuning, tokens: 2}
  - bitfit"

write_config results 40 "$methods" >config.yaml
"$program" run config.yaml -o results --threads 1 --quiet >/dev/null
rm -rf results/report.html results/report.md results/leaderboard.json results/by-name

printf '%s\n' '{"prompt": "a warm film?", "completion": "good"}' '{"prompt": "a dull film?", "completion": " bad"}' \
  >prompts.jsonl
for record in results/runs/*/record.json; do
  method=$(awk -F '"' '$2 == "method" { inside = 1 } inside && $2 == "name" { print $4; exit }' "$record")
  "$program" score --model ../../gguf_models/llama-q8_0.gguf --adapter "${record%record.json}adapter" \
    <prompts.jsonl >"scores/$method.jsonl"
done

write_config interrupted 2000 "  - {name: lora, rank: 2}" >interrupted.yaml
"$program" run interrupted.yaml -o interrupted --threads 1 --quiet >/dev/null 2>&1 &
until compgen -G 'interrupted/runs/*/checkpoint/training.safetensors' >/dev/null; do
  kill -0 $! || { echo "release-fixtures.sh: the sweep ended without a checkpoint" >&2; exit 1; }
  sleep 0.01
done
kill -INT $!
wait $! || [[ $? == 130 ]]
compgen -G 'interrupted/runs/*/checkpoint/training.safetensors' >/dev/null ||
  { echo "release-fixtures.sh: the sweep ended before it could be stopped" >&2; exit 1; }
du -sb . | cut -f 1 | sed 's/$/ bytes in '"${folder//\//\\/}/"
