#!/usr/bin/env bash
# Shows on real rows what docs/peft-bench-audit.md says of the published metrics and data.
#
#   scripts/audit.sh DATA [DEFECT]...     DATA: a folder of datasets, as data.root; all DEFECTs, in the page's order,
#                                         unless some are named
#
# Writes made-up predictions beside the labels of DATA's evaluation rows, and scores them by both protocols. A dataset
# that DATA does not have is passed over. PEFT_BENCH names the program; peft-bench from the PATH unless set.
set -euo pipefail
program=${PEFT_BENCH:-peft-bench}
all=(svamp spaces code unreadable positive unknown stsb gsm8k record winogrande copa wsc hellaswag apps decimals)

[[ $# -gt 0 && -d $1 ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
data=$1
shift
[[ $# -gt 0 ]] || set -- "${all[@]}"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
export LC_ALL=C

say() { printf '\n== %s\n' "$1"; }

# Prints one column of a dataset's evaluation rows (of all rows with `all` behind it), a JSON value a line.
column() {
  local file found=""
  for file in "$data/$1"/{validation_mismatched,test,validation}[.-]* "$data/$1"/train[.-]*; do
    [[ -f $file ]] || continue
    found=yes
    "$program" data cat "$file" --columns "$2" | sed -E 's/^\{"[^"]*": ?//; s/\}$//'
    [[ ${3:-} == all ]] || break
  done
  [[ -n $found ]] || { echo "  $1 is not in $data" >&2; return 1; }
}

# Reads `prediction TAB label`, both JSON strings, and prints the named scores by both protocols.
score() {
  local dataset=$1 what=$2 protocol name json line
  shift 2
  awk -F '\t' '{ print "{\"predict\":" $1 ",\"label\":" $2 "}" }' > "$work/predictions.jsonl"
  line="  $what ($(wc -l < "$work/predictions.jsonl" | tr -d ' ') rows):"
  for protocol in peft-bench strict; do
    json=$("$program" metrics "$dataset" "$work/predictions.jsonl" --protocol "$protocol" --json)
    line+=" $protocol"
    for name in "$@" invalid_rate; do
      line+="$(sed -nE "s/^ *\"($name)\": ([-0-9.e]+),?\$/ \1 \2/p" <<< "$json")"
    done
    [[ $protocol == strict ]] || line+=" |"
  done
  printf '%s\n' "$line"
}

# Reads class ids, prints their words; the words are given in the order of the ids.
words() { awk -v list="$*" 'BEGIN { n = split(list, word, " ") } { print "\"" word[$1 + 1] "\"" }'; }

svamp() {
  say "SVAMP: the gold answer plays no part"
  local gold='BEGIN { FS = "\t" } { gsub(/"/, ""); print p "\t\"" $1 " = " $2 "\"" }'
  paste <(column svamp Equation) <(column svamp Answer) > "$work/svamp" || return 0
  awk -v p='"(1 + 1) = 2"' "$gold" "$work/svamp" | score svamp "always (1 + 1) = 2" accuracy
  awk -F '\t' '{ gsub(/"/, ""); bare = $1; gsub(/^ *\( *| *\) *$/, "", bare)
    print "\"" bare " = " $2 "\"\t\"" $1 " = " $2 "\"" }' "$work/svamp" |
    score svamp "the right equations without outer parentheses" accuracy answer_accuracy
}

spaces() {
  say "SVAMP: spaces within equations"
  paste <(column svamp Equation) <(column svamp Answer) > "$work/svamp" || return 0
  awk -F '\t' '{ gsub(/"/, ""); gold = $1 " = " $2; bare = gold; gsub(/ /, "", bare)
    print "\"" bare "\"\t\"" gold "\"" }' "$work/svamp" |
    score svamp "the right equations without spaces" gold_exact_equation accuracy
}

code() {
  say "Code in lower case"
  local dataset column
  for dataset in codealpacapy conala; do
    column=$([[ $dataset == conala ]] && echo snippet || echo response)
    column $dataset $column > "$work/code" || continue
    awk '{ print tolower($0) "\t" $0 }' "$work/code" | score $dataset "$dataset, gold code in lower case" codebleu
  done
}

unreadable() {
  say "Unreadable answers"
  column qqp label > "$work/labels" &&
    words not_duplicate duplicate < "$work/labels" |
    awk '{ print ($0 == "\"duplicate\"" ? $0 : "\"hm\"") "\t" $0 }' |
      score qqp "qqp, every negative row unreadable" f1
  column mnli label > "$work/labels" &&
    words entailment neutral contradiction < "$work/labels" |
    awk '{ print ($0 == "\"contradiction\"" ? "\"hm\"" : $0) "\t" $0 }' |
      score mnli "mnli, every contradiction unreadable" macro_f1
  column cb label > "$work/labels" &&
    words entailment contradiction neutral < "$work/labels" |
    awk '{ print ($0 == "\"neutral\"" ? "\"hm\"" : $0) "\t" $0 }' | score cb "cb, every neutral unreadable" macro_f1
  return 0
}

positive() {
  say "F1 of the second option"
  local option
  if column copa label > "$work/labels"; then
    for option in choice1 choice2; do
      words choice1 choice2 < "$work/labels" | awk -v p="\"$option\"" '{ print p "\t" $0 }' |
        score copa "copa, always $option" f1 accuracy
    done
  fi
  if column winogrande answer > "$work/labels"; then
    for option in option1 option2; do
      awk -v p="\"$option\"" '{ gsub(/"/, ""); print p "\t\"option" $0 "\"" }' "$work/labels" |
        score winogrande "winogrande, always $option" f1 accuracy
    done
  fi
}

unknown() {
  say "A gold label that is not in the list"
  printf '{"predict": "entailment", "label": "entailmnt"}\n' > "$work/predictions.jsonl"
  "$program" metrics rte "$work/predictions.jsonl" 2>&1 | sed 's/^/  /' || true
}

stsb() {
  say "STS-B: ten unreadable answers in otherwise perfect ones"
  column stsb label > "$work/labels" || return 0
  awk 'NR > 400 { exit } { gold = sprintf("\"%.1f\"", $1); print (NR % 40 == 1 ? "\"hm\"" : gold) "\t" gold }' \
    "$work/labels" | score stsb "every fortieth answer" pearson spearman
}

gsm8k() {
  say "GSM8K: right answers in another form"
  column gsm8k answer > "$work/answers" || return 0
  local form
  for form in '#### $' 'The answer is '; do
    awk -v form="$form" '{ gold = $0; sub(/^.*#### */, "", gold); print "\"" form gold "\t" $0 }' "$work/answers" |
      score gsm8k "${form}N" accuracy marked_accuracy
  done
}

record() {
  say "ReCoRD: queries repeated for each accepted answer"
  column record answers > "$work/answers" || return 0
  awk '{ rows += gsub(/","/, "") + 1 } END { print "  " NR " queries become " rows " rows" }' "$work/answers"
}

winogrande() {
  say "WinoGrande: the two options"
  column winogrande option2 > /dev/null || return 0
  echo "  published: Option1: …, Option1: …; here:"
  prompt winogrande
}

copa() {
  say "COPA: what is asked"
  column copa question all > "$work/questions" || return 0
  sort "$work/questions" | uniq -c | sed 's/^/  /'
  prompt copa
}

# The end of a dataset's first prompt, where a model with a tokenizer is given.
prompt() {
  if [[ -n ${MODEL:-} ]]; then
    "$program" data preview "$1" --root "$data" --model "$MODEL" --limit 1 --quiet | grep -E '^(option|Question|choice)' |
      sed 's/^/    /'
  else
    echo "    (set MODEL to see the prompt)"
  fi
}

wsc() {
  say "WSC: spans with a sign that means something in a pattern"
  { column wsc span1_text all; column wsc span2_text all; } > "$work/spans" || return 0
  echo "  $(grep -cE '[].*+?^$(){}|[]' "$work/spans" || true) of $(wc -l < "$work/spans" | tr -d ' ') spans"
}

hellaswag() {
  say "HellaSwag: contexts without a second half, which get a comma all the same"
  column hellaswag ctx_b > "$work/halves" || return 0
  echo "  $(grep -c '^""$' "$work/halves" || true) of $(wc -l < "$work/halves" | tr -d ' ')"
}

apps() {
  say "APPS: a row for each solution"
  column apps solutions all > "$work/solutions" || return 0
  # A list of programs as JSON within a JSON string: between two programs stands \", \".
  awk '{ rows += gsub(/[^\\]\\", ?\\"/, "") + 1 } END { print "  " NR " problems become " rows " rows" }' \
    "$work/solutions"
}

decimals() {
  say "STS-B: scores as float32 in full"
  column stsb label > "$work/labels" || return 0
  # A score survives if it is a multiple of 1/8, as far as one decimal goes: 0, 0.5 and whole numbers.
  awk '{ tail += ($1 * 8 != int($1 * 8)) } END { print "  " tail " of " NR " scores get a tail such as 3.799999952316284" }' \
    "$work/labels"
}

for defect in "$@"; do
  case " ${all[*]} " in
    *" $defect "*) "$defect" ;;
    *)
      echo "audit.sh: there is no defect $defect; there are ${all[*]}" >&2
      exit 2
      ;;
  esac
done
