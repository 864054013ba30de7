#!/usr/bin/env bash
# Reads the hostile files that other projects have published, and checks how that ends.
#
#   scripts/corpora.sh DIR [--fetch]
#
# DIR holds checkouts of JSONTestSuite, parquet-testing and yaml-test-suite (its branch `data`), as far as they are there;
# --fetch clones what is missing from GitHub. Nothing of them is part of this project. Checked:
#   JSONTestSuite       y_* are read, but for keys that stand twice, n_* are refused, i_* end either way
#   yaml-test-suite     what is no YAML is refused, or read where our subset is wider (listed); what is YAML is read, or
#                       refused with its place
#   parquet-testing     bad_data is refused or read; data is read or refused
# In no case may the reader crash.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
[[ $# -ge 1 && -d $1 ]] || { sed -n '4,12s/^# \?//p' "$0" >&2; exit 2; }
folder=$(cd "$1" && pwd)
if [[ ${2:-} == --fetch ]]; then
  (
    cd "$folder" || exit 1
    [[ -d JSONTestSuite ]] || git clone --depth 1 https://github.com/nst/JSONTestSuite
    [[ -d parquet-testing ]] || git clone --depth 1 https://github.com/apache/parquet-testing
    [[ -d yaml-test-suite ]] || git clone --depth 1 --branch data https://github.com/yaml/yaml-test-suite
  ) || exit 2
fi
swift build -c release --product peft-fuzz >&2 || exit 2
reader=$(swift build -c release --show-bin-path)/peft-fuzz
failures=0

# outcomes KIND FILE...: one line a file; a crash counts as a failure of the file behind the last line.
outcomes() {
  local kind=$1
  shift
  while [[ $# -gt 0 ]]; do
    local lines
    lines=$("$reader" --read "$kind" "$@" 2>/dev/null) && { [[ -z $lines ]] || echo "$lines"; return; }
    local count
    count=$(grep -c . <<<"$lines")
    [[ -z $lines ]] || echo "$lines"
    shift "$count"
    printf 'crashed\t%s\t\n' "$1"
    shift
  done
}
# count OUTCOMES WORD: how many ended so.
count() { grep -c "^$2"$'\t' <<<"$1" || true; }
# summary TITLE OUTCOMES: the counts; crashes and errors of no kind are failures.
summary() {
  echo "| $1 | $(grep -c . <<<"$2") | $(count "$2" read) | $(count "$2" refused) | $(count "$2" crashed) | $(count "$2" failed) |"
  failures=$((failures + $(count "$2" crashed) + $(count "$2" failed)))
}
# expect WORD OUTCOMES: lists what ended otherwise.
expect() {
  local wrong
  wrong=$(grep -v "^$1"$'\t' <<<"$2" | grep . || true)
  [[ -z $wrong ]] || { sed "s#$folder/##g; s/^/  expected $1: /" <<<"$wrong" >&2; failures=$((failures + $(grep -c . <<<"$wrong"))); }
}

echo '| suite | files | read | refused | crashed | failed otherwise |'
echo '|---|--:|--:|--:|--:|--:|'
suite=$folder/JSONTestSuite/test_parsing
if [[ -d $suite ]]; then
  for kind in y n i; do
    found=$(outcomes json "$suite/${kind}_"*.json)
    summary "JSONTestSuite, ${kind}_*" "$found"
    case $kind in y) expect read "$(grep -v y_object_duplicated_key <<<"$found")" ;; n) expect refused "$found" ;; esac
  done
fi
suite=$folder/yaml-test-suite
if [[ -d $suite ]]; then
  mapfile -t all < <(find "$suite" -name in.yaml | sort)
  valid=() invalid=()
  for file in "${all[@]}"; do
    if [[ -e ${file%in.yaml}error ]]; then invalid+=("$file"); else valid+=("$file"); fi
  done
  summary 'yaml-test-suite, valid' "$(outcomes yaml "${valid[@]}")"
  found=$(outcomes yaml "${invalid[@]}")
  summary 'yaml-test-suite, not valid' "$found"
  grep '^read' <<<"$found" | sed "s#$folder/##; s/^/  no YAML, but read: /" >&2 || true
fi
for part in bad_data data; do
  suite=$folder/parquet-testing/$part
  [[ -d $suite ]] || continue
  mapfile -t all < <(find "$suite" -name '*.parquet' | sort)
  summary "parquet-testing, $part" "$(outcomes parquet "${all[@]}")"
done
((failures == 0))
