import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods

/// A training's checkpoint, which a training takes up: as it is, or with its state damaged under a checksum that fits.
struct TrainingCheckpointFormat: FuzzedFormat {
  static let name = "training-checkpoint"
  private(set) var samples: [Sample] = []

  private static let checkpointName = "training.safetensors"
  private static let stateName = "state"
  private static let identity = "a run"
  private static let steps = 4

  private let model: CausalLanguageModel
  private let configuration: RunConfiguration
  private let context = ComputeContext(threads: 1)

  init(corpus: Corpus) throws {
    model = try ModelFiles.open(corpus.project.path + "/Tests/Fixtures/models/llama").load(as: .auto, context: context)
    let text =
      #"{"model": ".", "methods": ["bitfit"], "training": {"steps": \#(Self.steps), "batch_size": 1, "validation_every": 2, "logging_steps": 1}}"#
    configuration = try RunConfiguration(ConfigFile.read(DocumentText(name: "config", bytes: Array(text.utf8))))
    let folder = NSTemporaryDirectory() + "/peft-fuzz-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for stop in [1, 3, Self.steps] {
      let path = "\(folder)/\(stop).safetensors"
      _ = try train(path: path, stop: stop)
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      let state = try SafetensorsFile(path: path).metadata[Self.stateName] ?? ""
      func file(_ mutation: Mutation?) -> Sample.File {
        .init(name: Self.checkpointName, bytes: bytes, mutation: mutation)
      }
      let text = Sample.File(
        name: Self.stateName, bytes: Array(state.utf8),
        mutation: .text(pieces: ["\"participants\":[],", "\"step\":2,", "[1,2,3,4,5]"]))
      samples += [Sample([file(.safetensors)]), Sample([text, file(nil)]), Sample([text, file(.safetensors)])]
    }
  }

  func read(_ sample: Sample, in folder: String) throws {
    let path = "\(folder)/\(Self.checkpointName)"
    let whole = FileManager.default.contents(atPath: path)
    defer {
      // What the training put aside, or wrote in its place.
      for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
      where !sample.files.contains(where: { $0.name == name }) {
        try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
      }
      try? whole?.write(to: URL(filePath: path))
    }
    if sample.files.contains(where: { $0.name == Self.stateName }) {
      let state = FileManager.default.contents(atPath: "\(folder)/\(Self.stateName)") ?? Data()
      try Self.replaceState(of: path, by: String(decoding: state, as: UTF8.self))
    }
    let (resumed, complaint) = try train(path: path, stop: nil)
    guard 0...Self.steps ~= resumed else { throw Violation("it went on from step \(resumed) of \(Self.steps)") }
    if let complaint { throw FileError(path: path, complaint) }
    if resumed == 0 { throw FileError(path: path, "is not the checkpoint of this training") }
  }

  /// Writes the file again with another state and the checksum of all of it.
  private static func replaceState(of path: String, by state: String) throws {
    let file = try SafetensorsFile(path: path)
    var texts = file.metadata
    texts[CheckpointFile.checksumKey] = nil
    texts[stateName] = state
    var writer = CheckpointFile.Writer(texts: texts)
    for tensor in file.tensors where tensor.type.isReadableAsFloat {
      writer.add(tensor.name, try tensor.floats(), shape: tensor.shape)
    }
    try writer.write(to: path)
  }

  private struct Stop: Error {}

  /// A training that ends after the step `stop`, or one step after that of the checkpoint; returns the latter, and what it
  /// was told about the checkpoint.
  private func train(path: String, stop: Int?) throws -> (resumed: Int, complaint: String?) {
    let method = configuration.methods[0]
    let attachment = try method.method.attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(3), context: context, tokenizer: nil))
    defer { attachment.detach() }
    let examples = (0..<3).map { EncodedExample(prompt: [1, 2, Int32(3 + $0)], answer: [Int32(7 + $0)]) }
    let trainer = Trainer(
      model: model, attachment: attachment, configuration: method.training, seeds: SeedStream(5), context: context)
    let complaints = Complaints()
    let checkpoint = TrainingCheckpoint(
      path: path, identity: Self.identity, everySteps: nil, complain: { complaints.texts.append($0) })
    var first: Int?
    do {
      let outcome = try trainer.train(examples, validation: [examples[0]], checkpoint: checkpoint) { step, _, _, _ in
        first = first ?? step
        if stop.map({ step == $0 }) ?? true { throw Stop() }
      }
      return (outcome.resumedStep, complaints.texts.first)
    } catch is Stop {
      return ((first ?? 1) - 1, complaints.texts.first)
    } catch let failure as TrainingFailure {
      // Values that were damaged under a fitting checksum may make a loss that ends the training.
      throw FileError(path: path, failure.description)
    }
  }

  private final class Complaints { var texts: [String] = [] }
}

/// An evaluation's saved answers, damaged as they are or under a checksum that fits.
struct AnswerCheckpointFormat: FuzzedFormat {
  static let name = "answer-checkpoint"
  let samples: [Sample]

  private static let prompts = 4

