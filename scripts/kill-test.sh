#!/usr/bin/env bash
# Kills a sweep again and again, and checks that its results are those of an undisturbed one.
#
#   scripts/kill-test.sh [PROGRAM [KILLS [SEED]]]     PROGRAM: .build/release/peft-bench, 25 kills, a random seed
#
# 162 runs of the tiny model among the test fixtures are done once in peace. Then the same sweep is begun in another
# folder by two processes at once (two separate ones, or one with two workers in turn) and killed by SIGKILL at random
# moments, every time with a new start, and finally let end. In every third round a worker alone is ended first, by SIGKILL,
# SIGSEGV or SIGTERM: its run fails or goes on, and the sweep does. Where all runs are complete before the last kill, the
# results are compared and the sweep is begun once more in a new folder, so that no kill hits a sweep that has ended.
# Checked: each record, prediction, history and adapter is equal byte for byte, bar times; no complete run was done again;
# nothing but results is left.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

program=${1:-.build/release/peft-bench}
[[ -x $program ]] || { echo "kill-test.sh: there is no program at $program; build it: swift build -c release" >&2; exit 2; }
[[ $program == /* ]] || program=$PWD/$program
readonly program kills=${2:-25}
RANDOM=${3:-$RANDOM}
echo "seed $RANDOM"
source scripts/same-results.sh
readonly tiny=$PWD/Tests/Fixtures/gguf_models/llama-q8_0.gguf
work=$(mktemp -d) || exit 2
readonly work
# Jobs are groups of their own, so that a whole tree of processes can be killed.
set -m
groups=()
end() {
  for group in "${groups[@]}"; do kill -9 -- "-$group" 2>/dev/null; done
  rm -rf -- "$work"
}
trap end EXIT
cd "$work" || exit 2

# --- The sweep: 9 datasets x 6 methods x 3 seeds

{
  echo "name: killed"
  echo "model: $tiny"
  echo "data:"
  echo "  datasets:"
  list_datasets 9
  cat <<YAML
methods:
  - {name: lora, rank: 4, dropout: 0.1, init: pissa}
  - {name: prompt-tuning, tokens: 4}
  - {name: prefix-tuning, tokens: 3}
  - ia3
  - bitfit
  - full
seeds: [1, 2, 3]
training: {epochs: 6, batch_size: 3, learning_rate: 1e-2, logging_steps: 2, validation_fraction: 0.2, checkpoint_steps: 3}
evaluation: {batch_size: 4, zero_shot: false}
YAML
} >sweep.yaml

now() { date +%s%N | cut -c1-13; }

start=$(now)
"$program" run sweep.yaml -o calm --threads 1 --quiet >calm.txt || { echo "the undisturbed sweep failed"; exit 1; }
calm_time=$(($(now) - start))
count=$(find calm/runs -name record.json | wc -l)
echo "$count runs in $((calm_time / 1000)) s, undisturbed on one thread"
[[ $count -eq 162 ]] || { echo "expected 162 runs"; exit 1; }
start=$(now)
"$program" run sweep.yaml -o calm --threads 1 --quiet >again.txt || exit 1
startup=$(($(now) - start))
cmp calm.txt again.txt || { echo "a sweep that is complete tells something else"; exit 1; }

differs() {
  echo "$1"
  failures=$((failures + 1))
}

# --- Killed and begun again

# complete: one line for each complete run, with what changes if it is done again.
complete() { find rough/runs -name record.json -printf '%h %i %T@\n' 2>/dev/null | sort; }

touch known.txt
failures=0
lost=0
sweeps=1
for ((round = 1; round <= kills; round++)); do
  groups=()
  if ((round % 2)); then
    for _ in 1 2; do
      "$program" run sweep.yaml -o rough --threads 1 --quiet >rough.txt 2>>rough.err &
      groups+=($!)
    done
  else
    "$program" run sweep.yaml -o rough --threads 2 --jobs 2 --quiet >rough.txt 2>>rough.err &
    groups+=($!)
  fi
  # On average so long that the last kill comes near the end, however fast the sweep is meanwhile.
  left=$((count - $(wc -l <known.txt)))
  longest=$((startup + calm_time * left / count / (kills - round + 1)))
  sleep "$(printf '%d.%03d' $((longest * RANDOM / 32768 / 1000)) $((longest * RANDOM / 32768 % 1000)))"
  if ((round % 3 == 0)); then
    names=(KILL SEGV TERM)
    for group in "${groups[@]}"; do
      kill -"${names[RANDOM % 3]}" $(cat /proc/"$group"/task/*/children 2>/dev/null | cut -d ' ' -f 1) 2>/dev/null && lost=$((lost + 1))
    done
    sleep 0.2
  fi
  for group in "${groups[@]}"; do
    # Now and then only the process that was started, and its workers find out by themselves.
    if ((RANDOM % 4)); then kill -9 -- "-$group" 2>/dev/null; else kill -9 "$group" 2>/dev/null; fi
    wait "$group" 2>/dev/null
  done
  complete >complete.txt
  if ! [[ -z $(comm -23 known.txt complete.txt) ]]; then
    echo "round $round: runs that were complete are not any more, or were done again:"
    comm -23 known.txt complete.txt
    failures=$((failures + 1))
  fi
  cp complete.txt known.txt
  printf 'kill %d: %d of %d runs complete, %d checkpoints\n' "$round" "$(wc -l <complete.txt)" "$count" \
    "$(find rough/runs -name training.safetensors 2>/dev/null | wc -l)"
  if ((round < kills && $(wc -l <complete.txt) == count)); then
    # The reports may be what the kill has kept from being made.
    "$program" run sweep.yaml -o rough --threads 1 --quiet >rough.txt 2>>rough.err || differs "the sweep failed"
    compare_results calm rough differs
    rm -rf rough
    : >known.txt
    sweeps=$((sweeps + 1))
  fi
done

"$program" run sweep.yaml -o rough --threads 1 --quiet >one.txt 2>>rough.err &
other=$!
groups=("$other")
"$program" run sweep.yaml -o rough --threads 2 --jobs 2 --quiet >two.txt 2>>rough.err || { echo "the sweep failed"; failures=$((failures + 1)); }
wait "$other" || { echo "the other sweep failed"; failures=$((failures + 1)); }
complete >complete.txt
[[ -z $(comm -23 known.txt complete.txt) ]] || { echo "complete runs were done again"; failures=$((failures + 1)); }

# --- The same results

compare_results calm rough differs
# The table that a sweep ends with, bar its last column, which is the time.
diff <(sed 's/ *[^ ]* s$//' calm.txt) <(sed 's/ *[^ ]* s$//' two.txt) || { echo "the tables differ"; failures=$((failures + 1)); }
diff one.txt two.txt || { echo "two sweeps of one folder end with other tables"; failures=$((failures + 1)); }
if [[ -s rough.err ]]; then
  echo "what the sweeps said:"
  sort rough.err | uniq -c | head -n 20
fi
echo "$sweeps sweeps, $compared files compared in the last one, $lost workers ended alone, $failures failures"
((failures == 0))
