#!/usr/bin/env bash
# Makes reports of every kind and pictures of them in Chromium, and tries all of their controls.
#
#   scripts/screenshots.sh FOLDER [PROGRAM]        PROGRAM: .build/release/peft-bench
#
# FOLDER gets results (without any training, but for configs/quick.yaml), pages and pictures. Takes two minutes. Needs
# python3 with Playwright (pip install playwright) and Chromium (Debian's package chromium); PYTHON names another python3.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:?usage: scripts/screenshots.sh FOLDER [PROGRAM]}
program=${2:-.build/release/peft-bench}
python=${PYTHON:-python3}

mkdir -p "$folder/pages"
"$python" scripts/browser/folders.py "$folder/results"
"$program" run configs/quick.yaml -o "$folder/results/quick" --jobs auto --quiet
for name in large huge grid rows own failed unfinished hostile many strategies combined shots quick; do
  "$program" report "$folder/results/$name" -o "$folder/pages/$name" --quiet > /dev/null
  cp "$folder/pages/$name/report.html" "$folder/pages/$name.html"
  cp "$folder/pages/$name/summary.csv" "$folder/results/$name/summary.csv"
done
"$program" report "$folder/results/two/mini" "$folder/results/two/own" -f html -o "$folder/pages/two.html" --quiet
"$python" scripts/browser/shots.py "$folder/pages" "$folder/pictures"
"$python" scripts/browser/test.py "$folder/pages" "$folder/results"
echo "The pictures are in $folder/pictures."
