#!/usr/bin/env bash
# Does many small runs in one worker process, and shows that its memory does not grow after the tenth.
#
#   scripts/soak.sh [PROGRAM [RUNS]]      PROGRAM: .build/release/peft-bench, 500 runs
#
# The runs are seeds of one method after the other (lora, ia3, prefix-tuning, bitfit, full) on eight rows, on the mini
# model. The process's resident size is looked at when a run is complete; printed are the sizes behind every 25th. Status 1
# if a run failed, or the size grows: the median of the last fifth of the runs is more than 2 MiB above that of the fifth
# that follows the tenth run. (Single sizes go up and down by some MiB with the batches of a run.)
set -euo pipefail
cd "$(dirname "$0")/.."

program=${1:-.build/release/peft-bench}
runs=${2:-500}
[[ -x $program ]] || { echo "soak.sh: there is no program at $program; build it: swift build -c release" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
seeds=$(seq -s ', ' 1 $(((runs + 4) / 5)))
cat >"$work/soak.yaml" <<YAML
name: soak
model: {path: $PWD/models/mini, name: mini}
data: {suite: mini, root: $PWD/datasets/mini, datasets: [rte], train_limit: 8, eval_limit: 8}
methods: [{name: lora, rank: 4}, ia3, {name: prefix-tuning, tokens: 5}, bitfit, full]
seeds: [$seeds]
training: {epochs: 1, batch_size: 4, validation_fraction: 0}
evaluation: {mode: generate, batch_size: 8, max_new_tokens: 4, zero_shot: false}
YAML
"$program" run "$work/soak.yaml" -o "$work/results" --threads 2 >"$work/table.txt" 2>"$work/lines.txt" &
process=$!
# resident: KiB of the worker; nothing when there is none.
resident() {
  local worker
  worker=$(cat /proc/"$process"/task/*/children 2>/dev/null | cut -d ' ' -f 1)
  [[ -z $worker ]] || sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$worker/status" 2>/dev/null || true
}
known=0
echo '| runs | resident, MiB |'
echo '|--:|--:|'
while kill -0 "$process" 2>/dev/null; do
  size=$(resident)
  # Lines of the sweep: one a complete run.
  done=$(grep -c '^20.*\] ' "$work/lines.txt" || true)
  if [[ -n $size && $done -gt $known ]]; then
    echo "$done $size" >>"$work/sizes.txt"
    if ((done / 25 > known / 25 || (known < 10 && done >= 10) || known == 0)); then
      printf '| %d | %d.%d |\n' "$done" $((size / 1024)) $((size % 1024 * 10 / 1024))
    fi
    known=$done
  fi
  sleep 0.05
done
wait "$process" || { tail -n 3 "$work/lines.txt"; exit 1; }
complete=$(find "$work/results/runs" -name record.json | wc -l)
# median FROM TO: the median size in KiB behind those runs.
median() { awk -v from="$1" -v to="$2" '$1 >= from && $1 <= to { print $2 }' "$work/sizes.txt" | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'; }
early=$(median 11 $((10 + runs / 5)))
late=$(median $((runs - runs / 5)) "$runs")
printf '%d runs complete; median behind runs 11 to %d: %d.%d MiB, behind the last fifth: %d.%d MiB\n' "$complete" \
  $((10 + runs / 5)) $((early / 1024)) $((early % 1024 * 10 / 1024)) $((late / 1024)) $((late % 1024 * 10 / 1024))
((complete >= runs && late <= early + 2048))
