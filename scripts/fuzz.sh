#!/usr/bin/env bash
# Reads damaged files of every format, runs damaged command lines, and counts how that ends.
#
#   scripts/fuzz.sh [--cases N] [--seed S] [--format NAME]... [--case NUMBER --folder DIR]
#
# 20,000 cases a format with seed 1 unless told otherwise; status 1 if one of them crashed, hung for more than two seconds
# of processor time, took more memory than 4 times the file and 64 MiB, or failed without a proper error. A command line takes
# a process, so an eighth of that number is run, in a folder of their own. Every case is a
# function of seed, format and number: with --case it is made again and left in DIR. PEFT_FUZZ_FLAGS goes to the build,
# such as "--sanitize=address --scratch-path .build/address".
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra flags <<<"${PEFT_FUZZ_FLAGS:--c release}"
for product in peft-bench peft-fuzz; do swift build "${flags[@]}" --product "$product" >&2; done
exec "$(swift build "${flags[@]}" --show-bin-path)/peft-fuzz" "$@"
