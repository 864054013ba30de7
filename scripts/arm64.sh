#!/usr/bin/env bash
# Compiles the package for arm64 on an x86-64 machine, and runs it and its tests there under emulation.
#
#   scripts/arm64.sh prepare                      two roots of Debian, unpacked: about 1.4 GB to fetch, 5 GB on disk
#   scripts/arm64.sh build [ARGUMENT...]          swift build --build-tests for arm64; arguments are those of swift build
#   scripts/arm64.sh test [ARGUMENT...]           the tests; arguments are those of swift test, such as --filter KernelTests
#   scripts/arm64.sh run PROGRAM [ARGUMENT...]    a built program, as in "run peft-bench --version"
#   scripts/arm64.sh vectors                      how many vector multiply-adds are in the functions of the kernels
#
# The compiler is Debian's: one root has it for x86-64, where it runs at full speed, and the other has the libraries for
# arm64, which QEMU runs programs of. Both roots are entered in namespaces of a user of their own, so nothing of the
# machine changes and no rights are needed; the system has to allow such namespaces, and Linux 6.7 or later to keep the
# emulator (binfmt_misc) to one. Needs apt, dpkg and the Debian archive's keyring. Emulation is twenty times slower than
# the machine: it shows whether results are right, never how fast they come.
#
#   ARM64_FOLDER    where everything goes                       ~/.cache/peft-bench-arm64
#   DEBIAN_MIRROR   where packages come from                    http://deb.debian.org/debian
#   DEBIAN_SUITE    a suite with Swift 6.1 or later             sid
set -euo pipefail

source=$(cd "$(dirname "$0")/.." && pwd)
folder=${ARM64_FOLDER:-$HOME/.cache/peft-bench-arm64}
mirror=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
suite=${DEBIAN_SUITE:-sid}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
swift=usr/libexec/swift
# Names within the roots.
products=/build/bench/aarch64-unknown-linux-gnu/debug

fail() {
  echo "arm64.sh: $*" >&2
  exit 1
}

# unpack ARCHITECTURE PACKAGE...: fetches packages with all that they depend on, and unpacks them into a root.
unpack() {
  local architecture=$1 state=$folder/apt-$1 root=$folder/$1 archive
  shift
  local options=(
    -o "Dir::State=$state" -o "Dir::State::lists=$state/lists" -o "Dir::State::status=$state/status"
    -o "Dir::Cache=$state" -o "Dir::Cache::archives=$state/archives" -o "Dir::Etc::sourcelist=$state/sources.list"
    -o "Dir::Etc::sourceparts=$state/none" -o "Dir::Etc::preferencesparts=$state/none"
    -o "APT::Architecture=$architecture" -o "APT::Architectures=$architecture" -o APT::Install-Recommends=0
    -o Debug::NoLocking=1 -o APT::Sandbox::User= -o APT::Keep-Downloaded-Packages=1
  )
  mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/none" "$root"
  touch "$state/status"
  echo "deb [signed-by=$keyring] $mirror $suite main" >"$state/sources.list"
  apt-get "${options[@]}" update
  apt-get "${options[@]}" --yes --download-only install "$@"
  # The first one has the links from /lib to /usr/lib, which the others unpack through.
  for archive in "$state"/archives/base-files_*.deb "$state"/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$root" --keep-directory-symlink --no-same-owner
  done
  rm -r "$state/archives"
}

prepare() {
  [[ $(uname -m) == x86_64 ]] || fail "compiles for arm64 on x86-64; on arm64, swift build does"
  [[ -e $keyring ]] || fail "$keyring is missing: apt-get install debian-archive-keyring"
  mkdir -p "$folder"
  unpack amd64 base-files swiftlang g++ libc6-dev qemu-user bash coreutils grep sed git
  unpack arm64 base-files swiftlang g++ libc6-dev bash coreutils grep sed git
  # The compiler looks for its object files where other distributions have them.
  ln -sfn ../libexec/swift/lib/swift "$folder/arm64/usr/lib/swift"
  # Debian's package has the interface of this library, but not the library; the tests need nothing of it.
  local missing=$folder/arm64/$swift/lib/swift/linux/lib_Testing_Foundation
  [[ -e $missing.so || -e $missing.a ]] || printf '!<arch>\n' >"$missing.a"
  # Programs look for the libraries where they were at their making.
  ln -sfn / "$folder/arm64/target"
  describe
}

