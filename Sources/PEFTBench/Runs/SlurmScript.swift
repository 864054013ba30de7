/// An sbatch script that does a sweep as an array of tasks on one shared results folder.
///
/// A task does one shard. It may be killed and requeued at any time: complete runs are skipped and the one that was
/// interrupted resumes from its checkpoint. A task that runs out of time is told so two minutes before, saves a
/// checkpoint and queues itself again.
package struct SlurmScript: Sendable {
  /// The job's name.
  package var name: String
  /// The program, `run` and its options, for bash, without the shard.
  package var command: String
  /// The config, for bash.
  package var config: String
  /// Tasks of the array.
  package var tasks: Int
  /// Threads of a task.
  package var threads: Int
  /// Seconds that the longest task is expected to take; nil where nothing could be measured.
  package var seconds: Double?
  /// Peak bytes of tensors of the largest run; nil where that is not known.
  package var bytes: Int?

  /// Describes a script.
  package init(
    name: String, command: String, config: String, tasks: Int, threads: Int, seconds: Double?, bytes: Int?
  ) {
    (self.name, self.command, self.config, self.tasks, self.threads) = (name, command, config, tasks, threads)
    (self.seconds, self.bytes) = (seconds, bytes)
  }

  /// Twice the expected time, since nodes differ, in whole ten minutes; a day where nothing is known.
  var minutes: Int {
    guard let seconds else { return 24 * 60 }
    return max(10, Int((2 * seconds / 600).rounded(.up)) * 10)
  }

  /// A quarter and half a gigabyte more than the tensors, in whole 256 MB; 4 GB where nothing is known.
  var megabytes: Int {
    guard let bytes else { return 4096 }
    return Int((1.25 * Double(bytes) / 1_048_576 + 512) / 256 + 1) * 256
  }

  /// The script.
  package var text: String {
    let time = "\(minutes / 60):\(minutes % 60 < 10 ? "0" : "")\(minutes % 60):00"
    return #"""
      #!/bin/bash
      # Submit it with: sbatch FILE      See how far it is with: peft-bench status DIR
      # Every line may be changed, the number of tasks only before the first submission: it decides who does what.
      #SBATCH --job-name=\#(name)
      #SBATCH --array=1-\#(tasks)
      #SBATCH --ntasks=1
      #SBATCH --cpus-per-task=\#(threads)
      #SBATCH --time=\#(time)
      #SBATCH --mem=\#(megabytes)M
      #SBATCH --requeue
      #SBATCH --open-mode=append
      #SBATCH --output=%x-%A_%a.log
      #SBATCH --signal=B:USR1@120

      # The task's time is nearly over: save a checkpoint and queue the task again.
      out_of_time=0
      trap 'out_of_time=1; kill -TERM "$run"' USR1
      # Cancelled or preempted: save a checkpoint. Slurm requeues what it preempted by itself.
      trap 'kill -TERM "$run"' TERM

      \#(command) --threads "${SLURM_CPUS_PER_TASK:-\#(threads)}" --shard "$SLURM_ARRAY_TASK_ID/\#(tasks)" -- \#(config) &
      run=$!
      # A signal ends `wait` before the program has ended.
      while :; do
        wait "$run"
        status=$?
        kill -0 "$run" 2>/dev/null || break
      done
      if ((status == 130 && out_of_time)); then
        scontrol requeue "${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID"
      fi
      exit "$status"
      """#
  }
}
