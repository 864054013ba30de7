import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

/// `init_from: {combine: …, choose: validation}`.
@Suite("Runs that choose the adapter that they start from") struct AdapterChoiceTests {
  private static let method = #"{"name": "lora", "rank": 2, "target_modules": "all-linear"}"#
  private static let ranking = ["evaluation.mode=rank", "training.init_seed=5"]

  /// Trains an adapter, and gives the settings of a run that starts from it.
  private static func withAdapter(_ body: (_ root: String, _ start: (String) -> [String]) throws -> Void) throws {
    try EnsembleRunTests.withConfig(method) { root in
      let record = try #require(
        try EnsembleRunTests.run(root, into: "own", ranking + ["training.epochs=10"]).first)
      let adapter = "\(root)/own/runs/\(record.id)/adapter"
      try body(root) { members in
        ranking + [
          "training.validation_fraction=0.5",
          #"methods.0.init_from={"adapters": {"a": "\#(adapter)"}, \#(members)}"#,
        ]
      }
    }
  }

  private static func one(_ value: Double) -> String {
    #""combine": "origin + l*a", "values": {"l": \#(value)}"#
  }

  private static let several =
    #""combine": "origin + l*a", "values": {"l": [-1, 0, 0.5, 1, 2]}, "choose": "validation""#

  private static func files(_ root: String, _ output: String, _ record: RunRecord) throws -> [String: Data] {
    let folder = "\(root)/\(output)/runs/\(record.id)"
    return try Dictionary(
      uniqueKeysWithValues: ["adapter/adapter_model.safetensors", "adapter/adapter_config.json", "predictions.jsonl"]
        .map { ($0, try Data(contentsOf: URL(filePath: "\(folder)/\($0)"))) })
  }

  /// A record without its times, and what the process took besides.
  private static func timeless(_ record: RunRecord) -> RunRecord {
    var record = record
    record.choice?.seconds = nil
    (record.timestamps, record.environment, record.costs.residentBytes) = (nil, nil, nil)
    (record.costs.trainingSeconds, record.costs.evaluationSeconds, record.costs.tokensPerSecond) = (nil, nil, nil)
    return record
  }

  @Test(
    "Each candidate's score is that of a run of it on the held-out rows, and the run goes on from the best one",
    arguments: [0, 4])
  func choice(steps: Int) throws {
    try Self.withAdapter { root, start in
      let settings = ["methods.0.steps=\(steps)"]
      let record = try #require(try EnsembleRunTests.run(root, into: "out", start(Self.several) + settings).first)
      let choice = try #require(record.choice)
      let scores = choice.candidates.map(\.score)
      #expect(choice.candidates.map { $0.values["l"]?.number } == [-1, 0, 0.5, 1, 2])
      #expect(choice.chosen == scores.firstIndex(of: scores.max() ?? 0) && choice.rows == 6 && Set(scores).count > 1)
      #expect((choice.seconds ?? 0) > 0 && (choice.peakTensorBytes ?? 0) > 0)

      // The rows that were held out, as a file to be scored.
      let held = try Self.heldOutRows(root, start(Self.several) + settings)
      #expect(held.count == 6)
      try held.joined(separator: "\n").write(toFile: root + "/held.jsonl", atomically: true, encoding: .utf8)
      for candidate in choice.candidates {
        let value = try #require(candidate.values["l"]?.number)
        let judged = try EnsembleRunTests.run(
          root, into: "judged",
          start(Self.one(value)) + ["methods.0.steps=0", "data.datasets.0.files.validation=held.jsonl"])
        #expect(judged.first?.scores.primary.value == candidate.score, "\(value)")
      }

      let best = try #require(choice.best?.values["l"]?.number)
      let alone = try #require(try EnsembleRunTests.run(root, into: "one", start(Self.one(best)) + settings).first)
      #expect(alone.choice == nil && alone.id != record.id)
      #expect(try Self.files(root, "one", alone) == Self.files(root, "out", record))
      #expect(alone.scores.values == record.scores.values && alone.costs.tensorBytes == record.costs.tensorBytes)
      let origin = "adapter/peft_bench_origin.json"
      let origins = try [("one", alone), ("out", record)].map { output, record in
        try Data(contentsOf: URL(filePath: "\(root)/\(output)/runs/\(record.id)/\(origin)"))
      }
      #expect(origins[0] == origins[1])
      let copy = try RunRecord(reading: record.json, at: "")
      #expect(copy.json == record.json && copy.choice?.candidates.count == 5)
      #expect(record.seconds > (record.costs.trainingSeconds ?? 0) + (record.costs.evaluationSeconds ?? 0))
    }
  }

  @Test("What a run started from that was a combination, chosen or not, is made again bit for bit")
  func origin() throws {
    try Self.withAdapter { root, start in
      let context = ComputeContext(threads: 1)
      let path = GoldenFixture("gguf_models").url("llama-q8_0.gguf").path
      let base = LoadedBase(
        model: try ModelFiles.open(path).load(as: .auto, context: context), tokenizer: nil, context: context)
      let origins = AdapterOrigins(common: nil, base: { _ in base }, modelHash: { _ in nil })
      func adapter(
        _ output: String, _ members: String, steps: Int
      ) throws -> (file: AdapterFile, record: RunRecord) {
        let settings = start(members) + ["methods.0.steps=\(steps)"]
        let record = try #require(try EnsembleRunTests.run(root, into: output, settings).first)
        return (try AdapterFile.open("\(root)/\(output)/runs/\(record.id)/adapter"), record)
      }
      let chosen = try adapter("out", Self.several, steps: 4)
      let best = try #require(chosen.record.choice?.best?.values["l"]?.number)
      let judged = try adapter("judged", Self.one(best), steps: 0)
      #expect(try origins.values(of: chosen.file) == judged.file.arrays())
      #expect(try chosen.file.arrays() != judged.file.arrays())
      // A run that trains nothing gained nothing.
      #expect(try origins.values(of: judged.file) == judged.file.arrays())
    }
  }

  /// The lines of the training file that a config's only run holds back.
  private static func heldOutRows(_ root: String, _ settings: [String]) throws -> [String] {
    let configuration = try RunConfiguration(
      ConfigFile.load(path: root + "/c.json", overrides: settings, environment: [:]))
    let datasets = try configuration.data.descriptions(from: configuration.file)
    let run = try #require(configuration.selection(datasets: datasets).runs.first)
    let assembly = RunAssembly(configuration, context: ComputeContext(threads: 1), note: { _ in })
    let data = try assembly.data(of: run)
    let lines = try String(contentsOfFile: root + "/train.jsonl", encoding: .utf8).split(separator: "\n")
    let held = DatasetLoader.heldBack(0.5, of: data.trainingExamples, drawing: TrainingSeeds(run.seeds).validation)
    return held.sorted().map { String(lines[$0]) }
  }

  @Test("Rows that the adapter was trained on are no fair choice, and equal candidates are none: both are noted")
  func unfair() throws {
    try Self.withAdapter { root, start in
      let notes = Notes()
      let record = try #require(
        try EnsembleRunTests.run(root, into: "out", start(Self.several) + ["methods.0.steps=0"]) { event, _ in
          if case .note(let text) = event { notes.add(text) }
        }.first)
      let text = try #require(record.choice?.notes?.first)
      #expect(text.contains("was trained on 6 of the 6 rows that the choice is made on"), "\(text)")
      #expect(notes.all.contains { $0.hasSuffix(text) })
      // An adapter that held the same rows back has seen none of them.
      let fair = try #require(
        try EnsembleRunTests.run(
          root, into: "fair-own", Self.ranking + ["training.epochs=2", "training.validation_fraction=0.5"]
        ).first)
      let adapter = "\(root)/fair-own/runs/\(fair.id)/adapter"
      let equal = #""combine": "origin + l*a", "values": {"l": [0, 1e-12]}, "choose": "validation""#
      let chosen = try #require(
        try EnsembleRunTests.run(
          root, into: "fair",
          Self.ranking + [
            "training.validation_fraction=0.5", "methods.0.steps=0",
            #"methods.0.init_from={"adapters": {"a": "\#(adapter)"}, \#(equal)}"#,
          ]
        ).first)
      let own = try #require(chosen.choice?.notes)
      #expect(own.count == 1 && own[0].hasPrefix("all 2 candidates have the same score on the held-back rows"))
    }
  }

  /// What a watcher was told.
  private final class Notes: @unchecked Sendable {
    // The runs of these tests are watched by one thread.
    private(set) var all: [String] = []
    func add(_ text: String) { all.append(text) }
  }

  @Test("A run that was stopped while it chose, or trained after that, ends with the same bytes")
  func resumed() throws {
    try Self.withAdapter { root, start in
      let settings = start(Self.several) + ["methods.0.steps=4", "training.checkpoint_steps=1"]
      let record = try #require(try EnsembleRunTests.run(root, into: "out", settings).first)
      for stop in [(candidate: 2, step: 0), (candidate: 5, step: 0), (candidate: 0, step: 2)] {
        let output = "stopped-\(stop.candidate)-\(stop.step)"
        #expect(throws: Interruption.self) {
          try EnsembleRunTests.run(root, into: output, settings) { event, flag in
            switch event {
            case .judged(_, let done, _) where done == stop.candidate: flag.cancel()
            case .step(_, let done, _, _, _) where done == stop.step: flag.cancel()
            default: break
            }
          }
        }
        let judged = Events()
        let again = try #require(
          try EnsembleRunTests.run(root, into: output, settings) { event, _ in
            if case .judged(_, let done, _) = event { judged.add(done) }
          }.first)
        // What was judged is not judged again.
        #expect(judged.all == (stop.step > 0 ? [] : Array((stop.candidate + 1)..<6)))
        #expect(Self.timeless(again).json == Self.timeless(record).json)
        #expect(try Self.files(root, output, again) == Self.files(root, "out", record))
      }
    }
  }

  /// Numbers that a watcher saw.
  private final class Events: @unchecked Sendable {
    // The runs of these tests are watched by one thread.
    private(set) var all: [Int] = []
    func add(_ number: Int) { all.append(number) }
  }

  @Test("Of equal candidates the first is chosen, and all are judged as one") func ties() throws {
    try Self.withAdapter { root, start in
      let equal = #""combine": "origin + 0*l*a", "values": {"l": [3, 2, 1]}, "choose": "validation""#
      let record = try #require(try EnsembleRunTests.run(root, into: "out", start(equal) + ["methods.0.steps=0"]).first)
      let choice = try #require(record.choice)
      #expect(Set(choice.candidates.map(\.score)).count == 1 && choice.chosen == 0)
      #expect(choice.best?.values["l"]?.number == 3)
    }
  }

  @Test("The id covers the candidates in their order and the rows that choose, and no spelling") func identity() throws
  {
    try Self.withAdapter { root, start in
      func id(_ members: String, _ settings: [String] = []) throws -> String {
        let configuration = try RunConfiguration(
          ConfigFile.load(path: root + "/c.json", overrides: start(members) + settings, environment: [:]))
        let datasets = try configuration.data.descriptions(from: configuration.file)
        let run = try #require(configuration.selection(datasets: datasets).runs.first)
        let assembly = RunAssembly(configuration, context: ComputeContext(threads: 1), note: { _ in })
        let id = try #require(try assembly.identity(of: run)?.id)
        // A plan, which keeps sizes alone, and a config that was written out have it, too.
        let sizes = RunAssembly(configuration, context: ComputeContext(threads: 1), keeping: .sizes, note: { _ in })
        #expect(try sizes.identity(of: run)?.id == id)
        let text = DocumentText(name: root + "/again.json", bytes: Array(configuration.resolvedJSON.prettyText.utf8))
        #expect(try RunConfiguration(ConfigFile.read(text)).resolvedJSON == configuration.resolvedJSON)
        return id
      }
      func grid(_ values: String) -> String {
        #""combine": "origin + l*a", "values": {"l": \#(values)}, "choose": "validation""#
      }
      for steps in ["methods.0.steps=0", "methods.0.steps=3"] {
        let base = try id(grid("[0, 0.5, 1]"), [steps])
        #expect(try id(grid(#"{"step": 0.5}"#), [steps]) == base)
        let renamed = grid("[0, 0.5, 1]").replacing("l*a", with: "k*a").replacing(#""l""#, with: #""k""#)
        #expect(try id(renamed, [steps]) == base)
        let others = [
          try id(grid("[0, 1]"), [steps]), try id(grid("[1, 0.5, 0]"), [steps]),
          try id(grid("[0, 0.5, 1]"), [steps, "training.validation_fraction=0.25"]),
          try id(grid("[0, 0.5, 1]"), [steps, "seeds=[2]"]), try id(Self.one(0), [steps]),
          try id(grid("[0, 0.5, 1]"), [steps, "training.cutoff_tokens=100"]),
        ]
        #expect(!others.contains(base) && Set(others).count == others.count)
      }
    }
  }

  @Test(
    "A choice that cannot be made is refused at its place",
    arguments: [
      (several, "training.validation_fraction=0", "methods[0].init_from.choose: there are no rows to choose on"),
      (several.replacing("validation", with: "test"), "", "methods[0].init_from.choose"),
      (one(1) + #", "choose": "validation""#, "", "methods[0].init_from.choose: there is nothing to choose"),
      (several + #", "strength": 0.5"#, "", "methods[0].init_from.strength: goes with one adapter"),
      (
        several.replacing("[-1, 0, 0.5, 1, 2]", with: "[0, 0]"), "",
        "methods[0].init_from.values.l: expected a number"
      ),
      (several.replacing("[-1, 0, 0.5, 1, 2]", with: #"{"to": 1, "stop": 2}"#), "", "values.l.stop: unknown key"),
      (several.replacing("l*a", with: "l*b"), "", "methods[0].init_from.combine"),
      (several.replacing("choose", with: "chose"), "", #"did you mean "choose"?"#),
      (several, "data.train_limit=1", "there are no rows to choose on, since tones has too few training rows"),
    ])
  func refused(members: String, setting: String, message: String) throws {
    try Self.withAdapter { root, start in
      let error = #expect(throws: (any Error).self) {
        try EnsembleRunTests.run(
          root, into: "out", start(members) + ["methods.0.steps=0"] + (setting.isEmpty ? [] : [setting]))
      }
      let text = error.map { "\($0)" } ?? ""
      #expect(text.contains(message) && error is DocumentError, "\(text)")
    }
  }

  @Test("No damage to saved scores of candidates changes them")
  func damagedScores() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "scores-\(UUID().uuidString)/a.json").path
    defer { try? FileManager.default.removeItem(atPath: FilePath.folder(of: path)) }
    var complaints: [String] = []
    let checkpoint = ChoiceCheckpoint(path: path, identity: "a run", complain: { complaints.append($0) })
    var saved = ChoiceCheckpoint.Scores()
    (saved.values, saved.seconds) = ([0.25, 1, -0.5], 1.5)
    checkpoint.save(saved)
    func isSaved(_ scores: ChoiceCheckpoint.Scores?) -> Bool {
      scores?.values == saved.values && scores?.seconds == saved.seconds && scores?.peak == saved.peak
    }
    #expect(isSaved(checkpoint.restore(candidates: 3)) && complaints.isEmpty)
    let whole = [UInt8](try #require(FileManager.default.contents(atPath: path)))
    for (what, bytes) in CheckpointMutations.all(of: whole) {
      try Data(bytes).write(to: URL(filePath: path))
      let scores = checkpoint.restore(candidates: 3)
      #expect(scores == nil || isSaved(scores), "\(what)")
    }
    #expect(complaints.count > 60)
    // More scores than there are candidates; another run's.
    try Data(whole).write(to: URL(filePath: path))
    #expect(checkpoint.restore(candidates: 2) == nil)
    try Data(whole).write(to: URL(filePath: path))
    let other = ChoiceCheckpoint(path: path, identity: "another run", complain: { complaints.append($0) })
    #expect(other.restore(candidates: 3) == nil)
  }

  @Test("A report shows the candidates by their held-out scores, and the chosen one by its evaluation rows")
  func report()
    throws
  {
    try Self.withAdapter { root, start in
      let record = try #require(
        try EnsembleRunTests.run(root, into: "out", start(Self.several) + ["methods.0.steps=0"]).first)
      let choice = try #require(record.choice)
      let suite = try #require(try Report(ReportedResults(["\(root)/out"])).suites.first)
      let sum = try #require(suite.sums.first)
      #expect(suite.sums.count == 1 && sum.isChosenOnOthers && sum.varying == ["l"])
      #expect(sum.candidates.map { $0.scores.map(\.value) } == choice.candidates.map { [$0.score] })
      #expect(sum.choice?.scores.map(\.value) == [record.scores.primary.value])
      #expect(sum.choice?.values.first?.value == choice.best?.values["l"]?.number)
      #expect(sum.title.hasSuffix(", chosen for tones"))
      // A report's JSON has it, too.
      let run = try #require(suite.results.runs.first)
      #expect(RunRecord.Choice(record: run.json["choice"] ?? .null)?.candidates.count == 5)
    }
  }
}
