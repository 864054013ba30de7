#!/usr/bin/env bash
# Reads damaged files of every format, and counts how that ends.
#
#   scripts/fuzz.sh [--cases N] [--seed S] [--format NAME]... [--case NUMBER --folder DIR]
#
# 20,000 cases a format with seed 1 unless told otherwise; status 1 if one of them crashed, hung for more than two seconds
# of processor time, took more memory than 4 times the file and 64 MiB, or failed without a proper error. Every case is a
# function of seed, format and number: with --case it is made again and left in DIR. PEFT_FUZZ_FLAGS goes to the build,
# such as "--sanitize=address --scratch-path .build/address".
set -euo pipefail
cd "$(dirname "$0")/.."
read -ra flags <<<"${PEFT_FUZZ_FLAGS:--c release}"
swift build "${flags[@]}" --product peft-fuzz >&2
exec "$(swift build "${flags[@]}" --show-bin-path)/peft-fuzz" "$@"
