import Foundation
import PEFTCore
import Testing

@testable import BenchCLI
@testable import PEFTBench

/// Whatever ends a process that carries runs out costs the run it was at, and no other.
@Suite("Workers") struct WorkerTests {
  /// Runs a line of bash in the workspace's folder.
  ///
  /// `sweep ARGUMENTS` begins a sweep in the background; `begun` waits until a run is training; `workers` are the ids of its
  /// processes.
  private func bash(_ workspace: Workspace, _ script: String) throws -> SpawnedProgram.Result {
    try SpawnedProgram.run(
      [],
      shell: """
        cd '\(workspace.folder.path)'
        set -m   # otherwise the shell has processes in the background ignore SIGQUIT
        sweep() { "$PROGRAM" run long.json -o out "$@" & pid=$!; }
        begun() { until [[ -n $(find out -name progress.json 2>/dev/null) ]] || ! kill -0 $pid 2>/dev/null; do sleep 0.02; done; }
        workers() { cat /proc/$pid/task/*/children; }
        \(script)
        """)
  }

  /// A workspace with two runs for each method.
  private func workspace(steps: Int, methods: String = #"["lora", "ia3", "bitfit"]"#) throws -> Workspace {
    let workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(
        methods: methods, training: #", "steps": \#(steps), "checkpoint_steps": 50"#,
        evaluation: #", "zero_shot": false"#), to: "long.json")
    return workspace
  }

  @Test(
    "A run whose process is ended by a signal fails with its name and place, and the sweep goes on",
    arguments: [("SEGV", 1), ("SEGV", 2), ("ILL", 1), ("KILL", 1), ("QUIT", 1)])
  func signals(name: String, jobs: Int) throws {
    let workspace = try workspace(steps: 4000, methods: #"["lora"]"#)
    let result = try bash(
      workspace,
      """
      sweep --jobs \(jobs) --quiet >/dev/null
      begun
      kill -\(name) $(workers | cut -d ' ' -f 1)
      wait $pid; echo status $?
      """)
    #expect(result.output == "status 1\n", "\(result)")
    #expect(!result.diagnostics.contains("crashed") && !result.diagnostics.contains("Backtrac"), "\(result)")
    let status = try Workspace.json(workspace.run("status", "out", "--json").output)
    #expect(status["counts"]?["failed"]?.integer == 1 && status["counts"]?["complete"]?.integer == 1, "\(result)")
    let error = try #require(status["runs"]?.array?.compactMap { $0["error"]?.string }.first)
    #expect(error.contains("(SIG\(name)") && error.contains("the worker process was ended by signal"), "\(error)")
    #expect(try error.contains(Regex("after (step|answer) [0-9]+ of")), "\(error)")
    #expect(result.diagnostics.contains(error))
    // The same command does what is left, from the checkpoint.
    #expect(try workspace.run("run", "long.json", "-o", "out", "--quiet").status == 0)
  }

  @Test("SIGTERM to one process costs nothing: another goes on from its checkpoint", arguments: [1, 2])
  func termination(jobs: Int) throws {
    let workspace = try workspace(steps: 4000, methods: #"["lora"]"#)
    let result = try bash(
      workspace,
      """
      sweep --jobs \(jobs) >/dev/null
      begun
      kill -TERM $(workers | cut -d ' ' -f 1)
      wait $pid; echo status $?
      """)
    #expect(result.output == "status 0\n", "\(result)")
    #expect(result.diagnostics.contains("was told to end (SIGTERM); another one continues"), "\(result)")
    #expect(try workspace.records("out").count == 2)
  }

  @Test("Processes end with the sweep that started them, however it ends", arguments: ["KILL", "QUIT"])
  func parent(name: String) throws {
    let workspace = try workspace(steps: 100_000)
    let result = try bash(
      workspace,
      """
      sweep --jobs 2 --quiet >/dev/null
      begun
      ids=$(workers)
      kill -\(name) $pid; wait $pid 2>/dev/null; echo status $?
      for try in {1..500}; do kill -0 $ids 2>/dev/null || break; sleep 0.02; done
      for id in $ids; do kill -0 $id 2>/dev/null && echo "$id is left"; done
      "$PROGRAM" status out --json | grep -c '"state": "running"'
      find out -name training.safetensors | wc -l
      """)
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "status \(name == "KILL" ? 137 : 131)", "\(result)")
    #expect(lines.dropFirst().first == "0", "\(result)")
    // Each saved what it had done.
    #expect(lines.last == "2", "\(result)")
    if name == "QUIT" { #expect(result.diagnostics.isEmpty || !result.diagnostics.contains("Signal")) }
  }

  @Test("At a limit on open files fewer processes go on, or an error names the limit") func openFiles() throws {
    let workspace = try workspace(steps: 20)
    let few = try bash(workspace, #"(ulimit -n 32; exec "$PROGRAM" run long.json -o out --jobs 6 --threads 6)"#)
    #expect(few.status == 0, "\(few)")
    #expect(try few.diagnostics.contains(Regex("note: [1-5] of 6 runs at once: .*ulimit -n, here 32")), "\(few)")
    #expect(try workspace.records("out").count == 6)
    let none = try bash(workspace, #"(ulimit -n 5; exec "$PROGRAM" run long.json -o none --jobs 6)"#)
    #expect(none.status == 1 || none.status == 2, "\(none)")
    #expect(none.diagnostics.contains("Too many open files"), "\(none)")
  }

  @Test("At a limit on processes fewer go on, or an error names the limit") func processes() throws {
    let workspace = try workspace(steps: 20)
    // Root has no such limit, so somebody else is taken whose files these are then.
    let result = try bash(
      workspace,
      """
      user=54321
      plain() { if [[ $(id -u) -eq 0 ]]; then setpriv --reuid=$user --regid=$user --clear-groups "$@"; else "$@"; fi; }
      plain true 2>/dev/null || { echo left out; exit 0; }
      chmod -R a+rwX . && chmod a+x "$(dirname "$PROGRAM")"
      plain test -x "$PROGRAM" -a -r long.json || { echo left out; exit 0; }
      used=$([[ $(id -u) -eq 0 ]] || ps -L -u $(id -u) --no-headers | wc -l)
      for room in 1 2 3 4 6 9 14 30; do
        plain timeout 60 bash -c "ulimit -u $((${used:-0} + room)); exec \\"\\$PROGRAM\\" run long.json -o out$room --jobs 6 --threads 6 --quiet" >/dev/null 2>err.txt
        status=$?
        [[ $status -eq 0 ]] || { [[ $status -eq 1 ]] && grep -q 'ulimit -u' err.txt; } || { echo "room $room: $status"; cat err.txt; }
        grep -E 'Fatal|crash|Assert' err.txt
      done
      """)
    #expect(result.output == "" || result.output == "left out\n", "\(result)")
  }

  @Test(
    "At a limit on the address space a sweep ends, with its results or an error, and does not wait for threads",
    .disabled(if: SpawnedProgram.isSanitized, "sanitizers take terabytes of address space")) func addressSpace() throws
  {
    let workspace = try workspace(steps: 20)
    let result = try bash(
      workspace,
      """
      # What the program needs to start at all grows with it.
      need=60000
      until (ulimit -v $need; exec "$PROGRAM" --version) >/dev/null 2>&1 || [[ $need -gt 1000000 ]]; do
        need=$((need + 5000))
      done
      for more in 20000 30000 40000 60000; do
        size=$((need + more))
        timeout -k 5 60 bash -c "export SWIFT_BACKTRACE=enable=no; ulimit -v $size; exec \\"\\$PROGRAM\\" run long.json -o out$size --threads 6 --quiet" >/dev/null 2>&1
        [[ $? -lt 124 ]] || echo "no end at $size kB"
      done
      """)
    #expect(result.output == "", "\(result)")
  }

  @Test("A disk that is full ends the sweep with status 1, with any number of processes", arguments: [1, 2])
  func fullDisk(jobs: Int) throws {
    let workspace = try workspace(steps: 20)
    let result = try bash(workspace, #"(ulimit -f 2; exec "$PROGRAM" run long.json -o out --jobs \#(jobs) --quiet)"#)
    #expect(result.status == 1 && result.diagnostics.contains("File too large"), "\(result)")
  }

  @Test(
    "A results folder that is removed or replaced during a sweep ends it with status 1", arguments: [1, 2],
    [true, false])
  func removedFolder(jobs: Int, isReplaced: Bool) throws {
    let workspace = try workspace(steps: 4000)
    let result = try bash(
      workspace,
      """
      sweep --jobs \(jobs) --quiet >/dev/null
      begun
      mv out gone
      \(isReplaced ? "mkdir out" : "true")
      wait $pid; echo status $?
      [[ -z $(find out -type f 2>/dev/null) ]] || find out
      """)
    #expect(result.output == "status 1\n", "\(result)")
    #expect(result.diagnostics.contains("removed or replaced during the sweep"), "\(result)")
  }

  @Test("A config may come through a pipe") func pipe() throws {
    let workspace = try Workspace()
    let result = try bash(workspace, #"cat config.json | "$PROGRAM" run /dev/stdin -o out --quiet --json | head -c 1"#)
    #expect(result.output == "[", "\(result)")
    #expect(try workspace.records("out").count == 6)
  }

  @Test("After Ctrl-C on --fresh the advice leaves --fresh out, and says what that keeps") func freshAdvice() throws {
    let workspace = try workspace(steps: 1000)
    #expect(try workspace.run("run", "long.json", "-o", "out", "--quiet").status == 0)
    let result = try bash(
      workspace,
      """
      set -m
      sweep --fresh
      until [[ $(find out -name record.json | wc -l) -lt 6 ]]; do sleep 0.02; done
      sleep 0.1
      kill -INT $pid; wait $pid; echo status $?
      """)
    #expect(result.output.contains("status 130"), "\(result)")
    #expect(result.diagnostics.contains("To resume: peft-bench run long.json -o out\n"), "\(result)")
    #expect(try result.diagnostics.contains(Regex("That keeps [1-5] earlier results?")), "\(result)")
  }

  @Test("A retry of a failed run that is stopped is still a retry") func retryAgain() throws {
    let workspace = try workspace(steps: 6000)
    let result = try bash(
      workspace,
      """
      sweep --quiet --only method=lora --only dataset=sst2 >/dev/null
      begun
      kill -KILL $(workers)
      wait $pid; echo status $?
      set -m
      sweep --retry-failed >/dev/null
      begun
      kill -INT $pid; wait $pid; echo status $?
      "$PROGRAM" status out --json | grep -c '"interrupted": 1'
      "$PROGRAM" run long.json -o out --retry-failed --quiet >/dev/null; echo status $?
      find out -name record.json | wc -l
      find out -name 'error*' | wc -l
      """)
    #expect(result.output == "status 1\nstatus 130\n1\nstatus 0\n1\n0\n", "\(result)")
  }
}
