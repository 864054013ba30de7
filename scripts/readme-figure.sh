#!/usr/bin/env bash
# Draws the figure of README.md anew: docs/pareto.svg, from a report of configs/quick.yaml.
#
#   scripts/readme-figure.sh [PROGRAM]        PROGRAM: .build/release/peft-bench
#
# Takes half a minute on two cores. Scores of binaries for other CPU levels may differ by a row or two.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-.build/release/peft-bench}

scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
"$program" run configs/quick.yaml -o "$scratch/quick" --jobs auto --quiet
"$program" report "$scratch/quick" --figures "$scratch/figures" --quiet
cp "$scratch/figures/score-by-parameters-mini.svg" docs/pareto.svg
echo "docs/pareto.svg is drawn from $("$program" --version | head -n 1)."
