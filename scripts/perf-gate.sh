#!/usr/bin/env bash
# Fails if training has become slow, and says what of it.
#
#   scripts/perf-gate.sh [OPTION]... [PROGRAM]    shares of the matrix kernel's peak, against scripts/perf-gate.json
#   scripts/perf-gate.sh [OPTION]... OLD NEW      the ratio of two builds' speeds, against 0.9
#
#   --rounds N     at most N rounds; 15 unless given
#   --seconds S    begin no round after S seconds, but after the third; 45 unless given
#   --model PATH   what is trained; models/mini unless given
#
# PROGRAM is .build/release/peft-bench unless given. Seconds say little on a machine that others use too, so nothing is held
# against seconds. What is compared is measured in turn, many times, and the median of the ratios counts: of one program a
# training step and, right after it and for as long, the matrix kernel with all that it reads in the first-level cache; of
# two programs one after the other, in changing order. Something has fallen where even the upper end of the 95 % interval of
# that median is below the bound. The exit status is 1 then, and 2 for something that cannot be measured.
set -euo pipefail
export LC_ALL=C
# Paths that are given start from the caller's folder, and the defaults from the checkout.
readonly caller=$PWD
cd "$(dirname "$0")/.."

fail() { echo "perf-gate.sh: $1" >&2; exit 2; }

# from_caller PATH   the path as it is from the caller's folder.
from_caller() { if [[ $1 == /* ]]; then printf %s "$1"; else printf %s "$caller/$1"; fi; }

rounds=15 seconds=45 model=models/mini programs=()
readonly bounds=scripts/perf-gate.json methods=(lora ia3) least=3
# A build that is slower than this part of another one has fallen.
readonly least_ratio=0.9

while (($#)); do
  case "$1" in
    --rounds | --seconds | --model)
      (($# > 1)) || fail "$1: expected a value"
      if [[ $1 == --model ]]; then
        model=$(from_caller "$2")
      else
        [[ $2 =~ ^[1-9][0-9]*$ ]] || fail "$1: expected a whole number from 1 on, found $2"
        printf -v "${1#--}" %s "$2"
      fi
      shift 2
      ;;
    -*) fail "there is no option $1; there are --rounds, --seconds, --model" ;;
    *)
      programs+=("$(from_caller "$1")")
      shift
      ;;
  esac
done
((${#programs[@]})) || programs=(.build/release/peft-bench)
((${#programs[@]} <= 2)) || fail "expected one program, or an old and a new one"
for program in "${programs[@]}"; do
  [[ -x $program && ! -d $program ]] || fail "there is no program at ${program#"$caller/"}; build it: swift build -c release"
done
[[ -e $model ]] || fail "there is no model at ${model#"$caller/"}"

work=$(mktemp -d)
readonly work
trap 'rm -rf -- "$work"' EXIT
SECONDS=0

# member FILE PATH   the number or word at a path such as profile/seconds of a JSON file with one member a line.
member() {
  awk -v wanted="$2" '
    { line = $0; sub(/^ +/, "", line); sub(/,$/, "", line) }
    line ~ /^[}\]]/ { depth--; next }
    {
      key = ""
      if (line ~ /^"[^"]*": /) { key = line; sub(/^"/, "", key); sub(/": .*/, "", key); sub(/^"[^"]*": /, "", line) }
      if (line == "{" || line == "[") { names[++depth] = key; next }
      path = ""
      for (i = 2; i <= depth; i++) path = path names[i] "/"
      gsub(/"/, "", line)
      if (path key == wanted) { print line; exit }
    }' "$1"
}

# bench PROGRAM METHOD OPTION...   leaves the JSON of a measurement in the file bench.
bench() {
  local program=$1 method=$2
  shift 2
  "$program" bench --model "$model" --method "$method" --json "$@" >"$work/bench" 2>"$work/error" \
    || fail "$program bench failed: $(head -n 1 "$work/error")"
}

# note NAME VALUE   adds a round's value to a series.
note() {
  [[ $2 =~ ^[0-9.]+(e[-+]?[0-9]+)?$ ]] || fail "$1: expected a number, found ${2:-nothing}; is the program too old?"
  echo "$2" >>"$work/$1"
}

# middle NAME   the median of a series with its 95 % interval, whose ends are values of the series (or all of them, where it
# is short): with n values, as many as a fair coin shows at most k heads in n throws with a probability of 2.5 %.
middle() {
  sort -g "$work/$1" | awk '
    { x[NR] = $1 }
    END {
      median = NR % 2 ? x[(NR + 1) / 2] : (x[NR / 2] + x[NR / 2 + 1]) / 2
      term = 0.5 ^ NR
      for (k = 0; sum + term <= 0.025; k++) { sum += term; term *= (NR - k) / (k + 1) }
      if (k < 1) k = 1
      print median, x[k], x[NR + 1 - k]
    }'
}

# judge NAME WORDS BOUND   a line of the table, and a line of what fell.
judge() {
  local median lower upper word=ok
  read -r median lower upper < <(middle "$1")
  if awk "BEGIN { exit !($upper < $3) }"; then
    word=fell
    printf '  %s: %.2f, at most %.2f, expected at least %s\n' "$2" "$median" "$upper" "$3" >>"$work/fallen"
  fi
  printf '%-34s %6.2f %6.2f – %.2f %7s  %s\n' "$2" "$median" "$lower" "$upper" "$3" "$word"
}

header() { printf '%-34s %6s %13s %7s\n' "$1, $2 rounds" median interval least; }

# Whether there is to be another round after the given number of them.
go_on() { (($1 < rounds && ($1 < least || SECONDS < seconds))); }

round=0
if ((${#programs[@]} == 1)); then
  program=${programs[0]}
  "$program" version --json >"$work/version" || fail "$program version failed"
  level=$(member "$work/version" cpu)
  while go_on $round; do
    round=$((round + 1))
    for method in "${methods[@]}"; do
      # On one thread no kernel waits for another thread to be given a core.
      bench "$program" "$method" --profile --threads 1 --steps 9
      for share in kernel_share_of_peak step_share_of_kernel; do
        note "$method.$share" "$(member "$work/bench" "profile/in_turn/$share")"
      done
    done
  done
  header "$level" $round
  for method in "${methods[@]}"; do
    for share in kernel_share_of_peak step_share_of_kernel; do
      bound=$(member $bounds "$level/$method/$share")
      judge "$method.$share" "$method: ${share//_/ }" "${bound:-0}"
    done
  done
  [[ -n $(member $bounds "$level/${methods[0]}/kernel_share_of_peak") ]] \
    || echo "perf-gate.sh: $bounds has no bounds for $level, so nothing is judged" >&2
else
  while go_on $round; do
    round=$((round + 1))
    for method in "${methods[@]}"; do
      order=(0 1)
      ((round % 2)) || order=(1 0)
      for place in "${order[@]}"; do
        bench "${programs[place]}" "$method" --steps 15
        speed[place]=$(member "$work/bench" tokens_per_second)
        note "$method.speed.$place" "${speed[place]}"
      done
      note "$method.ratio" "$(awk "BEGIN { print ${speed[1]} / ${speed[0]} }")"
    done
  done
  header "new over old" $round
  for method in "${methods[@]}"; do judge "$method.ratio" "$method: tokens a second" $least_ratio; done
fi

[[ -e $work/fallen ]] || exit 0
{
  echo "perf-gate.sh: slower than it was:"
  cat "$work/fallen"
} >&2
exit 1
