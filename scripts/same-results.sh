# Functions of kill-test.sh and slurm-test.sh, which source this file: a sweep to disturb, and whether its results are
# those of an undisturbed one. Both work in the current folder; the latter needs $program.

# list_datasets COUNT: writes data/rows.jsonl, and prints that many datasets of these rows as a config lists them.
list_datasets() {
  local praise=(warm witty moving clever charming graceful lively honest)
  local blame=(dull tedious clumsy hollow shallow sloppy lifeless smug)
  local place number
  mkdir -p data
  for place in "${!praise[@]}"; do
    echo "{\"sentence\": \"a ${praise[place]} film\", \"label\": 1}"
    echo "{\"sentence\": \"a ${blame[place]} film\", \"label\": 0}"
  done >data/rows.jsonl
  for ((number = 1; number <= $1; number++)); do
    echo "    - {name: tones$number, files: {train: data/rows.jsonl, validation: data/rows.jsonl},"
    echo "       prompt: \"$number {sentence}?\", answer: label, labels: {\"0\": bad, \"1\": good}}"
  done
}

# numbers RECORD: what of a record does not depend on the machine and the hour.
numbers() { grep -Ev '"(threads|started|finished|peak_rss_bytes|share_left_out|cached_bytes|[a-z_]*_seconds|[a-z_]*_per_second)":' "$1"; }

# files FOLDER: the names of its files.
files() { (cd "$1" && find . -type f ! -name .locks | sort); }

# compare_results ONE OTHER COMPLAIN: calls COMPLAIN with a sentence for each difference, and sets $compared to the number
# of files.
compare_results() {
  local one=$1 other=$2 complain=$3 file folder
  diff <(files "$one") <(files "$other") || "$complain" "other files are there"
  compared=0
  while IFS= read -r file; do
    case "$file" in
      */record.json) diff <(numbers "$one/$file") <(numbers "$other/$file") ;;
      ./summary.csv | ./leaderboard.json | ./report.html | ./report.md) true ;;
      ./config.json) diff <(grep -v '"output"' "$one/$file") <(grep -v '"output"' "$other/$file") ;;
      *) cmp "$one/$file" "$other/$file" ;;
    esac || "$complain" "$file differs"
    compared=$((compared + 1))
  done < <(files "$one")
  # The reports hold times. Those of equal records have to be equal to the byte, and those that the sweep left behind
  # have to tell what is in its records.
  for folder in "$one" "$other"; do
    cp "$folder/leaderboard.json" "left-$folder.json"
    "$program" report "$folder" --format json -o "anew-$folder.json" --quiet || "$complain" "no report of $folder"
    cmp "anew-$folder.json" "left-$folder.json" || "$complain" "the report of $folder is not up to date"
    rm -rf "masked-$folder"
    cp -r "$folder" "masked-$folder"
    sed -Ei 's/"output": .*/"output": "same",/' "masked-$folder/config.json"
    find "masked-$folder/runs" -name record.json -exec sed -Ei \
      's/"(started|finished)": "[^"]*"/"\1": ""/; s/"(threads|peak_rss_bytes|share_left_out|cached_bytes|[a-z_]*_seconds|[a-z_]*_per_second)": [^,]*/"\1": 1/' {} +
    (cd "masked-$folder" && "$program" report . --quiet >/dev/null) || "$complain" "no report of $folder"
  done
  for file in summary.csv leaderboard.json report.html report.md; do
    cmp "masked-$one/$file" "masked-$other/$file" || "$complain" "$file differs"
  done
}
