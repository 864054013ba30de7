#!/usr/bin/env bash
# Looks for accesses behind a block of memory: every larger block ends where an unreadable page begins (Linux, glibc).
#
#   scripts/guarded-heap.sh [PROGRAM]            PROGRAM: .build/release/peft-bench
#
# Trains and evaluates every method on every small model of the fixtures and on the mini model, then runs the tests of
# kernels, gradients, models and methods. Status 1 and the place of the access if there is one.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-.build/release/peft-bench}
scratch=$(mktemp -d)
trap 'rm -rf -- "$scratch"' EXIT
clang -O1 -shared -fPIC scripts/guarded-heap/guarded_heap.c -o "$scratch/heap.so" -ldl

# guarded NAME COMMAND...: what the command prints is shown only if it fails.
guarded() {
  local name=$1
  shift
  if LD_PRELOAD="$scratch/heap.so" "$@" >"$scratch/log" 2>&1; then
    echo "ok    $name"
  else
    echo "FAIL  $name"
    grep -a -A 12 'crashed:' "$scratch/log" || tail -n 5 "$scratch/log"
    exit 1
  fi
}

for model in Tests/Fixtures/gguf_models/*.gguf models/mini; do
  # Its 64 positions hold no example of a task.
  [[ $model != *gpt2* ]] || continue
  methods='lora, prompt-tuning, prefix-tuning, p-tuning, ia3, adapter, bitfit, full'
  # Its norms have nothing to train.
  [[ $model == *olmo-* ]] || methods+=', ln-tuning'
  # Rows of every number below a tile's height, and three threads, of which one has no piece left now and then.
  guarded "$model" "$program" run configs/ci.yaml --set "model.path=$model" --set 'data.datasets=[sst2]' \
    --set "methods=[$methods]" --set data.train_limit=7 --set data.eval_limit=5 --set training.epochs=1 \
    --threads 3 --output "$scratch/out" --fresh
done

swift build --build-tests
tests='WeightMatrix|MatrixMultiply|Attention|Gradient|Elementwise|CrossEntropy|Normal|Rotary|Activation|OptimizerStep'
tests+='|Vector|GGUFModel|ModelGolden|WeightType|WeightFormat|Contract|Method'
guarded "tests" "$(swift build --show-bin-path)/peft-benchPackageTests.xctest" --testing-library swift-testing --filter "$tests"
