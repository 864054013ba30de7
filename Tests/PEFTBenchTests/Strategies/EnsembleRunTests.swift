import Foundation
import PEFTCore
import PEFTTestSupport
import Synchronization
import Testing

@testable import PEFTBench

@Suite("Runs with several members") struct EnsembleRunTests {
  /// Rows of `tones`.
  private static func rows(_ range: Range<Int>) -> String {
    range.map { #"{"text": "film \#($0)", "tone": "\#($0 % 3 == 0 ? "bad" : "good")"}"# }.joined(separator: "\n")
  }

  /// A folder with rows of `tones`, and a config of one method.
  static func withConfig<Result>(_ method: String, _ body: (String) throws -> Result) throws -> Result {
    let config = """
      {"name": "tiny", "model": "\(GoldenFixture("gguf_models").url("llama-q8_0.gguf").path)",
       "data": {"suite": "own", "datasets": [{"name": "tones", "prompt": "{text}?", "answer": "tone",
         "files": {"train": "train.jsonl", "validation": "dev.jsonl"}, "labels": ["bad", "good"]}]},
       "methods": [\(method)], "seeds": [1],
       "training": {"epochs": 2, "batch_size": 2, "learning_rate": 0.03, "validation_fraction": 0},
       "evaluation": {"max_new_tokens": 20, "batch_size": 2, "zero_shot": false}}
      """
    return try TaskRows.withFolder(["train.jsonl": rows(0..<12), "dev.jsonl": rows(20..<28), "c.json": config], body)
  }

  static func run(
    _ root: String, into output: String, _ settings: [String] = [],
    stop: @escaping @Sendable (RunEvent, CancellationFlag) -> Void = { _, _ in }
  ) throws -> [RunRecord] {
    let configuration = try RunConfiguration(
      ConfigFile.load(path: root + "/c.json", overrides: settings, environment: [:]))
    let flag = CancellationFlag()
    let datasets = try configuration.data.descriptions(from: configuration.file)
    let sweep = try Sweep(
      configuration, configuration.selection(datasets: datasets), results: ResultsFolder(path: "\(root)/\(output)"),
      context: ComputeContext(threads: 1), cancellation: flag, watch: { stop($0, flag) })
    return try sweep.run(Sweep.Choice()).records
  }

  private static func lines(_ root: String, _ output: String, _ record: RunRecord) throws -> [DocumentValue] {
    let path = "\(root)/\(output)/runs/\(record.id)/predictions.jsonl"
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      try JSONParser.parse(DocumentText(name: path, bytes: Array($0.utf8)))
    }
  }

  private static func members(_ lines: [DocumentValue]) -> [[String]] {
    lines.map { ($0["members"]?.array ?? []).compactMap(\.string) }
  }

  @Test(
    "Members answer and vote, and the saved ones give the same answers without training",
    arguments: [
      #"{"name": "ensemble", "members": 3}"#, #"{"name": "deni", "members": 3, "variance": 4}"#,
    ],
    [
      #"{"name": "lora", "rank": 2, "strategy": STRATEGY}"#,
      #"{"name": "prompt-tuning", "tokens": 2, "strategy": STRATEGY}"#,
    ])
  func saved(strategy: String, method: String) throws {
    try Self.withConfig(method.replacing("STRATEGY", with: strategy)) { root in
      let record = try #require(try Self.run(root, into: "out").first)
      let lines = try Self.lines(root, "out", record)
      let members = Self.members(lines)
      #expect(lines.count == 8 && members.allSatisfy { $0.count == 3 })
      let vote = AnswerVote(.multiClass(labels: ["bad", "good"]))
      #expect(lines.map { $0["predict"]?.string } == members.map(vote.winner))
      let facts = try #require(record.strategy)
      #expect(facts.voters == 3 && facts.options?["members"] == 3)
      #expect(facts.unanimous == vote.unanimousShare(of: members))
      let again = try Self.run(
        root, into: "again",
        [
          "methods.0.init_from=\(root)/out/runs/\(record.id)/adapter", "methods.0.steps=0",
          #"methods.0.strategy="ensemble""#,
        ])
      let judged = try #require(again.first)
      #expect(try Self.members(Self.lines(root, "again", judged)) == members)
      #expect(judged.scores.values == record.scores.values && judged.training == nil && judged.strategy?.voters == 3)
      #expect(judged.strategy?.options?["members"] == 3)
      // In the released code all votes came from one model.
      #expect(members.contains { Set($0).count > 1 })
      let adapters = try (0..<3).map { member in
        let folder = MemberFolders.path(of: member, in: "\(root)/out/runs/\(record.id)/adapter")
        return try Data(contentsOf: URL(filePath: "\(folder)/adapter_model.safetensors"))
      }
      #expect(Set(adapters).count == 3)
    }
  }

