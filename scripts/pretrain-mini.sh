#!/usr/bin/env bash
# Pretrains a candidate for the model of the mini suite: part of the course of configs/pretrain-mini.yaml, one dose of practice
# after another, and the course again, 60 million tokens in all. docs/pretraining.md, "Practice", says what for.
#
#   scripts/pretrain-mini.sh DIR [PROGRAM]      the models go to DIR, one for each stage; the last is DIR/revision
#
# A stage that is complete is not done again; an interrupted one is resumed. PROGRAM is .build/release/peft-bench unless given.
set -euo pipefail

[[ $# -ge 1 && $# -le 2 && $1 != -* ]] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
program=$(realpath "${2:-$(dirname "$0")/../.build/release/peft-bench}")
cd "$(dirname "$0")/.."

# pretrain STAGE TOKENS CONFIG [OPTION]...
pretrain() {
  local stage=$1 tokens=$2 config=$3
  shift 3
  [[ -e $folder/$stage/model.safetensors ]] ||
    "$program" model pretrain "$config" -o "$folder/$stage" --set name="mini-$stage" --set training.tokens="$tokens" "$@"
}

pretrain course 36000000 configs/pretrain-mini.yaml
from=$folder/course
while read -r stage tokens rate; do
  pretrain "$stage" "$tokens" configs/pretrain-mini-practice.yaml --set from="$from" --set corpus.stage="$stage" \
    --set training.learning_rate="$rate"
  from=$folder/$stage
done <<STAGES
senses 2600000 1e-3
pronouns 2600000 1e-3
gaps 2400000 1e-3
sums 3000000 1e-3
revision 14000000 1.5e-3
STAGES
