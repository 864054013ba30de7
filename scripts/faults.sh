#!/usr/bin/env bash
# Makes the machine fail under a sweep in many ways, and checks that each ends as docs/reliability.md says.
#
#   scripts/faults.sh [PROGRAM]      PROGRAM: .build/release/peft-bench
#
# A small sweep of the mini model is done once in peace. Then it is begun again and again in a new folder while something
# is wrong, and once more without the fault. Checked: the status and the message of the faulty call, that every record in
# the folder can be read, and that the next call ends with the results of the undisturbed sweep, byte for byte. Prints a
# Markdown table; status 1 if a row is not as expected. Rows that need root, or a user that is not root, say so.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

program=${1:-.build/release/peft-bench}
[[ -x $program ]] || { echo "faults.sh: there is no program at $program; build it: swift build -c release" >&2; exit 2; }
[[ $program == /* ]] || program=$PWD/$program
readonly program project=$PWD
work=$(mktemp -d) || exit 2
readonly work
end() {
  local place
  for place in "$work"/disk; do mountpoint -q "$place" 2>/dev/null && umount "$place"; done
  chmod -R u+w "$work" 2>/dev/null
  rm -rf -- "$work"
}
trap end EXIT
chmod 755 "$work"
cd "$work" || exit 2
cp -r "$project/models/mini" model
mkdir data
cp -r "$project/datasets/mini/rte" "$project/datasets/mini/cb" data/
cat >sweep.yaml <<'YAML'
name: faults
model: {path: model, name: mini}
data: {suite: mini, root: data, datasets: [rte, cb], train_limit: 24, eval_limit: 8}
methods: [{name: lora, rank: 4}, {name: ia3}, {name: full}]
seeds: [1]
training: {epochs: 2, batch_size: 4, validation_fraction: 0, checkpoint_steps: 2}
evaluation: {mode: generate, batch_size: 8, max_new_tokens: 4}
YAML
readonly run=("$program" run sweep.yaml --quiet --threads 2)

# As somebody who is not root: permissions mean nothing to root.
plain() {
  if [[ $(id -u) -eq 0 ]]; then setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; else "$@"; fi
}
can_be_plain() { [[ $(id -u) -ne 0 ]] || plain true 2>/dev/null; }

"${run[@]}" -o calm >calm.txt 2>calm.err || { echo "the undisturbed sweep failed:"; cat calm.err; exit 1; }
readonly runs=$(find calm/runs -name record.json | wc -l)
echo "$runs runs undisturbed; $("$program" --version 2>/dev/null | head -n 1), $(uname -sr)"
echo
echo '| fault | exit | what it says | results folder | next call |'
echo '|---|--:|---|---|---|'

failures=0
# intact DIR: whether every record there is whole and readable.
intact() {
  local record
  [[ -d $1/runs ]] || return 0
  "$program" status "$1" >status.txt 2>&1 || return 1
  for record in "$1"/runs/*/record.json; do
    [[ -e $record ]] || continue
    tail -c 3 "$record" | grep -q '}' || return 1
  done
}
# same DIR: whether its results are those of the undisturbed sweep.
same() {
  local file
  while IFS= read -r file; do cmp -s "calm/$file" "$1/$file" || { echo "$file differs" >&2; return 1; }; done < <(
    cd calm && find . -name predictions.jsonl -o -name history.jsonl -o -name '*.safetensors')
  [[ $(find "$1/runs" -name record.json | wc -l) -eq $runs ]]
}
# row FAULT STATUS MESSAGE DIR [NEXT...]: one line; STATUS and MESSAGE are extended regular expressions for what was left
# in $status and err.txt, NEXT the next call, the same sweep in DIR unless given.
row() {
  local fault=$1 expected=$2 message=$3 folder=$4
  shift 4
  local said state=intact next=done problem=""
  # The last line that says something, without this run's own places; or the cause, where that only counts failed runs.
  said=$(grep -v '^To resume' err.txt | tail -n 1)
  [[ $said != *' runs failed; '* ]] || said=$(grep -m 1 ' failed: ' err.txt || echo "$said")
  said=$(sed "s#$work/##g; s/^error: //" <<<"$said" | cut -c 1-170)
  [[ $status =~ ^($expected)$ ]] || problem+=" status $status, expected $expected;"
  [[ -z $message ]] || grep -Eq -- "$message" err.txt || problem+=" no message like $message;"
  ! grep -Eq 'Program crashed|Backtrac|Segmentation' err.txt || problem+=" it crashed;"
  intact "$folder" || { state=broken; problem+=" the folder is not intact: $(tail -n 1 status.txt);"; }
  if [[ $# -gt 0 ]]; then "$@" >next.txt 2>next.err; else "${run[@]}" -o "$folder" >next.txt 2>next.err; fi || {
    next=failed
    problem+=" the next call failed: $(tail -n 1 next.err);"
  }
  [[ $next == failed ]] || same "$folder" || { next=differs; problem+=" other results;"; }
  said=${said//|/\\|}
  echo "| $fault | $status | ${said:-nothing} | $state | $next |"
  if [[ -n $problem ]]; then
    echo "faults.sh: $fault:$problem" >&2
    failures=$((failures + 1))
  fi
}
left_out() { echo "| $1 | – | left out: $2 | – | – |"; }

# --- Disks and permissions

mkdir disk
if mount -t tmpfs -o size=160k tmpfs disk 2>/dev/null; then
  "${run[@]}" -o disk/r >out.txt 2>err.txt
  status=$?
  mount -o remount,size=64m disk
  row 'disk full (a tmpfs of 160 kB)' 1 'No space left on device' disk/r
  rm -rf disk/r && mount -o remount,size=160k disk
  "${run[@]}" --jobs 2 -o disk/r >out.txt 2>err.txt
  status=$?
  mount -o remount,size=64m disk
  row 'the same with two workers' 1 'No space left on device' disk/r
  umount disk
else
  left_out 'disk full (a tmpfs of 160 kB)' 'needs root to mount one'
  left_out 'the same with two workers' 'needs root to mount one'
fi

(ulimit -f 24; exec "${run[@]}" -o size) >out.txt 2>err.txt
status=$?
row 'limit on the size of files (`ulimit -f 24`)' 1 'File too large' size

if can_be_plain; then
  mkdir locked && chmod 555 locked
  plain "${run[@]}" -o locked/r >out.txt 2>err.txt
  status=$?
  chmod 755 locked
  row 'folder that may not be written to' 2 'Permission denied' locked/r

  cp -r calm partly && first=$(basename "$(find partly/runs -mindepth 1 -maxdepth 1 | sort | head -n 1)")
  rm "partly/runs/$first/record.json"
  [[ $(id -u) -ne 0 ]] || chown -R 65534 partly
  chmod 555 "partly/runs/$first"
  plain "${run[@]}" -o partly >out.txt 2>err.txt
  status=$?
  chmod 755 "partly/runs/$first"
  row "one run's folder may not be written to" 2 'Permission denied' partly

  chmod 000 data/rte/validation.jsonl
  plain "${run[@]}" -o rows >out.txt 2>err.txt
  status=$?
  chmod 644 data/rte/validation.jsonl
  row 'rows that may not be read' 2 'rte/validation.jsonl: cannot be opened: Permission denied' rows

  chmod 000 model/model.safetensors
  plain "${run[@]}" -o weights >out.txt 2>err.txt
  status=$?
  chmod 644 model/model.safetensors
  row 'weights that may not be read' 2 'model.safetensors: cannot open: Permission denied' weights
else
  left_out 'permission denied' 'needs setpriv to become somebody else'
fi

# --- Files that change

# wait_for FILE: until it is there, a minute at most.
wait_for() {
  for ((tries = 0; tries < 600; tries++)); do
    compgen -G "$1" >/dev/null && return
    sleep 0.1
  done
}

"${run[@]}" -o vanished >out.txt 2>err.txt &
process=$!
wait_for 'vanished/runs/*/record.json'
mv model/model.safetensors away
wait "$process"
status=$?
mv away model/model.safetensors
# A machine that had read them all by then has nothing to say.
cause='failed: model: has no weights'
[[ $status -ne 0 ]] || cause=''
row 'weights vanish during the sweep' '0|1' "$cause" vanished

"${run[@]}" --jobs 2 -o changed >out.txt 2>err.txt &
process=$!
wait_for 'changed/runs/*/record.json'
cp data/rte/train.jsonl kept.jsonl
sed -i '1,3d' data/rte/train.jsonl
wait "$process"
status=$?
cp kept.jsonl data/rte/train.jsonl
row 'rows change during a sweep of two processes' '0|1' '' changed

# A large model of zeros, sparse on the disk, so that there is time to shorten it while it is read.
mkdir large && cp model/tokenizer.json model/tokenizer_config.json large/
wide=65536
sed -e "s/\"intermediate_size\": *[0-9]*/\"intermediate_size\": $wide/" -e 's/"num_hidden_layers": *[0-9]*/"num_hidden_layers": 1/' \
  model/config.json >large/config.json
setting() { sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" large/config.json | head -n 1; }
hidden=$(setting hidden_size) vocabulary=$(setting vocab_size) heads=$(setting num_attention_heads) pairs=$(setting num_key_value_heads)
offset=0 header=''
tensor() {
  local size=$(($2 * ${3:-1} * 4)) shape=$2${3:+,$3}
  header+="${header:+,}\"$1\":{\"dtype\":\"F32\",\"shape\":[$shape],\"data_offsets\":[$offset,$((offset + size))]}"
  offset=$((offset + size))
}
tensor model.embed_tokens.weight "$vocabulary" "$hidden"
layer=model.layers.0
for name in q_proj o_proj; do tensor $layer.self_attn.$name.weight "$hidden" "$hidden"; done
for name in k_proj v_proj; do tensor $layer.self_attn.$name.weight $((hidden * pairs / heads)) "$hidden"; done
for name in gate_proj up_proj; do tensor $layer.mlp.$name.weight $wide "$hidden"; done
tensor $layer.mlp.down_proj.weight "$hidden" $wide
for name in $layer.input_layernorm $layer.post_attention_layernorm model.norm; do tensor $name.weight "$hidden"; done
header="{$header}"
printf -v length '%016x' "${#header}"
{
  for ((place = 14; place >= 0; place -= 2)); do printf "\\x${length:place:2}"; done
  printf '%s' "$header"
} >large/model.safetensors
truncate -s $((8 + ${#header} + offset)) large/model.safetensors
"${run[@]}" --set model.path=large --set model.name=large -o large-results >out.txt 2>err.txt &
process=$!
for ((tries = 0; tries < 2000; tries++)); do
  # It reads the weights as soon as they are mapped.
  grep -q large/model.safetensors "/proc/$process/maps" 2>/dev/null && break
  kill -0 "$process" 2>/dev/null || break
  sleep 0.01
done
truncate -s 4096 large/model.safetensors
wait "$process"
status=$?
row 'weights become shorter while they are read' 1 'large/model.safetensors: the file became shorter' shortened

"${run[@]}" -o removed >out.txt 2>err.txt &
process=$!
wait_for 'removed/runs/*/record.json'
mv removed away
wait "$process"
status=$?
[[ ! -e removed ]] || { echo "faults.sh: a removed results folder came back" >&2; failures=$((failures + 1)); }
rm -rf removed
mv away removed
row 'results folder removed during the sweep' 1 'the results folder was removed or replaced during the sweep' removed

# --- Results of others

mkdir foreign && echo '{"model_type": "llama"}' >foreign/config.json && cp foreign/config.json kept.json
"${run[@]}" -o foreign >out.txt 2>err.txt
status=$?
cmp -s foreign/config.json kept.json || { echo "faults.sh: a foreign config.json was replaced" >&2; failures=$((failures + 1)); }
rm -r foreign
row "somebody else's folder" 2 'is not a results folder that peft-bench wrote: it has config.json' foreign

cp -r calm newer
record=$(find newer/runs -name record.json | sort | head -n 1)
sed -i 's#peft-bench.run/1#peft-bench.run/2#' "$record"
"${run[@]}" -o newer >out.txt 2>err.txt
status=$?
if ! grep -q 'peft-bench.run/2' "$record"; then echo "faults.sh: the newer record was overwritten" >&2; failures=$((failures + 1)); fi
cp "calm/${record#newer/}" "$record"
row 'a record of a newer version' 1 'a newer version of peft-bench wrote this record' newer

cp -r calm future
rm "$(find future/runs -name record.json | sort | head -n 1)"
sed -i 's/"20[0-9][0-9]-/"2199-/' future/runs/*/record.json
find future -exec touch -d '2199-01-01' {} +
"${run[@]}" -o future >out.txt 2>err.txt
status=$?
row 'a clock that was set back (all files are from 2199)' 0 '' future

if command -v faketime >/dev/null; then
  faketime -f '+0 x100000' "${run[@]}" -o quick-clock >out.txt 2>err.txt
  status=$?
  row 'a clock that runs 100,000 times too fast' 0 '' quick-clock
else
  left_out 'a clock that runs 100,000 times too fast' 'needs faketime'
fi

"${run[@]}" -o shared >one.txt 2>one.err &
process=$!
"${run[@]}" -o shared >out.txt 2>err.txt
status=$?
wait "$process" || status="$status, the other $?"
cat one.err >>err.txt
row 'two sweeps in one folder at once' 0 '' shared

# --- Memory

for size in 120000 200000 500000; do
  (ulimit -v $size; exec "${run[@]}" -o "memory-$size") >out.txt 2>err.txt
  status=$?
  # What does not even fit the system's loader ends with its own 127.
  row "address space of $((size / 1000)) MB (\`ulimit -v $size\`)" '0|1|2|127' '' "memory-$size"
done

# --- Processes, threads and open files

(ulimit -n 40; exec "${run[@]}" --jobs 6 --threads 6 -o files) >out.txt 2>err.txt
status=$?
row 'forty open files, six workers (`ulimit -n 40`)' 0 '' files

if [[ $(id -u) -eq 0 ]] && can_be_plain; then
  # Nobody else has processes of this number, so the limit counts the sweep's alone.
  chmod -R a+rX . && mkdir tasks && chmod 777 tasks
  for room in 1 3 5 8; do
    setpriv --reuid=54321 --regid=54321 --clear-groups \
      timeout 120 bash -c "ulimit -u $room; exec \"\$@\"" limited "${run[@]}" --jobs 6 --threads 6 -o "tasks/$room" \
      >out.txt 2>err.txt
    status=$?
    row "$room processes and threads (\`ulimit -u $room\`)" '0|1' "$([[ $status -eq 0 ]] || echo 'ulimit -u')" "tasks/$room"
  done
else
  left_out 'few processes and threads (`ulimit -u`)' 'needs root and setpriv to become somebody without any'
fi

# --- Signals to a worker

# worker: the first process that carries runs out for $process.
worker() { cat /proc/"$process"/task/*/children | cut -d ' ' -f 1; }
for name in SEGV BUS ILL ABRT KILL; do
  "${run[@]}" -o "worker-$name" >out.txt 2>err.txt &
  process=$!
  wait_for "worker-$name/runs/*/record.json"
  kill -"$name" "$(worker)"
  wait "$process"
  status=$?
  row "SIG$name to the process that carries runs out" 1 "ended by signal [0-9]+ \(SIG$name" "worker-$name"
done
"${run[@]}" --jobs 2 -o worker-two >out.txt 2>err.txt &
process=$!
wait_for 'worker-two/runs/*/record.json'
kill -SEGV "$(worker)"
wait "$process"
status=$?
row 'SIGSEGV to one of two workers' 1 'ended by signal 11 \(SIGSEGV' worker-two
"${run[@]}" -o worker-TERM >out.txt 2>err.txt &
process=$!
wait_for 'worker-TERM/runs/*/record.json'
kill -TERM "$(worker)"
wait "$process"
status=$?
row 'SIGTERM to the process that carries runs out' 0 '' worker-TERM

# --- Signals

{ "${run[@]}" -o signal-QUIT >out.txt 2>err.txt & } 2>/dev/null
process=$!
wait_for 'signal-QUIT/runs/*/record.json'
kill -QUIT "$process"
wait "$process" 2>/dev/null
status=$?
row 'SIGQUIT' 131 '' signal-QUIT
for name in TERM INT HUP; do
  "${run[@]}" -o "signal-$name" >out.txt 2>err.txt &
  process=$!
  wait_for "signal-$name/runs/*/record.json"
  kill -"$name" "$process"
  wait "$process"
  status=$?
  row "SIG$name" 130 'To resume: ' "signal-$name"
done
"${run[@]}" --jobs 2 -o signal-workers >out.txt 2>err.txt &
process=$!
wait_for 'signal-workers/runs/*/record.json'
kill -TERM "$process"
wait "$process"
status=$?
row 'SIGTERM to a sweep with two workers' 130 'To resume: ' signal-workers
"${run[@]}" -o signal-PIPE >out.txt 2>err.txt &
process=$!
wait_for 'signal-PIPE/runs/*/record.json'
kill -PIPE "$process"
wait "$process"
status=$?
row 'SIGPIPE' 0 '' signal-PIPE
{ "${run[@]}" -o signal-KILL >out.txt 2>err.txt & } 2>/dev/null
process=$!
wait_for 'signal-KILL/runs/*/record.json'
left_behind=$(worker)
kill -KILL "$process"
wait "$process" 2>/dev/null
status=$?
for ((tries = 0; tries < 100; tries++)); do kill -0 "$left_behind" 2>/dev/null || break; sleep 0.1; done
! kill -0 "$left_behind" 2>/dev/null || { echo "faults.sh: a worker outlived its sweep" >&2; failures=$((failures + 1)); }
row 'SIGKILL' 137 '' signal-KILL

# --- Standard streams

"${run[@]}" -o closed >&- 2>err.txt
status=$?
[[ $(find closed -name .locks -size +0 | wc -l) -eq 0 ]] || { echo "faults.sh: output went into a file of results" >&2; failures=$((failures + 1)); }
row 'standard output closed (`>&-`)' 1 'cannot write to standard output: Bad file descriptor' closed
{ "${run[@]}" -o piped 2>err.txt; echo $? >status.txt; } | head -n 1 >out.txt
status=$(cat status.txt)
row 'reader goes away (`| head -n 1`)' 0 '' piped
"${run[@]}" -o full >/dev/full 2>err.txt
status=$?
row 'standard output full (`>/dev/full`)' 1 'cannot write to standard output: No space left' full
: >err.txt
"${run[@]}" -o deaf >out.txt 2>&-
status=$?
row 'standard error closed (`2>&-`)' 0 '' deaf


# --- Outputs that are no regular files

"$program" report calm -f csv -o plain.csv --quiet 2>err.txt
# output NAME COMMAND: a line for a report that is written to something else; COMMAND says whether it is right.
output() {
  local said=right
  eval "$2" 2>err.txt || said=wrong
  echo "| report written to $1 | 0 | $said | – | – |"
  [[ $said == right ]] || { echo "faults.sh: report to $1: $(cat err.txt)" >&2; failures=$((failures + 1)); }
}
report="\"$program\" report calm -f csv --quiet -o"
output '/dev/null' "$report /dev/null && [[ -c /dev/null ]]"
output '/dev/stdout, a pipe' "$report /dev/stdout | cmp - plain.csv"
output '/dev/stdout, a file' "echo first >printed.csv; $report /dev/stdout >>printed.csv && sed 1d printed.csv | cmp - plain.csv"
output 'a named pipe' "mkfifo pipe; { cat pipe >piped.csv & }; $report pipe && wait \$! && cmp piped.csv plain.csv && [[ -p pipe ]]"
output 'a symbolic link' "echo old >target; ln -s target link; $report link && [[ -L link ]] && cmp target plain.csv"

echo
echo "$failures rows are not as expected"
((failures == 0))
