import Foundation
import PEFTCore
import PEFTMethods
import Testing

@testable import PEFTBench

@Suite("Training checkpoints") struct TrainingCheckpointTests {
  private struct Stop: Error {}

  private struct Trained {
    let outcome: Trainer.Outcome
    let values: [[Float]]
  }

  /// One attempt at a training, which ends after `stop` steps.
  private func attempt(
    _ method: String, training: String, path: String, stop: Int?, everySteps: Int? = nil, identity: String? = nil,
    complaints: (String) -> Void = { _ in }
  ) throws -> Trained? {
    let tiny = try TinyTraining("llama", method: method, training: training)
    let examples = tiny.examples(13, shared: 5, own: 1...9, answer: 2)
    let trainer = Trainer(
      model: tiny.model, attachment: tiny.attachment, configuration: tiny.configuration.methods[0].training,
      seeds: SeedStream(5), context: tiny.context)
    var complaint: [String] = []
    let checkpoint = TrainingCheckpoint(
      path: path, identity: identity ?? "\(method) \(training)", everySteps: everySteps,
      complain: { complaint.append($0) })
    defer { complaint.forEach(complaints) }
    do {
      let outcome = try trainer.train(
        Array(examples.prefix(10)), validation: Array(examples.suffix(3)), checkpoint: checkpoint
      ) { step, _, _, _ in
        if step == stop { throw Stop() }
      }
      return Trained(outcome: outcome, values: tiny.attachment.parameters.map { $0.value.values })
    } catch is Stop {
      return nil
    }
  }

  @Test("The projections of GaLore go on from a checkpoint to the same bits")
  func projections() throws {
    try resuming(
      method: #"{"name": "galore", "rank": 2, "update_interval": 3, "target_modules": ["q_proj", "down_proj"]}"#,
      training: #"{"batch_size": 3, "epochs": 2, "logging_steps": 2}"#)
  }

  @Test(
    "Moments of fewer bits go on from a checkpoint to the same bits",
    arguments: [
      // A of every map has 4096 values, as 8 bits need.
      #"{"name": "lora", "rank": 256, "dropout": 0.2, "target_modules": ["q_proj"]}"#, #""full""#,
      #"{"name": "galore", "rank": 2, "update_interval": 3, "target_modules": ["q_proj", "down_proj"]}"#,
    ], ["bfloat16", "int8"]) func narrowMoments(method: String, format: String) throws
  {
    try resuming(
      method: method,
      training: #"{"batch_size": 3, "epochs": 2, "logging_steps": 2, "optimizer_state": "\#(format)"}"#)
  }

  @Test("A checkpoint with moments of another width is passed over with a note that says both")
  func otherWidth() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)/c").path
    defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
    for (own, other) in [("bfloat16", "float32"), ("float32", "int8"), ("int8", "bfloat16")] {
      func settings(_ format: String) -> String { #"{"batch_size": 3, "optimizer_state": "\#(format)"}"# }
      #expect(try attempt(#""lora""#, training: settings(other), path: path, stop: 3, identity: "a run") == nil)
      var complaints: [String] = []
      let result = try attempt(#""lora""#, training: settings(own), path: path, stop: nil, identity: "a run") {
        complaints.append($0)
      }
      #expect(result?.outcome.resumedStep == 0)
      #expect(
        complaints.count == 1
          && complaints[0].contains("its optimizer's state is \(other), and that of this training is \(own)"),
        "\(complaints)")
    }
  }