# Writes what swift build has to know: a Swift SDK.
describe() {
  local bundle=$folder/build/sdks/debian-arm64.artifactbundle
  mkdir -p "$bundle/arm64"
  cat >"$bundle/info.json" <<'EOF'
{"schemaVersion": "1.0", "artifacts": {"debian-arm64": {"type": "swiftSDK", "version": "1", "variants": [
  {"path": "arm64", "supportedTriples": ["x86_64-unknown-linux-gnu", "x86_64-pc-linux-gnu"]}]}}}
EOF
  cat >"$bundle/arm64/swift-sdk.json" <<EOF
{"schemaVersion": "4.0", "targetTriples": {"aarch64-unknown-linux-gnu": {
  "sdkRootPath": "/target", "swiftResourcesPath": "/target/$swift/lib/swift", "toolsetPaths": ["toolset.json"]}}}
EOF
  cat >"$bundle/arm64/toolset.json" <<EOF
{"schemaVersion": "1.0", "rootPath": "/$swift/bin", "swiftCompiler": {"extraCLIOptions": ["-use-ld=lld"]}}
EOF
}

# within ARCHITECTURE COMMAND...: runs a command in a root that also has this folder (/src) and what is built (/build).
within() {
  local architecture=$1
  shift
  [[ -e $folder/$architecture/$swift/lib ]] || fail "there is no root in $folder yet: scripts/arm64.sh prepare"
  root=$folder/$architecture other=$folder/arm64 build=$folder/build source=$source \
    emulator=$folder/amd64/usr/bin/qemu-aarch64 architecture=$architecture \
    unshare --user --map-root-user --mount bash -c '
      set -euo pipefail
      mkdir -p "$root/src" "$root/build"
      mount --rbind /proc "$root/proc"
      mount --rbind /dev "$root/dev"
      mount --bind "$source" "$root/src"
      mount --bind "$build" "$root/build"
      if [[ $architecture == arm64 ]]; then
        # The kernel starts the emulator for every program of arm64 (ELF, 64-bit, little-endian, machine 183), those
        # that a program starts included.
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
        magic="\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
        mask="\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
        printf %s ":arm64:M::$magic:$mask:$emulator:F" >/proc/sys/fs/binfmt_misc/register
      else
        mkdir -p "$root/target"
        mount --bind "$other" "$root/target"
      fi
      exec env -i PATH=/usr/libexec/swift/bin:/usr/bin:/bin HOME=/root LANG=C.UTF-8 PEFT_BENCH_CPU=arm64 \
        "$(command -v chroot || echo /usr/sbin/chroot)" "$root" "$@"' bash "$@"
}

# Counts fused multiply-adds of four floats in the functions of the kernels that have most of them.
vectors() {
  within amd64 bash -c 'exec llvm-objdump --disassemble --reloc --no-show-raw-insn "$1"/PEFTCore.build/*.o' bash "$products" \
    | awk '/^[0-9a-f]+ <.*>:$/ { name = $2 } /[ \t]fmla\tv[0-9]+\.4s/ { count[name]++ } /CALL26[ \t]+fmaf?$/ { calls++ }
        END { for (name in count) print count[name], name
              print calls + 0, "calls of fmaf, which vector code would not make" >"/dev/stderr" }' \
    | sort -rn | head -20 | within amd64 swift-demangle --simplified
}

command=${1:-}
[[ $# -eq 0 ]] || shift
case $command in
  prepare) prepare ;;
  build)
    within amd64 swift build --build-tests --package-path /src --scratch-path /build/bench \
      --swift-sdks-path /build/sdks --swift-sdk debian-arm64 --disable-index-store "$@"
    ;;
  test) within arm64 "$products/peft-benchPackageTests.xctest" --testing-library swift-testing "$@" ;;
  run)
    [[ $# -ge 1 ]] || fail "run which program?"
    within arm64 "$products/$1" "${@:2}"
    ;;
  vectors) vectors ;;
  *)
    sed -n '2,/^set -/{/^set -/d; s/^# \{0,1\}//; p}' "$0" >&2
    exit 2
    ;;
esac
