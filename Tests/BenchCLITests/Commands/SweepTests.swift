import Foundation
import PEFTCore
import Testing

@testable import BenchCLI
@testable import PEFTBench

/// What a sweep promises over kills, several processes, failures and retries.
@Suite("Sweeps") struct SweepTests {
  /// Runs a line of bash in the workspace's folder.
  private func bash(_ workspace: Workspace, _ script: String) throws -> SpawnedProgram.Result {
    try SpawnedProgram.run([], shell: "cd '\(workspace.folder.path)'\n\(script)")
  }

  /// All files of a results folder that must not depend on how it was made, records without times.
  private func lasting(_ workspace: Workspace, _ name: String) throws -> [String: String] {
    let timed = try Regex(#""(threads|started|finished|peak_rss_bytes|[a-z_]*_seconds|[a-z_]*_per_second|output)":"#)
    var files: [String: String] = [:]
    for entry in try FileManager.default.subpathsOfDirectory(atPath: workspace.path(name)) {
      guard let data = FileManager.default.contents(atPath: workspace.path("\(name)/\(entry)")) else { continue }
      let text = String(decoding: data, as: UTF8.self)
      files[entry] =
        entry.hasSuffix(".json")
        ? text.split(separator: "\n").filter { $0.firstMatch(of: timed) == nil }.joined(separator: "\n") : text
    }
    // Reports tell the times of the runs.
    for name in [RunLocks.fileName, "report.html", "report.md", "summary.csv", "leaderboard.json"] { files[name] = nil }
    return files
  }

  @Test("A sweep killed at every stage, with two processes and workers on one folder, ends with the same bytes")
  func kills() throws {
    let workspace = try Workspace()
    let methods = #"[{"name": "lora", "rank": 4, "dropout": 0.1, "init": "pissa"}, "full", "prompt-tuning"]"#
    try workspace.write(
      Workspace.configuration(
        methods: methods, training: #", "validation_fraction": 0.2, "checkpoint_steps": 2"#, more: #", "seeds": [1, 2]"#
      ), to: "sweep.json")
    #expect(try workspace.run("run", "sweep.json", "-o", "calm", "--threads", "1").status == 0)
    let result = try bash(
      workspace,
      """
      set -m
      for round in 1 2 3 4 5 6; do
        if ((round % 2)); then
          "$PROGRAM" run sweep.json -o rough --threads 1 --quiet >/dev/null & first=$!
          "$PROGRAM" run sweep.json -o rough --threads 1 --quiet >/dev/null & second=$!
        else
          "$PROGRAM" run sweep.json -o rough --threads 2 --jobs 2 --quiet >/dev/null & first=$!; second=$first
        fi
        # Each round until something more is there: a checkpoint, or one more record.
        had=$(find rough -name record.json 2>/dev/null | wc -l)
        until [[ $(find rough -name record.json 2>/dev/null | wc -l) -gt $had ]] ||
          { ((round % 3)) && [[ -n $(find rough -name training.safetensors 2>/dev/null) ]]; } ||
          ! kill -0 $first; do sleep 0.01; done
        kill -9 -- -$first -$second 2>/dev/null
        wait
        find rough -name record.json -printf '%h %i %T@\\n' | sort >now.txt
        [[ ! -e before.txt ]] || comm -23 before.txt now.txt
        mv now.txt before.txt
      done 2>/dev/null
      "$PROGRAM" run sweep.json -o rough --jobs 2 --quiet
      echo status $?
      """)
    #expect(result.output.hasSuffix("status 0\n"), "\(result)")
    // Nothing that was complete was done again, which `comm` would have listed.
    #expect(!result.output.contains("rough/runs/"), "\(result.output)")
    let (calm, rough) = (try lasting(workspace, "calm"), try lasting(workspace, "rough"))
    #expect(calm.keys.sorted() == rough.keys.sorted())
    for (name, text) in calm { #expect(rough[name] == text, "\(name)") }
  }

  @Test("Ctrl-C saves a checkpoint, says how to go on, and the run goes on from it", arguments: [1, 2])
  func interruption(jobs: Int) throws {
    let workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(methods: #"["lora"]"#, training: #", "steps": 4000"#), to: "long.json")
    let stopped = try bash(
      workspace,
      """
      # With job control, background processes do not ignore Ctrl-C.
      set -m
      "$PROGRAM" run long.json -o out --jobs \(jobs) & pid=$!
      # Zero-shot runs come first; progress.json appears a second into a training.
      until [[ -n $(find out -name progress.json 2>/dev/null) ]] || ! kill -0 $pid; do sleep 0.02; done
      kill -INT $pid; wait $pid; echo status $?
      find out -name training.safetensors | wc -l
      "$PROGRAM" status out --json
      """)
    #expect(stopped.output.contains("status 130\n"), "\(stopped)")
    #expect(stopped.diagnostics.contains("Stopping after this step") && stopped.diagnostics.contains(", saved."))
    #expect(stopped.diagnostics.contains("To resume: peft-bench run long.json -o out --jobs \(jobs)\n"))
    let json = try Workspace.json(
      try #require(stopped.output.split(separator: "{", maxSplits: 1).last.map { "{" + $0 }))
    #expect(try #require(json["counts"]?["interrupted"]?.integer) >= 1)
    #expect(json["counts"]?["running"]?.integer == 0)
    let checkpoint = try #require(
      FileManager.default.subpathsOfDirectory(atPath: workspace.path("out")).first {
        $0.hasSuffix("training.safetensors")
      }
    )
    // What is left to do is little enough to be done here only if the earlier steps are not done again.
    let state = try SafetensorsCheckpoint.open(file: workspace.path("out/\(checkpoint)")).metadata["state"] ?? ""
    #expect(try #require(Workspace.json(state)["step"]?.integer) > 0)
  }

  @Test("A failed run leaves its error, the others go on, and it is tried again", arguments: [1, 2])
  func failures(jobs: Int) throws {
    let workspace = try Workspace()
    // Such a decay multiplies every value by minus a million at each step.
    let methods = #"[{"name": "lora", "learning_rate": 1000, "weight_decay": 1000}, "ia3"]"#
    try workspace.write(Workspace.configuration(methods: methods), to: "bad.json")
    let first = try workspace.run("run", "bad.json", "-o", "out", "--jobs", "\(jobs)")
    #expect(first.status == 1, "\(first.diagnostics)")
    #expect(first.diagnostics.contains("2 of 6 runs failed") && first.diagnostics.contains("learning rate"))
    let status = try Workspace.json(workspace.run("status", "out", "--json").output)
    #expect(status["counts"]?["failed"]?.integer == 2 && status["counts"]?["complete"]?.integer == 4)
    #expect(
      status["runs"]?.array?.contains {
        $0["error"]?.string?.contains("step") == true && $0["method"]?.string == "lora"
      }
        == true)
    #expect(try workspace.run("status", "out").output.contains("2 failed"))
    // The report of the sweep has the failed runs by their names, with the cause.
    let report = try workspace.json(file: "out/leaderboard.json")
    let failures = try #require(report["failed"]?.array)
    #expect(failures.count == 2 && report["missing"]?.array?.isEmpty == true)
    for failure in failures {
      let suite = failure["dataset"]?.string == "sst2" ? "full" : "own"
      #expect(failure["method"]?.string == "lora" && failure["suite"]?.string == suite, "\(failure)")
      #expect(failure["model"]?.string?.isEmpty == false && failure["dataset"]?.string?.isEmpty == false)
      #expect(failure["model_sha256"]?.string?.count == 64 && failure["error"]?.string?.contains("step") == true)
    }
    // Nothing but failed runs is tried, and they fail again.
    let again = try workspace.run("run", "bad.json", "-o", "out", "--retry-failed", "--jobs", "\(jobs)")
    #expect(again.status == 1 && again.diagnostics.contains("2 of 6 runs failed"))
    let other = try workspace.run("run", "config.json", "-o", "out", "--retry-failed")
    #expect(other.status == 0 && !other.diagnostics.contains("trained"))
    // A run whose failure is mended counts as complete, and leaves no trace of the failure.
    let run = try #require(
      FileManager.default.subpathsOfDirectory(atPath: workspace.path("out")).first { $0.hasSuffix("error.json") })
    #expect(!FileManager.default.fileExists(atPath: workspace.path("out/\(run)").replacing("error", with: "record")))
  }

  @Test("A worker that is killed costs its run one failure, and another worker goes on") func lostWorker() throws {
    let workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(
        methods: #"["lora", "ia3", "bitfit"]"#, training: #", "steps": 2500"#,
        evaluation: #", "zero_shot": false"#), to: "long.json")
    let result = try bash(
      workspace,
      """
      "$PROGRAM" run long.json -o out --jobs 2 --quiet >/dev/null & pid=$!
      until [[ -n $(find out -name progress.json 2>/dev/null) ]] || ! kill -0 $pid; do sleep 0.02; done
      process=$(sed 's/.*"process":\\([0-9]*\\).*/\\1/' $(find out -name progress.json | head -n 1))
      [[ $process != $pid ]] && kill -9 $process
      wait $pid; echo status $?
      """)
    #expect(result.output == "status 1\n", "\(result)")
    #expect(result.diagnostics.contains("ended by signal 9"))
    let status = try Workspace.json(workspace.run("status", "out", "--json").output)
    #expect(status["counts"]?["failed"]?.integer == 1 && status["counts"]?["complete"]?.integer == 5)
    #expect(try workspace.run("run", "long.json", "-o", "out", "--retry-failed", "--limit", "99").status == 0)
  }

  @Test("Locks are seen by other processes, and gone with the process that had them") func locks() throws {
    let workspace = try Workspace()
    try FileManager.default.createDirectory(atPath: workspace.path("out/runs"), withIntermediateDirectories: true)
    #expect(RunLocks(forLookingIn: workspace.path("out")) == nil)
    let locks = try RunLocks(forTakingIn: workspace.path("out"))
    try workspace.write(
      Workspace.configuration(methods: #"["lora"]"#, training: #", "steps": 100000"#), to: "long.json")
    let process = Process()
    process.executableURL = try SpawnedProgram.binary
    process.currentDirectoryURL = workspace.folder
    process.arguments = ["run", "long.json", "-o", "out", "--quiet", "--only", "method=lora", "--only", "dataset=sst2"]
    process.standardError = FileHandle.nullDevice
    try process.run()
    let runs = workspace.path("out/runs")
    var id: String?
    for _ in 0..<3000 where id == nil {
      Thread.sleep(forTimeInterval: 0.01)
      id = try FileManager.default.contentsOfDirectory(atPath: runs).first
    }
    let run = try #require(id)
    #expect(locks.isTaken(run) && !locks.isTaken("0123456789abcdef"))
    #expect(try !locks.take(run))
    let status = try Workspace.json(workspace.run("status", "out", "--json").output)
    #expect(status["counts"]?["running"]?.integer == 1)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(try !locks.isTaken(run) && locks.take(run))
    locks.release(run)
  }

  @Test("Adapters to start from and rows count by their content, not by their place or size") func content() throws {
    let workspace = try Workspace()
    func ids(_ configuration: String) throws -> [String?] {
      try workspace.write(configuration, to: "this.json")
      let plan = try workspace.run("plan", "this.json", "-o", "none", "--json")
      #expect(plan.status == 0, "\(plan.diagnostics)")
      return try Workspace.json(plan.output).array?.map { $0["id"]?.string } ?? []
    }
    let before = try ids(Workspace.configuration())
    #expect(Set(before).count == 6)
    // A limit above the number of rows changes nothing; another row of the same length does.
    #expect(try ids(Workspace.configuration(data: #", "train_limit": 500"#)) == before)
    #expect(try ids(Workspace.configuration(training: #", "checkpoint_steps": 7"#)) == before)
    let rows = (0..<22).map(Workspace.row).joined()
    try workspace.write(rows.replacing("a dull mess", with: "a dull mush"), to: "data/sst2/train.jsonl")
    let after = try ids(Workspace.configuration())
    #expect(zip(before, after).allSatisfy { $0 != $1 })

    #expect(try workspace.run("run", "this.json", "-o", "out", "--only", "method=lora").status == 0)
    let run = try #require(
      FileManager.default.contentsOfDirectory(atPath: workspace.path("out/runs")).sorted().first)
    for name in ["here", "there"] {
      try FileManager.default.copyItem(
        atPath: workspace.path("out/runs/\(run)/adapter"), toPath: workspace.path(name))
    }
    func started(from folder: String) throws -> [String?] {
      try ids(Workspace.configuration(methods: #"[{"name": "lora", "rank": 4, "init_from": "\#(folder)"}]"#))
    }
    let here = try started(from: "here")
    #expect(try started(from: "there") == here)
    let file = workspace.path("there/adapter_model.safetensors")
    var bytes = [UInt8](try #require(FileManager.default.contents(atPath: file)))
    bytes[bytes.count - 2] ^= 1
    try Data(bytes).write(to: URL(filePath: file))
    #expect(try started(from: "there") != here)
  }
}
