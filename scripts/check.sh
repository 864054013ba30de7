#!/usr/bin/env bash
# Checks the whole project, as continuous integration does: needs the Swift toolchain and nothing else.
#
#   scripts/check.sh [STEP]...        STEPs: format build test fuzz smoke gate speed; all of them, in this order, without any
#
# Stops at the first step that fails.
set -euo pipefail
cd "$(dirname "$0")/.."

# Everything that this writes outside the build folder.
scratch=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf -- "$scratch"' EXIT
log=$scratch/log

# Release builds have a folder of their own, since two builds cannot share one: the tests are built beside them.
released() { SWIFTPM_BUILD_DIR=.build/checks "$@"; }

# Prints the path of the release build's program, which is built if it is not there.
program() {
  released swift build -c release --product peft-bench >&2 || return
  printf '%s/peft-bench\n' "$(released swift build -c release --show-bin-path)"
}

step() { printf '\n== %s\n' "$1"; }

check_format() {
  step "Formatting"
  swift format lint --strict -r Sources Tests Package.swift
  local long
  long=$(find Sources -name '*.swift' -exec wc -l {} + | awk '$2 != "total" && $1 > 500 { print "  " $2 ": " $1 " lines" }')
  [[ -z $long ]] || printf 'Long files, for your information:\n%s\n' "$long"
}

check_build() {
  step "Release build without warnings"
  # One module waits for another often enough that a second build takes little more time.
  local tests=
  if [[ " ${steps[*]} " == *" test "* ]]; then
    swift build --build-tests >"$scratch/tests" 2>&1 &
    tests=$!
  fi
  # Only files that are compiled now can warn, so everything is.
  rm -rf -- .build/checks
  released swift build -c release 2>&1 | tee "$log"
  if grep -E '(^|/)(Sources|Tests)/.*warning:|/Package\.swift.*warning:' "$log" >/dev/null; then
    echo "check.sh: the sources compile with warnings, see above" >&2
    return 1
  fi
  [[ -z $tests ]] || wait "$tests" || {
    cat "$scratch/tests" >&2
    return 1
  }
}

check_tests() {
  step "Tests"
  swift test 2>&1 | tee "$log" && return
  # Those that failed again, where one who sees only the end of the output finds them.
  printf '\nFailed:\n' >&2
  grep -E '✘|recorded an issue' "$log" >&2 || true
  return 1
}

check_fuzz() {
  step "Damaged files, 20,000 of each format"
  released scripts/fuzz.sh --cases 20000 --seed 1
}

check_smoke() {
  step "The program from end to end"
  scripts/smoke.sh "$(program)"
}

check_gate() {
  step "The mini suite against its baseline"
  local program
  program=$(program)
  "$program" run configs/ci.yaml -o "$scratch/ci" --quiet
  # CPUs with other vectors round differently; what is counted does not depend on them.
  "$program" compare configs/ci-baseline.json "$scratch/ci" --tolerance score=0.1
}

check_speed() {
  step "Training speed beside the matrix kernel's peak"
  scripts/perf-gate.sh --rounds 9 --seconds 40 "$(program)"
}

swift --version
swift format --version 2>/dev/null | sed 's/^/swift-format /' || true
uname -srm

steps=("$@")
[[ $# -gt 0 ]] || steps=(format build test fuzz smoke gate speed)
for name in "${steps[@]}"; do
  case "$name" in
    format) check_format ;;
    build) check_build ;;
    test) check_tests ;;
    fuzz) check_fuzz ;;
    smoke) check_smoke ;;
    gate) check_gate ;;
    speed) check_speed ;;
    *)
      echo "check.sh: there is no step $name; there are format, build, test, fuzz, smoke, gate, speed" >&2
      exit 2
      ;;
  esac
done