  @Test("Without the option a checkpoint says nothing of it, and has the bytes of one with its default")
  func usualWidth() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)/c").path
    defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
    func file(_ training: String) throws -> SafetensorsFile {
      #expect(try attempt(#""lora""#, training: training, path: path, stop: 3, identity: "a run") == nil)
      // The next one is not to resume it; what is mapped stays readable.
      defer { try? FileManager.default.removeItem(atPath: path) }
      return try SafetensorsFile(path: path)
    }
    let plain = try file(#"{"batch_size": 3}"#)
    let said = try file(#"{"batch_size": 3, "optimizer_state": "float32"}"#)
    #expect(plain.metadata["state"]?.contains("optimizer_state") == false)
    #expect(plain.tensors.map(\.name) == said.tensors.map(\.name))
    #expect(plain.tensors.allSatisfy { $0.type == .float32 })
    #expect(zip(plain.tensors, said.tensors).allSatisfy { Array($0.bytes) == Array($1.bytes) })
  }

  @Test("GaLore under another optimizer than AdamW is refused by name")
  func otherOptimizer() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)/c").path
    let error = #expect(throws: TrainingFailure.self) {
      try attempt(#""galore""#, training: #"{"steps": 2, "optimizer": "sgd"}"#, path: path, stop: nil)
    }
    #expect(error?.description.contains("optimizer is sgd: set it to adamw") == true)
  }

  @Test(
    "A training that is stopped after any step and taken up by another process ends with the same bits",
    arguments: [
      #"{"name": "lora", "rank": 4, "dropout": 0.2}"#, #"{"name": "lora", "rank": 4, "init": "pissa"}"#, #""full""#,
      #""prefix-tuning""#,
      #"{"name": "adalora", "initial_rank": 4, "target_rank": 2, "initial_steps": 1, "final_steps": 2, "dropout": 0.1}"#,
      #"{"name": "lora", "rank": 4, "rule": "lora-fa"}"#, #"{"name": "loha", "rank": 2, "module_dropout": 0.5}"#,
    ],
    [
      #"{"batch_size": 3, "epochs": 2, "validation_every": 3, "logging_steps": 2}"#,
      #"{"batch_size": 2, "gradient_accumulation": 2, "steps": 5, "optimizer": "sgd", "momentum": 0.9}"#,
    ]) func resuming(method: String, training: String) throws
  {
    let path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)/c").path
    defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
    let expected = try #require(try attempt(method, training: training, path: path, stop: nil))
    #expect(!FileManager.default.fileExists(atPath: path))
    for stop in 1...expected.outcome.stepCount {
      #expect(try attempt(method, training: training, path: path, stop: stop) == nil)
      let resumed = try #require(try attempt(method, training: training, path: path, stop: nil))
      #expect(resumed.outcome.resumedStep == stop)
      #expect(resumed.outcome.history == expected.outcome.history, "\(stop)")
      #expect(resumed.outcome.tokenCount == expected.outcome.tokenCount)
      #expect(resumed.outcome.lastLoss == expected.outcome.lastLoss)
      #expect(resumed.outcome.peak == expected.outcome.peak, "\(stop)")
      #expect(resumed.values == expected.values, "\(stop)")
      try FileManager.default.removeItem(atPath: path)
    }
    // Stopped again and again, and with checkpoints from time to time.
    var stop = 2
    while try attempt(method, training: training, path: path, stop: stop, everySteps: 2) == nil { stop += 2 }
    let last = try #require(try attempt(method, training: training, path: path, stop: nil, everySteps: 2))
    #expect(last.values == expected.values && last.outcome.history == expected.outcome.history)
  }

  @Test("A checkpoint of something else, or a broken one, is passed over") func otherCheckpoints() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)/c").path
    defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
    let settings = #"{"batch_size": 3}"#
    #expect(try attempt(#""lora""#, training: settings, path: path, stop: 3) == nil)
    let other = try attempt(#""ia3""#, training: settings, path: path, stop: nil)
    #expect(other?.outcome.resumedStep == 0)
    let whole = try #require(FileManager.default.contents(atPath: path))
    for length in [0, 7, 100, whole.count - 1] {
      try whole.prefix(length).write(to: URL(filePath: path))
      var complaints: [String] = []
      let result = try attempt(#""lora""#, training: settings, path: path, stop: nil) { complaints.append($0) }
      #expect(result?.outcome.resumedStep == 0 && complaints.count == 1, "\(length)")
    }
  }

  @Test("A checkpoint of another version of the program is passed over with a note") func otherVersion() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)/c").path
    defer { try? FileManager.default.removeItem(atPath: (path as NSString).deletingLastPathComponent) }
    let settings = #"{"batch_size": 3}"#
    #expect(try attempt(#""lora""#, training: settings, path: path, stop: 3) == nil)
    let file = try SafetensorsFile(path: path)
    let state = try #require(file.metadata["state"])
    let version = #""version":"\#(Version.current)""#
    #expect(state.contains(version))
    var writer = CheckpointFile.Writer(texts: ["state": state.replacing(version, with: #""version":"0.0.1""#)])
    for tensor in file.tensors { writer.add(tensor.name, try tensor.floats(), shape: tensor.shape) }
    try writer.write(to: path)
    var complaints: [String] = []
    let result = try attempt(#""lora""#, training: settings, path: path, stop: nil) { complaints.append($0) }
    #expect(result?.outcome.resumedStep == 0)
    #expect(complaints == ["a checkpoint of another version of the program cannot be used, so the run starts again"])
  }

  @Test("No damage to a checkpoint crashes a training or changes its numbers", arguments: [1, 6]) func damage(stop: Int)
    throws
  {
    let path = FileManager.default.temporaryDirectory.appending(path: "checkpoint-\(UUID().uuidString)/c").path
    let folder = (path as NSString).deletingLastPathComponent
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let method = #"{"name": "lora", "rank": 2}"#
    let settings = #"{"batch_size": 3, "epochs": 2, "validation_every": 3, "logging_steps": 2}"#
    let expected = try #require(try attempt(method, training: settings, path: path, stop: nil))
    #expect(try attempt(method, training: settings, path: path, stop: stop) == nil)
    let whole = [UInt8](try #require(FileManager.default.contents(atPath: path)))
    let mutations = CheckpointMutations.all(of: whole)
    #expect(mutations.count >= 71)
    var refused = 0
    for (what, bytes) in mutations {
      try Data(bytes).write(to: URL(filePath: path))
      var complaints: [String] = []
      let result = try attempt(method, training: settings, path: path, stop: nil) { complaints.append($0) }
      #expect(result?.values == expected.values && result?.outcome.history == expected.outcome.history, "\(what)")
      #expect(result?.outcome.peak == expected.outcome.peak, "\(what)")
      #expect((result?.outcome.resumedStep == 0) == (complaints.count == 1), "\(what)")
      refused += complaints.count
      // What cannot be used is kept beside.
      let kept = try FileManager.default.contentsOfDirectory(atPath: folder).filter(AtomicFile.isPutAside)
      #expect(kept.count == complaints.count, "\(what)")
      for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
      }
    }
    // Only bits that mean nothing, such as blanks of the header, may pass.
    #expect(refused >= mutations.count - 2)
  }

  @Test("Nor does damage to saved answers") func answers() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "answers-\(UUID().uuidString)/a.json").path
    let folder = (path as NSString).deletingLastPathComponent
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var complaints: [String] = []
    let checkpoint = AnswerCheckpoint(path: path, identity: "a run", complain: { complaints.append($0) })
    var saved = AnswerCheckpoint.Answers()
    saved.answers = ["yes", "no \u{1F600}", "", "4"]
    saved.seconds = 1.5
    checkpoint.save(saved)
    func isSaved(_ answers: AnswerCheckpoint.Answers?) -> Bool {
      answers?.answers == saved.answers && answers?.seconds == saved.seconds && answers?.peak == saved.peak
    }
    #expect(isSaved(checkpoint.restore(prompts: 5)) && complaints.isEmpty)
    let whole = [UInt8](try #require(FileManager.default.contents(atPath: path)))
    for (what, bytes) in CheckpointMutations.all(of: whole) {
      try Data(bytes).write(to: URL(filePath: path))
      let answers = checkpoint.restore(prompts: 5)
      #expect(answers == nil || isSaved(answers), "\(what)")
    }
    #expect(complaints.count > 60)
    // More answers than there are prompts.
    try Data(whole).write(to: URL(filePath: path))
    #expect(checkpoint.restore(prompts: 3) == nil)
  }

  @Test("The largest batch of a training of any length is found at once") func largestBatch() throws {
    let tiny = try TinyTraining("llama", method: #""lora""#, training: #"{"steps": 1000000000, "batch_size": 2}"#)
    let examples = tiny.examples(13, shared: 5, own: 1...9, answer: 2)
    let training = tiny.configuration.methods[0].training
    let start = ContinuousClock.now
    let largest = Trainer.largestBatch(of: examples, configuration: training, seeds: SeedStream(5))
    #expect(ContinuousClock.now - start < .seconds(2) && largest.rows > 0)
  }
}

/// Damaged copies of a file: bits, lengths, and the numbers of its header.
enum CheckpointMutations {
  static func all(of bytes: [UInt8]) -> [(what: String, bytes: [UInt8])] {
    var result: [(what: String, bytes: [UInt8])] = []
    for index in 0..<40 {
      let place = bytes.count * index / 40
      result.append(("bit \(index % 8) of byte \(place)", changed(bytes, at: place) { $0 ^ 1 << UInt8(index % 8) }))
    }
    for length in [0, 1, 7, 8, 9, bytes.count / 3, bytes.count / 2, bytes.count - 4, bytes.count - 1] {
      result.append(("cut to \(length) bytes", Array(bytes.prefix(length))))
    }
    for more in [1, 4, 64] { result.append(("\(more) bytes more", bytes + [UInt8](repeating: 0x20, count: more))) }
    for start in [0, 100, bytes.count / 2, bytes.count - 64] where start >= 0 {
      let range = start..<min(bytes.count, start + 32)
      result.append(("zeros from \(start)", changed(bytes, in: range) { _ in 0 }))
      result.append(("ones from \(start)", changed(bytes, in: range) { _ in 0xFF }))
    }
    // Digits of the texts and of the header, which keep the file readable as such.
    let digits = bytes.indices.prefix(4000).filter { (0x30...0x39).contains(bytes[$0]) }
    for index in 0..<16 where !digits.isEmpty {
      let place = digits[digits.count * index / 16]
      result.append(("another digit at \(place)", changed(bytes, at: place) { $0 == 0x39 ? 0x31 : $0 + 1 }))
    }
    return result
  }

  private static func changed(_ bytes: [UInt8], at place: Int, _ change: (UInt8) -> UInt8) -> [UInt8] {
    changed(bytes, in: place..<min(place + 1, bytes.count), change)
  }

  private static func changed(_ bytes: [UInt8], in range: Range<Int>, _ change: (UInt8) -> UInt8) -> [UInt8] {
    var copy = bytes
    for place in range { copy[place] = change(copy[place]) }
    return copy
  }
}
