#!/usr/bin/env bash
# Pretrains a candidate for the model of the mini suite: the course of configs/pretrain-mini.yaml, one dose of practice after
# another, and the course again, 85 million tokens in all. docs/pretraining.md, "Practice", says what for.
#
#   scripts/pretrain-mini.sh DIR [PROGRAM]      the models go to DIR, one for each stage; the last is DIR/revision
#
# A stage that is complete is not done again; an interrupted one is resumed. The course's model is models/mini: with a copy of it
# as DIR/course, the doses are what is left to do. PROGRAM is .build/release/peft-bench unless given.
set -euo pipefail

[[ $# -ge 1 && $# -le 2 && $1 != -* ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
program=$(realpath "${2:-$(dirname "$0")/../.build/release/peft-bench}")
configs=$(cd "$(dirname "$0")/../configs" && pwd)
mkdir -p "$1"
# From here on a model is called by its stage: cards name the model that one has gone on from.
cd "$1"

# pretrain STAGE CONFIG [OPTION]...
pretrain() {
  local stage=$1 config=$2
  shift 2
  [[ -e $stage/model.safetensors ]] || "$program" model pretrain "$configs/$config" -o "$stage" "$@"
}

pretrain course pretrain-mini.yaml
from=course
while read -r stage tokens rate; do
  pretrain "$stage" pretrain-mini-practice.yaml --set name="mini-$stage" --set from="$from" --set corpus.stage="$stage" \
    --set training.tokens="$tokens" --set training.learning_rate="$rate"
  from=$stage
done <<STAGES
senses 2600000 1e-3
pronouns 2600000 1e-3
gaps 2400000 1e-3
sums 3000000 1e-3
revision 14000000 1.5e-3
STAGES
