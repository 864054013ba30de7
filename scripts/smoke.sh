#!/usr/bin/env bash
# Runs the built program from end to end and checks what it leaves behind.
#
#   scripts/smoke.sh [PROGRAM]        PROGRAM: .build/release/peft-bench
#
# A dataset is made in a temporary folder, and the tiny random model among the test fixtures is fine-tuned on it. Where
# a real model can be had, a short run of it follows: SMOKE_MODEL names its file or folder, otherwise it is fetched;
# SMOKE_MODEL=none leaves it out.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

program=${1:-.build/release/peft-bench}
[[ -x $program ]] || { echo "smoke.sh: there is no program at $program; build it: swift build -c release" >&2; exit 2; }
[[ $program == /* ]] || program=$PWD/$program
readonly program
readonly tiny=$PWD/Tests/Fixtures/gguf_models/llama3-rope-q8_0.gguf
readonly fetch=$PWD/scripts/get-smollm2.sh
work=$(mktemp -d) || exit 2
readonly work
trap 'rm -rf -- "$work"' EXIT
cd "$work" || exit 2

passed=0
failed=0

# check "what holds" COMMAND...   counts whether COMMAND succeeds; shows its output where it does not.
check() {
  local what=$1
  shift
  if "$@" >check.log 2>&1; then
    passed=$((passed + 1))
    echo "ok      $what"
  else
    failed=$((failed + 1))
    echo "FAILED  $what"
    sed 's/^/        /' check.log | head -n 20
  fi
}

# exits STATUS COMMAND...   whether COMMAND ends with this status; its streams go to out.txt and err.txt.
exits() {
  local expected=$1 status=0
  shift
  "$@" >out.txt 2>err.txt </dev/null || status=$?
  [[ $status -eq $expected ]] && return
  echo "exit status $status, expected $expected: $*"
  cat err.txt
  return 1
}

# answers PATTERN INPUT COMMAND...   whether COMMAND, given INPUT, succeeds and prints a match of PATTERN.
answers() {
  local pattern=$1 input=$2
  shift 2
  # No pipe: a command that does not read its input may end before a pipe is written.
  "$@" >out.txt <<<"$input" || return
  grep -Eq -- "$pattern" out.txt || { echo "no match of $pattern in:"; cat out.txt; return 1; }
}

# same FOLDER FOLDER   whether two results folders hold the same numbers, byte for byte.
same() {
  local file count=0
  [[ $(cd "$1/runs" && ls) == "$(cd "$2/runs" && ls)" ]] || { echo "the runs' ids differ"; return 1; }
  while IFS= read -r file; do
    cmp "$1/$file" "$2/$file" || return
    count=$((count + 1))
  done < <(cd "$1" && find runs -type f ! -name record.json | sort)
  # Four files of the trained run, two of the base model's.
  [[ $count -ge 6 ]] || { echo "only $count files to compare in $1"; return 1; }
  # Of a record, only the places and times may differ.
  for file in $(cd "$1" && find runs -name record.json | sort); do
    diff <(numbers "$1/$file") <(numbers "$2/$file") || return
  done
}

numbers() {
  grep -Ev '"(threads|started|finished|peak_rss_bytes|[a-z_]*_seconds|[a-z_]*_per_second)":' "$1"
}

# the folder of the run of METHOD below FOLDER
run_of() { dirname "$(grep -l "\"label\": \"$2\"" "$1"/runs/*/record.json)"; }

# the primary score in a record
score_of() { sed -n '/"primary": {/,/}/s/.*"value": \([-0-9.e]*\).*/\1/p' "$1/record.json"; }

# above LEAST SCORE   whether SCORE is a number greater than LEAST.
above() {
  echo "least $1, score $2"
  awk -v least="$1" -v score="$2" 'BEGIN { exit !(score != "" && score + 0 > least + 0) }'
}

# agrees DATASET RUN   whether `metrics` on the run's predictions gives the recorded score.
agrees() {
  local recorded computed
  recorded=$(score_of "$2")
  computed=$("$program" metrics "$1" "$2/predictions.jsonl" --json | sed -n 's/^  "value": \([-0-9.e]*\).*/\1/p')
  echo "recorded $recorded, computed $computed"
  [[ -n $recorded && $recorded == "$computed" ]]
}

# --- A dataset of its own

mkdir -p data/sst2
praise=(warm witty moving clever charming graceful lively honest)
blame=(dull tedious clumsy hollow shallow sloppy lifeless smug)
for place in 0 1 2 3 4 5 6 7; do
  next=$(((place + 3) % 8))
  echo "{\"sentence\": \"a ${praise[place]} and ${praise[next]} film\", \"label\": 1}"
  echo "{\"sentence\": \"a ${blame[place]} and ${blame[next]} film\", \"label\": 0}"
done >data/sst2/train.jsonl
# The same rows: a random model cannot be expected to generalize, but it must be able to learn them by heart.
cp data/sst2/train.jsonl data/sst2/validation.jsonl

cat >tiny.yaml <<YAML
name: tiny
model: $tiny
data: {suite: full, root: data, datasets: [sst2]}
methods:
  - {name: lora, rank: 8, dropout: 0.02, target_modules: all-linear}
training: {epochs: 60, batch_size: 4, learning_rate: 1e-2, validation_fraction: 0, logging_steps: 1}
evaluation: {mode: rank}
YAML

# --- The tiny model

check "prints its version" answers '^peft-bench [0-9]+\.' '' "$program" --version
check "lists methods" answers '^lora ' '' "$program" list methods
check "describes a model" answers '^architecture +llama' '' "$program" model info "$tiny"
check "finds the dataset" answers 'sst2' '' "$program" data status --root data
check "plans two runs" answers '^full suite, 2 runs, 2 to do' '' "$program" plan tiny.yaml --output one

check "fine-tunes and evaluates on one thread" exits 0 "$program" run tiny.yaml --threads 1 --output one
check "ends with a table" grep -Eq '^sst2 +lora +accuracy' out.txt
check "fine-tunes and evaluates on two threads" exits 0 "$program" run tiny.yaml --threads 2 --output two
check "gives the same bytes on one and on two threads" same one two

lora=$(run_of one lora)
base=$(run_of one none)
for file in record.json predictions.jsonl history.jsonl adapter/adapter_config.json adapter/adapter_model.safetensors; do
  check "writes $file" test -s "$lora/$file"
done
check "keeps the resolved config" grep -q '"max_grad_norm"' one/config.json
check "learns what it is taught" above 0.8 "$(score_of "$lora")"
check "which the base model does not know" above "$(score_of "$base")" 0.8
check "scores predictions as the record has it" agrees sst2 "$lora"
check "scores the base model's predictions so too" agrees sst2 "$base"
check "does not repeat what is complete" exits 0 "$program" run tiny.yaml --output one
check "and says so" grep -q '2 complete runs skipped' err.txt

check "evaluates by generation" exits 0 "$program" run tiny.yaml --set evaluation.mode=generate \
  --set training.validation_fraction=0.25 --output g1
check "and again, a prompt at a time" exits 0 "$program" run tiny.yaml --set evaluation.mode=generate \
  --set training.validation_fraction=0.25 --set evaluation.batch_size=1 --output g2
check "validates" grep -q '"validation_loss"' "$(run_of g1 lora)/history.jsonl"
check "answers do not depend on the batch" \
  cmp "$(run_of g1 lora)/predictions.jsonl" "$(run_of g2 lora)/predictions.jsonl"

check "turns text into ids" answers '^\[[0-9,]+\]$' 'a warm film' "$program" tokenize --model "$tiny"
ids=$(cat out.txt)
check "and ids into text" answers '^a warm film$' "$ids" "$program" tokenize --model "$tiny" --decode
check "continues a text" answers '^\{"text":".*"\}$' 'a warm film' \
  "$program" generate --model "$tiny" --max-new-tokens 4
check "answers with the adapter" answers '^\{"text":".*"\}$' 'a warm film' \
  "$program" generate --model "$tiny" --adapter "$lora/adapter" --chat --max-new-tokens 4
pair='{"prompt": "a warm", "completion": " film"}'
check "scores a completion" answers '^\{"logprob":-[0-9.]+,"tokens":[1-9]' "$pair" "$program" score --model "$tiny"
cp out.txt bare.txt
check "and with the adapter" answers '^\{"logprob":-[0-9.]+,"tokens":[1-9]' "$pair" \
  "$program" score --model "$tiny" --adapter "$lora/adapter"
check "which the adapter changes" bash -c '! cmp -s bare.txt out.txt'

# --- Mistakes

sed 's/batch_size/batch_sise/' tiny.yaml >misspelt.yaml
check "refuses an unknown key" exits 2 "$program" run misspelt.yaml --output bad
check "naming its place and the nearest key" grep -Eq '^error: misspelt.yaml:[0-9]+:[0-9]+: .*"batch_size"' err.txt
check "refuses a config that is not there" exits 2 "$program" run missing.yaml
check "refuses a value of the wrong type" exits 2 "$program" run tiny.yaml --set training.epochs=many
check "refuses an unknown dataset" exits 2 "$program" run tiny.yaml --set 'data.datasets=[sst3]'
check "refuses a dataset without files" exits 2 "$program" run tiny.yaml --set 'data.datasets=[rte]' --output bad
head -c 20000 "$tiny" >broken.gguf
check "refuses a broken model" exits 2 "$program" run tiny.yaml --set model.path=broken.gguf --output bad
check "refuses an unknown command" exits 2 "$program" rnu tiny.yaml
check "and writes nothing" test ! -e bad

# --- A real model

real=${SMOKE_MODEL:-}
if [[ -z $real ]] && ! real=$("$fetch" "$work/models" 2>fetch.txt); then
  echo "note    the real model could not be fetched; its run is left out"
  tail -n 1 fetch.txt | sed 's/^/        /'
  real=none
fi
if [[ $real != none ]]; then
  cat >real.yaml <<YAML
name: real
model: {path: $real, name: SmolLM2-135M-Instruct}
data: {suite: full, root: data, datasets: [sst2], train_limit: 8, eval_limit: 4}
methods:
  - {name: lora, rank: 16, alpha: 16, dropout: 0.05, target_modules: [k_proj, v_proj, down_proj], learning_rate: 5e-4}
training: {epochs: 2, batch_size: 4, scheduler: cosine, warmup_ratio: 0.1, weight_decay: 1e-5, validation_fraction: 0}
YAML
  check "fine-tunes a real model" exits 0 "$program" run real.yaml --output real
  sed 's/^/        /' out.txt
  check "scores its predictions as the record has it" agrees sst2 "$(run_of real lora)"
  check "goes on with a text as the model should" answers 'Paris' 'The capital of France is' \
    "$program" generate --model "$real" --max-new-tokens 4
fi

echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