  @Test("Members that are not all there, or not as many as are asked for, are refused before anything is written")
  func savedMembers() throws {
    try Self.withConfig(#"{"name": "lora", "rank": 2, "strategy": {"name": "ensemble", "members": 4}}"#) { root in
      let record = try #require(try Self.run(root, into: "out").first)
      let adapter = "\(root)/out/runs/\(record.id)/adapter"
      func ask(_ strategy: String) throws -> [RunRecord] {
        try Self.run(
          root, into: "again",
          ["methods.0.init_from=\(adapter)", "methods.0.steps=0", "methods.0.strategy=\(strategy)"])
      }
      // The default number, too, is refused where somebody gives it.
      for count in [3, 10] {
        let other = try #require(throws: DocumentError.self) {
          _ = try ask(#"{"name": "ensemble", "members": \#(count)}"#)
        }
        #expect("\(other)".contains("asks for \(count) members, but \(adapter) has 4"))
      }
      let idle = try #require(throws: DocumentError.self) { _ = try ask(#"{"name": "deni", "variance": 0.3}"#) }
      #expect("\(idle)".contains("deni[variance=0.3] has variance for a training, and nothing is trained"), "\(idle)")
      #expect(!FileManager.default.fileExists(atPath: root + "/again/runs"))
      // Whoever says as many as there are means what the one means who does not say it.
      let records = try ["ensemble", #"{"name": "ensemble", "members": 4}"#].map { try #require(try ask($0).first) }
      #expect(records[0].id == records[1].id)
      #expect(records.map(\.strategy?.label) == ["ensemble[members=4]", "ensemble[members=4]"])
      try FileManager.default.removeItem(atPath: root + "/again")
      let twice = try #require(throws: DocumentError.self) { _ = try ask(#"["ensemble", "de"]"#) }
      #expect("\(twice)".contains("the strategies ensemble and de ask the same saved members"), "\(twice)")
      // What lies beside them, and a member that cannot be read, are found before anything is done, too.
      let stray = adapter + "/members/3.bak"
      try FileManager.default.copyItem(atPath: adapter + "/members/3", toPath: stray)
      let other = try #require(throws: FileError.self) { _ = try ask("ensemble") }
      #expect("\(other)".contains("members/3.bak: is no member"), "\(other)")
      try FileManager.default.removeItem(atPath: stray)
      let weights = adapter + "/members/4/adapter_model.safetensors"
      try FileManager.default.moveItem(atPath: weights, toPath: weights + ".away")
      let empty = try #require(throws: FileError.self) { _ = try ask("ensemble") }
      #expect("\(empty)".contains("members/4"), "\(empty)")
      #expect(!FileManager.default.fileExists(atPath: root + "/again/runs"))
      try FileManager.default.moveItem(atPath: weights + ".away", toPath: weights)
      try FileManager.default.removeItem(atPath: adapter + "/members/3")
      let gap = try #require(throws: FileError.self) { _ = try ask("ensemble") }
      #expect("\(gap)".contains("members/3") && "\(gap)".contains("is missing, though members/4 is there"))
      #expect(!FileManager.default.fileExists(atPath: root + "/again/runs"))
    }
  }

  @Test("The base model's own answers have no strategy, and are planned once") func zeroShot() throws {
    let strategies = #"training.strategy=["swa", {"name": "deni", "members": 2}]"#
    try Self.withConfig(#""none", {"name": "lora", "rank": 2}"#) { root in
      let records = try Self.run(root, into: "out", [strategies])
      #expect(records.map(\.strategy?.name) == [nil, "swa", "deni"] && Set(records.map(\.id)).count == 3)
      let error = try #require(throws: DocumentError.self) {
        _ = try Self.run(root, into: "other", [#"methods.0={"name": "none", "strategy": "deni"}"#])
      }
      #expect("\(error)".contains("methods[0].strategy: none trains nothing, so that deni does nothing"))
    }
    try Self.withConfig(#"{"name": "lora", "rank": 2}"#) { root in
      let records = try Self.run(root, into: "out", [strategies, "evaluation.zero_shot=true"])
      #expect(records.map(\.strategy?.name) == [nil, "swa", "deni"])
    }
  }

  @Test("The first member of an ensemble is the run with plain steps, and the others are other ones") func first()
    throws
  {
    try Self.withConfig(#"{"name": "lora", "rank": 2, "strategy": ["default", {"name": "ensemble", "members": 2}]}"#) {
      root in
      let records = try Self.run(root, into: "out")
      #expect(records.count == 2)
      let (usual, steps) = (try #require(records[0].strategy), try #require(records[0].costs.steps))
      #expect(usual.name == "default" && usual.voters == 1 && usual.modelSteps == steps)
      #expect(usual.relativeModelSteps == 1 && usual.relativeTrainingTokens == 1 && usual.copiedAdapterBytes == 0)
      #expect(usual.trainingTokens == records[0].costs.tokensSeen)
      func weights(_ record: RunRecord, _ folder: String) throws -> Data {
        try Data(contentsOf: URL(filePath: "\(root)/out/runs/\(record.id)/adapter\(folder)/adapter_model.safetensors"))
      }
      let plain = try weights(records[0], "")
      #expect(try weights(records[1], "") == plain && weights(records[1], "/members/2") != plain)
      let facts = try #require(records[1].strategy)
      #expect(facts.modelSteps == 24 && facts.relativeModelSteps == 2 && facts.shareOfEnsemble == nil)
      #expect(facts.trainingTokens == 2 * (try #require(records[0].costs.tokensSeen)))
      #expect(facts.relativeTrainingTokens == 2 && records[1].costs.tokensSeen == facts.trainingTokens)
      let copy = try RunRecord(reading: records[1].json, at: "")
      #expect(copy.json == records[1].json)
    }
  }

  @Test("A run with members leaves nothing behind that a later run's memory counts", arguments: ["ni", "de", "deni"])
  func peaks(name: String) throws {
    let members = #"{"name": "\#(name)", "members": 3}"#
    try Self.withConfig(#"{"name": "lora", "rank": 2, "strategy": [\#(members), "default"]}"#) { root in
      let seeds = "seeds=[1, 2, 3]"
      let records = try Self.run(root, into: "out", [seeds])
      let alone = try Self.run(root, into: "alone", [seeds, #"methods=[{"name": "lora", "rank": 2}]"#])
      let plain = records.filter { $0.strategy?.name == TrainingStrategy.standardName }
      #expect(records.count == 6 && plain.count == 3)
      #expect(plain.map(\.costs.tensorBytes) == alone.map(\.costs.tensorBytes))
      #expect(plain.map { $0.pscp?.value } == alone.map { $0.pscp?.value })
      #expect(Set(records.filter { $0.strategy?.name == name }.map(\.costs.tensorBytes.adapter)).count == 1)
    }
  }

  @Test("Models that vote cost as many passes and parameters as there are, and one model what it always did")
  func inferenceCost() throws {
    let strategies = #"["default", {"name": "ensemble", "members": 3}, {"name": "ni", "members": 3}]"#
    // What prompt tuning adds stays there when the model is deployed; LoRA is merged.
    for method in [#"{"name": "lora", "rank": 2"#, #"{"name": "prompt-tuning", "tokens": 2"#] {
      try Self.withConfig("\(method), \"strategy\": \(strategies)}") { root in
        let records = try Self.run(root, into: "out")
        let (plain, ensemble, merged) = (records[0].costs, records[1].costs, records[2].costs)
        let base = plain.inferenceFLOPs - plain.addedFLOPs
        #expect(ensemble.inferenceFLOPs == 3 * plain.inferenceFLOPs)
        #expect(ensemble.addedFLOPs == 3 * plain.inferenceFLOPs - base)
        #expect(ensemble.trainableParameters == plain.trainableParameters)
        #expect(ensemble.deployedParameters == 3 * plain.trainableParameters)
        for one in [plain, merged] {
          #expect(one.deployedParameters == nil && one.countedParameters == plain.trainableParameters)
          #expect(one.inferenceFLOPs == plain.inferenceFLOPs && one.addedFLOPs == plain.addedFLOPs)
        }
        #expect(!records[0].json.compactText.contains("deployed_parameters"))
        let (terms, constants) = (try #require(records[1].pscp?.terms), try #require(records[1].pscp?.constants))
        #expect(abs(terms.parameters * (1 + 3 * plain.trainableParameters / constants.parameters) - 1) < 1e-12)
        #expect(abs(terms.flops * (1 + ensemble.addedFLOPs / constants.flops) - 1) < 1e-12)
      }
    }
  }

  @Test("A plan counts the passes of all models that train and answer, saved ones too, as the record does")
  func planned() throws {
    let strategies = #"["default", {"name": "ensemble", "members": 3}, {"name": "deni", "members": 3}]"#
    try Self.withConfig(#"{"name": "prompt-tuning", "tokens": 2, "strategy": \#(strategies)}"#) { root in
      func plan(_ output: String, _ settings: [String] = []) throws -> [(run: PlannedRun, cost: RunCost)] {
        let configuration = try RunConfiguration(
          ConfigFile.load(path: root + "/c.json", overrides: settings, environment: [:]))
        let assembly = RunAssembly(
          configuration, context: ComputeContext(threads: 1), keeping: .sizes, note: { _ in })
        let datasets = try configuration.data.descriptions(from: configuration.file)
        return try configuration.selection(datasets: datasets).runs.map { ($0, try assembly.cost(of: $0)) }
      }
      func check(_ cost: RunCost, _ record: RunRecord, votes: Int) throws {
        #expect((record.strategy?.voters ?? 1) == votes && cost.voters == votes)
        #expect(Double(cost.inferenceFLOPs) == record.costs.inferenceFLOPs)
        #expect(cost.work.evaluationTokens == votes * cost.data.evaluationTokens)
        let tokens = try #require(record.costs.tokensSeen)
        // Batches of other lengths are shared by members than the mean one.
        #expect(abs(Double(cost.work.trainingTokens) - tokens) <= 0.05 * tokens)
      }
      let (records, plans) = (try Self.run(root, into: "out"), try plan("out"))
      for (index, votes) in [1, 3, 3].enumerated() { try check(plans[index].cost, records[index], votes: votes) }
      let adapter = "\(root)/out/runs/\(records[1].id)/adapter"
      func saved(_ strategy: String) -> [String] {
        ["methods.0.init_from=\(adapter)", "methods.0.steps=0", "methods.0.strategy=\(strategy)"]
      }
      let (voting, alone) = (
        try #require(try plan("again", saved("ensemble")).first).cost,
        try #require(try plan("again", saved("default")).first).cost
      )
      try check(voting, try #require(try Self.run(root, into: "again", saved("ensemble")).first), votes: 3)
      #expect(voting.work.trainingTokens == 0 && voting.seconds(.usual) == 3 * alone.seconds(.usual))
    }
  }

  @Test("GaLore's copies have its small optimizers, in the record and in what is planned") func projectedCopies() throws
  {
    let method = #"{"name": "galore", "rank": 2, "strategy": {"name": "de", "members": 3}}"#
    try Self.withConfig(method) { root in
      let record = try #require(try Self.run(root, into: "out").first)
      let (facts, values) = (try #require(record.strategy), try #require(record.method.trainableParameters))
      let copied = try #require(facts.copiedOptimizerBytes)
      #expect(facts.copiedAdapterBytes == 8 * values && copied > 0 && copied < 16 * values)
      let bytes = record.costs.tensorBytes
      // At the peak there are three optimizers, one of them the model's own.
      #expect(bytes.optimizer == copied * 3 / 2)
      let configuration = try RunConfiguration(ConfigFile.load(path: root + "/c.json", environment: [:]))
      let assembly = RunAssembly(configuration, context: ComputeContext(threads: 1), note: { _ in })
      let datasets = try configuration.data.descriptions(from: configuration.file)
      let run = try #require(configuration.selection(datasets: datasets).runs.first)
      let planned = try assembly.memory(of: run).counted
      #expect(Double(planned[.optimizer]) == bytes.optimizer && Double(planned[.adapter]) == bytes.adapter)
    }
  }

  @Test(
    "Copies have optimizers of the same form, in the record, in what is planned and in the id",
    arguments: ["float32", "bfloat16", "int8"]) func copiedState(format: String) throws
  {
    let method =
      #"{"name": "lora", "rank": 256, "optimizer_state": "\#(format)", "strategy": {"name": "de", "members": 3}}"#
    try Self.withConfig(method) { root in
      let record = try #require(try Self.run(root, into: "out").first)
      let copied = try #require(record.strategy?.copiedOptimizerBytes)
      let values = try #require(record.method.trainableParameters)
      let perValue = copied / 2 / values
      switch format {
      case "float32": #expect(perValue == 8)
      case "bfloat16": #expect(perValue == 4)
      default: #expect(perValue > 2 && perValue < 8)
      }
      #expect(record.costs.tensorBytes.optimizer == copied * 3 / 2)
      let configuration = try RunConfiguration(ConfigFile.load(path: root + "/c.json", environment: [:]))
      let assembly = RunAssembly(configuration, context: ComputeContext(threads: 1), note: { _ in })
      let datasets = try configuration.data.descriptions(from: configuration.file)
      let run = try #require(configuration.selection(datasets: datasets).runs.first)
      #expect(Double(try assembly.memory(of: run).counted[.optimizer]) == record.costs.tensorBytes.optimizer)
      #expect(record.training?["optimizer_state"] == (format == "float32" ? nil : .string(format)))
    }
  }

  @Test("What has no state, or none that is long enough, is refused or noted by name") func idleState() throws {
    func notes(_ method: String) throws -> [String] {
      try Self.withConfig(method) { root in
        let configuration = try RunConfiguration(ConfigFile.load(path: root + "/c.json", environment: [:]))
        let found = Mutex<[String]>([])
        let assembly = RunAssembly(
          configuration, context: ComputeContext(threads: 1), note: { text in found.withLock { $0.append(text) } })
        let datasets = try configuration.data.descriptions(from: configuration.file)
        let run = try #require(configuration.selection(datasets: datasets).runs.first)
        _ = try assembly.memory(of: run)
        return found.withLock { $0 }
      }
    }
    let error = #expect(throws: DocumentError.self) {
      try notes(#"{"name": "lora", "optimizer": "sgd", "optimizer_state": "bfloat16"}"#)
    }
    #expect(error?.description.contains("optimizer_state is bfloat16, but sgd without momentum keeps no state") == true)
    let small = try notes(#"{"name": "lora", "rank": 2, "optimizer_state": "int8"}"#)
    #expect(small.contains { $0.contains("optimizer_state: int8 changes nothing") })
    let large = try notes(#"{"name": "lora", "rank": 256, "optimizer_state": "int8"}"#)
    #expect(!large.contains { $0.contains("optimizer_state") })
  }

  @Test("Tokens a second are those of all members over the seconds of the training") func speed() throws {
    for strategy in [#"{"name": "deni", "members": 3}"#, #"{"name": "ensemble", "members": 2}"#] {
      try Self.withConfig(#"{"name": "lora", "rank": 2, "strategy": \#(strategy)}"#) { root in
        let costs = try #require(try Self.run(root, into: "out").first).costs
        let (tokens, seconds) = (try #require(costs.tokensSeen), try #require(costs.trainingSeconds))
        #expect(abs(try #require(costs.tokensPerSecond) * seconds / tokens - 1) < 1e-9)
      }
    }
  }

  @Test("A record tells which settings of the training its strategy replaced") func replacedSettings() throws {
    let strategies = #"["default", "best-practices", "swa", "noise-input", "augmentation"]"#
    try Self.withConfig(#"{"name": "lora", "rank": 2, "strategy": \#(strategies)}"#) { root in
      let records = try Self.run(
        root, into: "out",
        ["training.scheduler=constant", "training.optimizer=sgd", "training.warmup_ratio=0.3"])
      let given = try #require(records[1].training)
      #expect(given.number("epochs") == 2 && given.string("scheduler") == "constant")
      let replaced = try #require(records[1].strategy?.training)
      #expect(replaced.number("epochs") == 4 && replaced.string("optimizer") == "adamw")
      #expect(replaced.string("scheduler") == "linear" && replaced.number("warmup_ratio") == 0.1)
      #expect(replaced["learning_rate"] == nil && replaced["strategy"] == nil)
      #expect(records[2].strategy?.training == ["keep_best": false] && records[3].strategy?.training == nil)
      #expect(records[4].strategy?.training?.number("epochs") == 2.4)
    }
  }

  @Test("A training that is too short for its members is noted before it begins") func tooShort() throws {
    let strategies = #"[{"name": "ni", "split_steps": 9}, {"name": "deni", "members": 2, "split_steps": 9}, "de"]"#
    try Self.withConfig(#"{"name": "lora", "rank": 2, "strategy": \#(strategies)}"#) { root in
      let notes = Mutex<[String]>([])
      _ = try Self.run(root, into: "out") { event, _ in
        if case .note(let text) = event { notes.withLock { $0.append(text) } }
      }
      let found = notes.withLock { $0.filter { $0.contains("of the strategy") } }
      #expect(found.count == 2)
      #expect(found.contains { $0.contains("no copies are made in 12 steps: it is plain steps") })
      #expect(found.contains { $0.contains("no copies come together again in 12 steps") })
    }
  }

  @Test("On a toy task the scores of ensembles vary less over seeds than those of single models") func steadier() throws
  {
    let strategies = #"["default", {"name": "ensemble", "members": 5}]"#
    try Self.withConfig(#"{"name": "lora", "rank": 4, "strategy": \#(strategies)}"#) { root in
      try Data(Self.rows(20..<80).utf8).write(to: URL(filePath: root + "/dev.jsonl"))
      let records = try Self.run(
        root, into: "out",
        ["training.epochs=4", "training.learning_rate=0.1", "evaluation.mode=rank", "seeds=[1, 2, 3, 4, 5, 6]"])
      func deviation(_ strategy: String) -> Double {
        Summary(records.filter { $0.strategy?.name == strategy }.map(\.scores.primary.value)).sampleDeviation
      }
      #expect(deviation("ensemble") < deviation(TrainingStrategy.standardName) && deviation("ensemble") > 0)
    }
  }

  @Test("The cost of members is counted in steps and tokens") func cost() throws {
    try Self.withConfig(#"{"name": "lora", "rank": 2, "strategy": {"name": "deni", "members": 3}}"#) { root in
      let record = try #require(try Self.run(root, into: "out").first)
      let facts = try #require(record.strategy)
      // Of twelve steps, members are apart at 4, 6 and from 11 on.
      #expect(MemberPhases(.both).sharedSteps(of: 12) == [4..<5, 6..<7, 11..<13])
      #expect(facts.modelSteps == 12 + 2 * 4 && facts.relativeModelSteps == 20.0 / 12)
      #expect(facts.shareOfEnsemble == 20.0 / 36)
      let values = try #require(record.method.trainableParameters)
      #expect(facts.copiedAdapterBytes == 8 * values && facts.copiedOptimizerBytes == 16 * values)
      let (relative, tokens) = (try #require(facts.relativeTrainingTokens), try #require(facts.trainingTokens))
      #expect(relative > 1.5 && relative < 1.9 && tokens == record.costs.tokensSeen)
    }
  }

  @Test(
    "Stopped in a training or between the answers of two members, a run goes on to the same bytes",
    arguments: [#"{"name": "ensemble", "members": 3}"#, #"{"name": "deni", "members": 3}"#])
  func resuming(strategy: String) throws {
    try Self.withConfig(#"{"name": "lora", "rank": 2, "strategy": \#(strategy)}"#) { root in
      let expected = try #require(try Self.run(root, into: "out").first)
      for place in [4, 12, 17, 36] + [-2, -8, -10, -18] {
        let output = "stopped\(place)"
        #expect(throws: Interruption.self) {
          _ = try Self.run(root, into: output) { event, flag in
            switch event {
            case .step(_, let done, _, _, _) where done == place: flag.cancel()
            case .answered(_, let done, _) where done == -place: flag.cancel()
            default: break
            }
          }
          // A place that the training does not come to.
          if place == 17 || place == 36, strategy.contains("deni") { throw Interruption() }
        }
        let record = try #require(try Self.run(root, into: output).first)
        for name in [
          "predictions.jsonl", "adapter/adapter_model.safetensors", "adapter/members/3/adapter_model.safetensors",
        ] {
          func bytes(_ output: String) throws -> Data {
            try Data(contentsOf: URL(filePath: "\(root)/\(output)/runs/\(record.id)/\(name)"))
          }
          #expect(try bytes(output) == bytes("out"), "\(place) \(name)")
        }
        #expect(record.scores.values == expected.scores.values && record.strategy?.json == expected.strategy?.json)
      }
    }
  }

  @Test("Further rows are trained on, by rules or from a file, and all rows whatever the limit") func furtherRows()
    throws
  {
    try Self.withConfig(
      #"{"name": "lora", "rank": 2, "strategy": ["default", {"name": "augmentation", "copies": 2}, "deni+augmentation", "all-data"]}"#
    ) { root in
      let more = #"{"text": "a movie of mine", "tone": "good"}"#
      try Data("\(more)\n\(more)\n\(more)\n".utf8).write(to: URL(filePath: root + "/tones-more.jsonl"))
      let limit = "data.train_limit=6"
      let records = try Self.run(root, into: "out", [limit])
      #expect(records.map(\.costs.steps) == [6, 22, 15, 12])
      #expect(records.map(\.strategy?.augmentedRows) == [nil, 12, 6, nil])
      #expect(records.map(\.data?.trainingRows) == [6, 6, 6, 12] && Set(records.map(\.id)).count == 4)
      #expect(records[3].strategy?.relativeModelSteps == 2)
      let tokens = try #require(records[3].strategy?.relativeTrainingTokens)
      #expect(abs(tokens - 2) < 0.2)
      let file = "data.augment=\(root)/{dataset}-more.jsonl"
      let error = try #require(throws: DocumentError.self) { _ = try Self.run(root, into: "both", [limit, file]) }
      #expect("\(error)".contains("copies and changes of augmentation[copies=2]"))
      #expect(!FileManager.default.fileExists(atPath: root + "/both"))
      let own = try Self.run(root, into: "own", [limit, file, "methods.0.strategy.1.copies=1"])
      #expect(own.map(\.strategy?.augmentedRows) == [nil, 3, 3, nil])
      #expect(zip(records, own).map { $0.id == $1.id } == [true, false, false, true])
      // Of held-back rows there are no copies by rules.
      let held = try Self.run(root, into: "held", [limit, "training.validation_fraction=0.5", "training.epochs=10"])
      #expect(held[1].costs.steps == (1.2 * 10 * (9.0 / 2).rounded(.up)).rounded(.up))
    }
    try Self.withConfig(#"{"name": "lora", "rank": 2}"#) { root in
      let error = try #require(throws: DocumentError.self) {
        _ = try Self.run(root, into: "out", ["data.augment=c.json"])
      }
      #expect("\(error)".contains("no method has a strategy that takes further rows"))
    }
  }

  @Test("A strategy without anything to do is refused before anything is written") func refused() throws {
    try Self.withConfig(#"{"name": "lora", "rank": 2, "steps": 0, "strategy": "swa"}"#) { root in
      let error = try #require(throws: DocumentError.self) { _ = try Self.run(root, into: "out") }
      #expect("\(error)".contains("does nothing where nothing is trained"))
    }
    try Self.withConfig(#"{"name": "lora", "rank": 2}"#) { root in
      let record = try #require(try Self.run(root, into: "out").first)
      let error = try #require(throws: DocumentError.self) {
        _ = try Self.run(
          root, into: "again",
          [
            "methods.0.init_from=\(root)/out/runs/\(record.id)/adapter", "methods.0.steps=0",
            "methods.0.strategy=ensemble",
          ])
      }
      #expect("\(error)".contains("needs members"))
    }
  }
}

extension RunRecord.Strategy {
  fileprivate var json: JSONValue { recordJSON }
}
