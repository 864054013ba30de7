#!/usr/bin/env bash
# Reads the hostile files that other projects have published, and checks how that ends.
#
#   scripts/corpora.sh DIR [--fetch]
#
# DIR holds JSONTestSuite, yaml-test-suite, parquet-testing and safetensors, as far as they are there, each anywhere below:
# checkouts, or packages of others that have the same files, unpacked. --fetch clones what is missing from GitHub. Where
# that cannot be reached:
#   JSONTestSuite       the source distribution of orjson on PyPI (3.9.8)
#   yaml-test-suite     the source of Debian's libyaml-pp-perl (0.39.0), which has the branch `data` of the suite
#   parquet-testing     Debian's package apache-parquet-testing (`dpkg-deb -x`)
#   safetensors         its source distribution on PyPI (0.8.0)
# Nothing of them is part of this project. Checked:
#   JSONTestSuite       y_* are read, but for keys that stand twice, n_* are refused, i_* end either way
#   yaml-test-suite     what is no YAML is refused; what is YAML is read as the value that the suite has for it, or refused
#                       with its place; but for the few cases that are named below
#   parquet-testing     bad_data is refused or read; so is the rest
#   safetensors         the texts of its own tests: what these want refused is refused
# In no case may the reader crash. Messages go to standard error with CORPORA_MESSAGES=1.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
[[ $# -ge 1 && -d $1 ]] || { sed -n '4,22s/^# \?//p' "$0" >&2; exit 2; }
folder=$(cd "$1" && pwd)

# No YAML, but read: continued lines of brackets and quotes may stand in any column here.
readonly lenient=' 9C9N DK95/01 QB6E VJP3/00 Y79Y/003 '
# YAML, but read otherwise: a last line of a block scalar that no line break ends gets none, as in PyYAML.
readonly unended=' JEF9/02 L24T/01 '

# place NAME TEST: the folder below DIR that is NAME, or else one in which TEST is found.
place() { [[ -e $folder/$1 ]] && echo "$folder/$1" || find -L "$folder" -path "*/$2" -print -quit | sed "s#/$2\$##"; }
json=$(place test_parsing n_structure_no_data.json)
yaml=$(place yaml-test-suite 229Q/in.yaml)
parquet=$(place parquet-testing bad_data)
safetensors=$(place safetensors safetensors/src/tensor.rs)
if [[ ${2:-} == --fetch ]]; then
  clone() { git clone --depth 1 "${@:2}" "https://github.com/$1" "$folder/${1#*/}"; }
  [[ -n $json ]] || { clone nst/JSONTestSuite && json=$folder/JSONTestSuite/test_parsing; }
  [[ -n $yaml ]] || { clone yaml/yaml-test-suite --branch data && yaml=$folder/yaml-test-suite; }
  [[ -n $parquet ]] || { clone apache/parquet-testing && parquet=$folder/parquet-testing; }
  [[ -n $safetensors ]] || { clone huggingface/safetensors && safetensors=$folder/safetensors; }
fi
swift build -c release --product peft-fuzz >&2 || exit 2
reader=$(swift build -c release --show-bin-path)/peft-fuzz
scratch=$(mktemp -d) || exit 2
trap 'rm -rf -- "$scratch"' EXIT
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
# summary TITLE OUTCOMES: the counts; crashes, other values and errors of no kind are failures.
summary() {
  local word line="| $1 | $(grep -c . <<<"$2")"
  for word in read refused differs crashed failed; do line+=" | $(count "$2" "$word")"; done
  echo "$line |"
  for word in differs crashed failed; do
    failures=$((failures + $(count "$2" "$word")))
    grep "^$word"$'\t' <<<"$2" | sed "s#$folder/##g; s#$scratch/##g; s/^/  /" >&2
  done
  [[ -z ${CORPORA_MESSAGES:-} ]] || grep '^refused' <<<"$2" | cut -f 3 | sed "s#$folder/##g; s#$scratch/##g; s/^/  /" >&2
}
# expect WORD OUTCOMES: lists what ended otherwise.
expect() {
  local wrong
  wrong=$(grep -v "^$1"$'\t' <<<"$2" | grep . || true)
  [[ -z $wrong ]] || { sed "s#$folder/##g; s#$scratch/##g; s/^/  expected $1: /" <<<"$wrong" >&2; failures=$((failures + $(grep -c . <<<"$wrong"))); }
}

echo '| suite | files | read | refused | read as another value | crashed | failed otherwise |'
echo '|---|--:|--:|--:|--:|--:|--:|'
if [[ -n $json ]]; then
  mkdir "$scratch/json"
  cp "$json"/*.json* "$scratch/json/"
  # orjson has the large ones compressed.
  ! compgen -G "$scratch/json/*.xz" >/dev/null || xz -d "$scratch"/json/*.xz
  for kind in y n i; do
    found=$(outcomes json "$scratch/json/${kind}_"*.json)
    summary "JSONTestSuite, ${kind}_*" "$found"
    case $kind in y) expect read "$(grep -v y_object_duplicated_key <<<"$found")" ;; n) expect refused "$found" ;; esac
  done
fi
if [[ -n $yaml ]]; then
  mapfile -t all < <(find -L "$yaml" -name in.yaml | grep -v -e /name/ -e /tags/ | sort)
  valid=() invalid=() wide=() other=()
  for file in "${all[@]}"; do
    name=${file#"$yaml/"}
    if [[ $lenient == *" ${name%/in.yaml} "* ]]; then
      wide+=("$file")
    elif [[ $unended == *" ${name%/in.yaml} "* ]]; then
      other+=("$file")
    elif [[ -e ${file%in.yaml}error ]]; then
      invalid+=("$file")
    else
      valid+=("$file")
    fi
  done
  summary 'yaml-test-suite, valid' "$(outcomes yaml-suite "${valid[@]}")"
  found=$(outcomes yaml "${invalid[@]}")
  summary 'yaml-test-suite, not valid' "$found"
  expect refused "$found"
  summary 'yaml-test-suite, not valid, but read on purpose' "$(outcomes yaml "${wide[@]}")"
  summary 'yaml-test-suite, valid, but read otherwise on purpose' "$(outcomes yaml "${other[@]}")"
fi
if [[ -n $parquet ]]; then
  for part in bad_data data shredded_variant; do
    mapfile -t all < <(find "$parquet/$part" -name '*.parquet' 2>/dev/null | sort)
    [[ ${#all[@]} -eq 0 ]] || summary "parquet-testing, $part" "$(outcomes parquet "${all[@]}")"
  done
fi
if [[ -n $safetensors ]]; then
  # Its tests hold the bytes of each file as a literal, and say below what has to come of it.
  mkdir "$scratch/valid" "$scratch/invalid"
  while IFS=$'\t' read -r kind name bytes; do
    # shellcheck disable=SC2059 # The literal's escapes are those of printf.
    printf '%b' "$bytes" >"$scratch/$kind/$name.safetensors"
  done < <(awk '
    function flush() { if (bytes != "") { print kind "\t" name "-" ++number "\t" bytes; bytes = "" } }
    /^ *\/\// { next }
    /fn test_/ { flush(); name = $0; sub(/.*fn /, "", name); sub(/\(.*/, "", name) }
    /let serialized = b"/ {
      flush(); bytes = $0; kind = "valid"
      sub(/.*let serialized = b"/, "", bytes); sub(/";.*/, "", bytes)
      gsub(/\\"/, "\"", bytes); if (bytes == "") bytes = "\\c"
    }
    /should not be able to be deserialized/ { kind = "invalid" }
    END { flush() }' "$safetensors/safetensors/src/tensor.rs")
  # Its test_json_attack and the third of its abuse attempts: many tensors of the same bytes.
  for number in 10 100000; do
    header=$(awk -v n="$number" 'BEGIN {
      printf "{"
      for (i = 0; i < n; i++) printf "%s\"weight_%d\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[0,16]}", i ? "," : "", i
      printf "}" }')
    {
      for ((place = 0; place < 8; place++)); do printf "\\x$(printf %02x $((${#header} >> 8 * place & 255)))"; done
      printf '%s' "$header"
      head -c 16 /dev/zero
    } >"$scratch/invalid/same-bytes-$number.safetensors"
  done
  summary "safetensors' own tests, valid" "$(outcomes safetensors "$scratch/valid/"*)"
  found=$(outcomes safetensors "$scratch/invalid/"*)
  summary "safetensors' own tests, not valid" "$found"
  expect refused "$found"
fi
((failures == 0))