  init(corpus: Corpus) throws {
    var json: JSONValue = [
      "identity": "a run", "version": JSONValue(Version.current), "seconds": 1.5, "peak": [1, 2, 3, 4, 5],
      "answers": ["yes", "no \u{1F600}", ""],
    ]
    json[CheckedDocument.checksumKey] = JSONValue(CheckedDocument.checksum(of: json))
    let pieces = ["\"answers\":[],", "\"seconds\":-1,", "\"peak\":[9,9,9,9,9999999999999999999],"]
    samples = [
      Sample("answers.json", json.compactText, pieces: pieces),
      Sample("sealed.json", json.compactText, pieces: pieces),
    ]
  }

  func read(_ sample: Sample, in folder: String) throws {
    var path = "\(folder)/\(sample.main)"
    if sample.main == "sealed.json" {
      var json = JSONValue(try JSONParser.parse(file: path).value)
      json[CheckedDocument.checksumKey] = nil
      json[CheckedDocument.checksumKey] = JSONValue(CheckedDocument.checksum(of: json))
      path = "\(folder)/resealed.json"
      try AtomicFile.write(json.compactText, to: path)
    }
    var complaint: String?
    let restored = AnswerCheckpoint(path: path, identity: "a run", complain: { complaint = $0 }).restore(
      prompts: Self.prompts)
    // A damaged file is put aside under another name.
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.contains(".damaged") {
      try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
    }
    if let complaint { throw FileError(path: path, complaint) }
    guard let restored else { throw FileError(path: path, "holds the answers of another run") }
    guard restored.answers.count <= Self.prompts, restored.seconds >= 0 else {
      throw Violation("\(restored.answers.count) answers to \(Self.prompts) prompts in \(restored.seconds) s")
    }
  }
}

/// The locks of a results folder, with the plan and the progress of a run that another process is at.
struct LocksFormat: FuzzedFormat {
  static let name = "locks"
  let samples: [Sample]

  /// What is at the place of the locks, beside a file.
  private static let kinds = ["file", "folder", "pipe", "link", "nothing"]
  private static let id = "0123456789abcdef"

  init(corpus: Corpus) throws {
    func file(_ name: String, _ text: String, pieces: [String]) -> Sample.File {
      .init(name: name, bytes: Array(text.utf8), mutation: .text(pieces: pieces))
    }
    let ids = ["\"-ffffffffffffff\"", "\"\"", "\"zz\"", "\"+1\"", "\"fffffffffffffff\"", "\"../0123456789abcdef\""]
    samples = Self.kinds.map { kind in
      Sample([
        file(
          "plan.json",
          #"{"runs": [{"model": "mini", "dataset": "rte", "method": "lora", "seed": 42, "id": "\#(Self.id)"}, {"model": "mini", "dataset": "cb", "method": "ia3", "seed": 1, "id": "fedcba9876543210"}]}"#,
          pieces: ids),
        file(
          "runs/\(Self.id)/progress.json",
          #"{"phase": "training", "done": 3, "total": 10, "loss": 2.5, "rate": 100, "seconds": 1.5, "host": "h", "process": 7}"#,
          pieces: ["\"total\": 0,", "\"rate\": 0,", "\"rate\": 1e-300,", "\"seconds\": 1e300,"]),
        .init(name: kind, bytes: [0], mutation: .bytes),
      ])
    }
  }

  func read(_ sample: Sample, in folder: String) throws {
    let path = "\(folder)/\(RunLocks.fileName)"
    let kind = sample.files[2].name
    switch kind {
    case "file": try FileManager.default.copyItem(atPath: "\(folder)/file", toPath: path)
    case "folder": try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    case "pipe": mkfifo(path, 0o600)
    case "link": symlink(path, path)
    default: break
    }
    defer { try? FileManager.default.removeItem(atPath: path) }
    // As another process that is at the run: such locks of one process stand in the way of its usual ones.
    var other = kind == "file" ? open(path, O_RDWR | O_CLOEXEC) : -1
    func letGo() {
      if other >= 0 { close(other) }
      other = -1
    }
    defer { letGo() }
    let isHeld = other >= 0 && Self.lockAll(other)
    let status = try SweepStatus(of: ResultsFolder(path: folder))
    _ = (SweepStatus.counts(status.runs), status.secondsLeft, status.secondsSpent)
    let ids = status.runs.compactMap(\.id)
    if isHeld {
      for case .running(let progress?) in status.runs.map(\.state) {
        guard progress.seconds.isFinite else { throw Violation("a run that took \(progress.seconds) s") }
      }
      let locks = try RunLocks(forTakingIn: folder)
      for id in ids where try locks.take(id) { throw Violation("the lock of \(id) was taken twice") }
    }
    letGo()
    let locks = try RunLocks(forTakingIn: folder)
    for id in ids {
      guard try locks.take(id) else { throw Violation("the lock of \(id) cannot be taken") }
      locks.release(id)
    }
  }

  /// Locks the whole of a file for its descriptor; false where the system has no such locks.
  private static func lockAll(_ descriptor: Int32) -> Bool {
    #if os(Linux)
      let setDescriptorLock: Int32 = 37
      var request = flock()
      request.l_type = Int16(F_WRLCK)
      request.l_whence = Int16(SEEK_SET)
      return fcntl(descriptor, setDescriptorLock, &request) == 0
    #else
      return false
    #endif
  }
}
