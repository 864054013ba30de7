#!/usr/bin/env bash
# Does a sweep by the script that `plan --slurm` prints, on a real Slurm of one machine.
#
#   scripts/slurm-test.sh [PROGRAM]        PROGRAM: .build/release/peft-bench
#
# Needs slurmctld, slurmd, sbatch and munged; as root on Debian or Ubuntu it installs what is missing. All of Slurm's
# files lie in a temporary folder, so a Slurm that the machine may have is not touched. An array of 8 tasks does 24 runs
# of the tiny model among the test fixtures; one task's process is killed in the middle and the task requeued. Checked:
# the array finishes, every record is there, and all results are equal byte for byte, bar times, to those of an
# undisturbed sweep without Slurm.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2

program=${1:-.build/release/peft-bench}
[[ -x $program ]] || { echo "slurm-test.sh: there is no program at $program; build it: swift build -c release" >&2; exit 2; }
# As the system names it, since the script that is printed does so too.
program=$(readlink -f "$program")
readonly program
source scripts/same-results.sh
readonly tiny=$PWD/Tests/Fixtures/gguf_models/llama-q8_0.gguf

have_all() { command -v slurmctld && command -v slurmd && command -v sbatch && command -v munged; } >/dev/null
PATH=$PATH:/usr/sbin
if ! have_all; then
  if [[ $(id -u) -ne 0 ]] || ! command -v apt-get >/dev/null; then
    echo "slurm-test.sh: needs slurmctld, slurmd, sbatch and munged (Debian: slurmctld slurmd slurm-client munge)" >&2
    exit 2
  fi
  export DEBIAN_FRONTEND=noninteractive
  { apt-get update && apt-get install -y --no-install-recommends slurmctld slurmd slurm-client munge; } >/dev/null 2>&1
  have_all || { echo "slurm-test.sh: Slurm cannot be installed" >&2; exit 2; }
fi

work=$(mktemp -d) || exit 2
readonly work
daemons=()
end() {
  [[ ${#daemons[@]} -eq 0 ]] || { scancel --user="$(id -un)" 2>/dev/null; sleep 0.5; }
  for ((index = ${#daemons[@]} - 1; index >= 0; index--)); do kill "${daemons[index]}" 2>/dev/null; done
  wait 2>/dev/null
  rm -rf -- "$work"
}
trap end EXIT
fail() {
  echo "FAILED  $*"
  for log in "$work"/*.log "$work"/sweep/*.log; do
    [[ -s $log ]] && { echo "--- $log"; tail -n 15 "$log"; }
  done
  exit 1
}

# --- A Slurm of its own

mkdir "$work/state" "$work/spool" "$work/sweep"
chmod 755 "$work"
dd if=/dev/urandom of="$work/munge.key" bs=1024 count=1 status=none
chmod 400 "$work/munge.key"
munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munge.pid" \
  --log-file="$work/munge.log" --seed-file="$work/munge.seed" >"$work/munged.out" 2>&1 &
daemons+=($!)
host=$(hostname -s)
cores=$(nproc)
memory=$(($(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) / 1024 * 9 / 10))
# A port that nobody uses, far from Slurm's usual ones.
port=$((20000 + $$ % 20000))
cat >"$work/slurm.conf" <<CONF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
JobRequeue=1
MinJobAge=3600
# Otherwise a requeued job waits two minutes before it starts again.
SchedulerParameters=nohold_on_prolog_fail
SlurmctldParameters=enable_configless
ReturnToService=2
KillWait=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=$memory
PartitionName=all Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:8
CONF
export SLURM_CONF=$work/slurm.conf
for _ in {1..50}; do [[ -S $work/munge.socket ]] && break; sleep 0.1; done
slurmctld -D -i >"$work/slurmctld.out.log" 2>&1 &
daemons+=($!)
slurmd -D >"$work/slurmd.out.log" 2>&1 &
daemons+=($!)
for _ in {1..100}; do sinfo -h -o %t 2>/dev/null | grep -q '^idle' && break; sleep 0.2; done
sinfo -h -o %t 2>/dev/null | grep -q '^idle' || fail "Slurm does not start"
echo "Slurm $(slurmctld -V | cut -d' ' -f2) runs on $host with $cores cores"

# --- The sweep: 4 datasets x 3 methods x 2 seeds

cd "$work/sweep" || exit 2
{
  printf 'name: array\nmodel: %s\ndata:\n  datasets:\n' "$tiny"
  list_datasets 4
  cat <<YAML
methods: [{name: lora, rank: 4, dropout: 0.1}, prompt-tuning, ia3]
seeds: [1, 2]
training: {epochs: 60, batch_size: 3, learning_rate: 1e-2, validation_fraction: 0.2, checkpoint_steps: 5}
evaluation: {batch_size: 4, zero_shot: false}
YAML
} >sweep.yaml
"$program" run sweep.yaml -o calm --threads 1 --quiet >calm.txt || fail "the undisturbed sweep failed"
"$program" plan sweep.yaml -o shared --threads 1 --slurm --tasks 8 --quiet >sweep.sbatch || fail "no script"
bash -n sweep.sbatch || fail "the script is no bash"
sed -n 's/^#SBATCH /        /p' sweep.sbatch

job=$(sbatch --parsable sweep.sbatch) || fail "sbatch refuses the script"
echo "submitted as $job"

# states: one line for each task with its place and state.
states() { squeue -h -r -j "$job" -t all -o '%K %T' 2>/dev/null; }

# Kill a task's program once it has a checkpoint, which is in the middle of a run; then requeue the task.
killed=""
for _ in {1..600}; do
  if [[ -n $(find shared/runs -name training.safetensors 2>/dev/null | head -n 1) ]]; then
    process=$(ps -eo pid,args | awk -v program="$program" '$2 == program && /--shard/ { print $1, $NF }' | head -n 1)
    if [[ -n $process ]]; then
      killed=${process#* }
      killed=${killed%/*}
      # The requeue kills the task as a failing node does: at once, with no word to the program.
      kill -9 "${process% *}"
      # The task may be over by then; a task that is still ending cannot be requeued yet.
      for _ in {1..40}; do scontrol requeue "${job}_$killed" 2>requeue.txt && break 2; sleep 0.25; done
      killed=""
    fi
  fi
  sleep 0.05
done
[[ -n $killed ]] || { cat requeue.txt 2>/dev/null; fail "no task could be killed and requeued"; }
echo "killed task $killed in the middle of a run and requeued it; then:"
"$program" status shared | tail -n 1

for _ in {1..1500}; do
  states | grep -Evq 'COMPLETED|FAILED|CANCELLED|TIMEOUT|NODE_FAIL' || break
  # A requeued job is to begin in two minutes; there is no need to wait for that here.
  scontrol update "jobid=${job}_$killed" starttime=now 2>/dev/null
  sleep 0.2
done
states | sort -n
[[ $(states | grep -c ' COMPLETED') -eq 8 ]] || fail "not all tasks are complete"
"$program" status shared | tail -n 1

# --- The same results

compare_results calm shared fail
restarts=$(scontrol show job "${job}_$killed" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p')
echo "$(find shared/runs -name record.json | wc -l) records, $compared files equal, task $killed was restarted ${restarts:-0} times"
