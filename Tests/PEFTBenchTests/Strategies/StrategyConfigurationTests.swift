import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench

@Suite("Strategies and seeds in a config") struct StrategyConfigurationTests {
  private static func configuration(_ training: String, methods: String = #"["lora"]"#, more: String = "") throws
    -> RunConfiguration
  {
    let text = #"{"model": ".", "methods": \#(methods), "training": \#(training)\#(more)}"#
    return try RunConfiguration(try ConfigFile.read(DocumentText(name: "test", bytes: Array(text.utf8))))
  }

  private static func strategy(_ text: String) throws -> TrainingStrategy {
    try configuration(#"{"strategy": \#(text)}"#).methods[0].training.strategy
  }

  @Test(
    "A name or an object names a strategy; what it says is read back from its own form", arguments: TrainingStrategy.all
  )
  func names(strategy: TrainingStrategy) throws {
    #expect(try Self.strategy(#""\#(strategy.name)""#) == strategy)
    #expect(try Self.strategy(#"{"name": "\#(strategy.name)"}"#) == strategy)
    #expect(try Self.strategy(strategy.json.compactText) == strategy)
    #expect(strategy.label == strategy.name)
  }

  @Test("All of the issue's strategies have a name") func list() {
    let names = TrainingStrategy.all.map(\.name)
    #expect(
      names == [
        "default", "best-practices", "ensemble", "noise-input", "noise-weights", "swa", "ema", "mixout", "prior-noise",
        "augmentation", "all-data", "ni", "de", "deni", "deni+augmentation",
      ])
  }

  @Test("Options that are not the default stand in the label, and change what is written") func options() throws {
    let deni = try Self.strategy(#"{"name": "deni", "members": 4, "split_steps": 7, "optimizer": "copied"}"#)
    guard case .members(let phases) = deni else { throw StrategyTraining.Stop() }
    #expect(phases.members == 4 && phases.splitSteps == 7 && phases.mergeSteps == nil && phases.optimizer == .copied)
    #expect(deni.label == #"deni[members=4,split_steps=7,optimizer="copied"]"#)
    #expect(try Self.strategy(deni.json.compactText) == deni)
    #expect(try Self.strategy(#"{"name": "deni", "variance": 0.15}"#).label == "deni")
  }

  @Test("A number of members that is given is told from the default, and is no other training")
  func givenMembers() throws {
    for name in ["ensemble", "ni", "de", "deni", "deni+augmentation"] {
      let unsaid = try Self.strategy(#""\#(name)""#)
      let given = try Self.strategy(#"{"name": "\#(name)", "members": 10}"#)
      #expect(unsaid.memberCount == MemberCount() && given.memberCount == MemberCount(10) && unsaid != given)
      #expect(unsaid.label == given.label && unsaid.canonical == given.canonical)
      #expect(unsaid.canonical["members"] == 10 && unsaid.json["members"] == nil && given.json["members"] == 10)
      #expect(try Self.strategy(given.json.compactText) == given && Self.strategy(unsaid.json.compactText) == unsaid)
    }
    #expect(try Self.strategy(#""swa""#).memberCount == nil)
    // The resolved config is what workers read: they must not find a wish that nobody had.
    let configuration = try Self.configuration(
      #"{"strategy": "ensemble"}"#,
      methods: #"["ia3", {"name": "lora", "strategy": {"name": "ensemble", "members": 10}}]"#)
    let text = configuration.resolvedJSON.compactText
    let again = try RunConfiguration(try ConfigFile.read(DocumentText(name: "again", bytes: Array(text.utf8))))
    for read in [configuration, again] {
      #expect(read.methods.map(\.training.strategy.memberCount?.given) == [nil, 10])
    }
    let twice = #"{"strategy": ["ensemble", {"name": "ensemble", "members": 10}]}"#
    let error = try #require(throws: DocumentError.self) { _ = try Self.configuration(twice) }
    #expect("\(error)".contains("the same as"), "\(error)")
  }

  @Test("A list is a grid, and a method's own strategy wins, plain steps included") func grid() throws {
    let grid = try Self.configuration(#"{"strategy": ["default", {"name": "deni", "members": 3}]}"#)
    #expect(grid.methods.map(\.label) == ["lora (strategy=default)", "lora (strategy=deni[members=3])"])
    let own = try Self.configuration(
      #"{"strategy": "swa"}"#, methods: #"["ia3", {"name": "lora", "strategy": "default"}]"#)
    #expect(own.methods.map(\.training.strategy.name) == ["swa", "default"])
    for configuration in [grid, own] {
      let text = configuration.resolvedJSON.compactText
      let again = try RunConfiguration(try ConfigFile.read(DocumentText(name: "again", bytes: Array(text.utf8))))
      #expect(again.methods.map(\.training) == configuration.methods.map(\.training))
      #expect(again.resolvedJSON == configuration.resolvedJSON)
    }
  }

  @Test("Plain steps leave no trace in what is written") func plain() throws {
    for training in ["{}", #"{"strategy": "default"}"#] {
      let configuration = try Self.configuration(training)
      #expect(!configuration.resolvedJSON.compactText.contains("strategy"))
      #expect(configuration.methods[0].training.resultJSON["strategy"] == nil)
    }
  }

  @Test(
    "A wrong strategy is refused at its place, with the nearest name",
    arguments: [
      (#""denni""#, #"did you mean "deni""#), (#"{"members": 3}"#, "name: missing"), ("3", "a name or an object"),
      (#"{"name": "deni", "member": 3}"#, #"did you mean "members""#),
      (#"{"name": "swa", "members": 3}"#, "unknown key in strategy swa"),
      (#"{"name": "deni", "members": 0}"#, "from 1"),
      (
        #"{"name": "ni", "start_noise": 0.95, "end_noise": 0.9}"#,
        "end_noise: 0.9 is before start_noise, 0.95; expected an end_noise from 0.95 to 1"
      ),
      (
        #"{"name": "noise-input", "start": 0.95}"#,
        "end: 0.9, its default, is before start, 0.95; expected an end from 0.95 to 1"
      ), (#"{"name": "noise-weights", "end": 0}"#, "end: 0 is before start, by default "),
      (#"{"name": "mixout", "probability": 1}"#, "1"),
    ])
  func errors(text: String, part: String) throws {
    let error = try #require(throws: DocumentError.self) { _ = try Self.strategy(text) }
    #expect("\(error)".contains("strategy") && "\(error)".contains(part), "\(error)")
  }

  @Test("Best practices are AdamW, a warm-up and a linear decay over twice the training") func bestPractices() throws {
    let training = try Self.configuration(
      #"{"strategy": "best-practices", "epochs": 3, "scheduler": "constant", "optimizer": "sgd", "warmup_steps": 3}"#
    ).methods[0].training.underStrategy
    #expect(training.epochs == 6 && training.optimizer == .adamw && training.scheduler == .linear)
    #expect(training.warmupRatio == 0.1 && training.warmupSteps == nil)
    let steps = try Self.configuration(#"{"strategy": "best-practices", "steps": 15}"#).methods[0].training
    #expect(steps.underStrategy.steps == 30)
  }

  @Test(
    "A list of what a strategy replaces makes the same run twice, and is refused",
    arguments: [
      (#""scheduler": ["linear", "cosine"], "strategy": "best-practices""#, "scheduler", "best-practices"),
      (#""warmup_ratio": [0, 0.2], "strategy": "best-practices""#, "warmup_ratio", "best-practices"),
      (#""warmup_steps": [1, 2], "strategy": "best-practices""#, "warmup_steps", "best-practices"),
      (#""optimizer": ["adamw", "sgd"], "strategy": "best-practices""#, "optimizer", "best-practices"),
      (#""keep_best": [true, false], "strategy": "swa""#, "keep_best", "swa"),
      (#""keep_best": [true, false], "strategy": ["default", "deni"]"#, "keep_best", "deni"),
    ])
  func replacedGrid(training: String, key: String, strategy: String) throws {
    let error = try #require(throws: DocumentError.self) { _ = try Self.configuration("{\(training)}") }
    #expect("\(error)".contains("\(key) changes no number beside strategy: \(strategy)"), "\(error)")
  }

  @Test("One value of what some strategy replaces is taken, and so is a list of it that an entry's strategy undoes")
  func replacedDefaults() throws {
    for (training, methods, count) in [
      (
        #"{"scheduler": "linear", "keep_best": true, "strategy": ["default", "best-practices", "swa"]}"#, #"["lora"]"#,
        3
      ),
      (#"{"scheduler": ["linear", "cosine"]}"#, #"["ia3", {"name": "lora", "strategy": "best-practices"}]"#, 3),
      (#"{"keep_best": [true, false]}"#, #"["ia3", {"name": "lora", "strategy": ["default", "swa"]}]"#, 5),
      (#"{"epochs": [1, 2], "strategy": "best-practices"}"#, #"["lora"]"#, 2),
      (#"{"optimizer": "sgd", "momentum": 0.9, "strategy": ["default", "best-practices"]}"#, #"["lora"]"#, 2),
    ] {
      let configuration = try Self.configuration(training, methods: methods)
      #expect(configuration.methods.count == count, "\(training)")
      let text = configuration.resolvedJSON.compactText
      let again = try RunConfiguration(try ConfigFile.read(DocumentText(name: "again", bytes: Array(text.utf8))))
      #expect(again.methods.map(\.training) == configuration.methods.map(\.training), "\(training)")
    }
  }

  @Test("A momentum beside a strategy that trains by AdamW is refused") func replacedMomentum() throws {
    let momentum = #""optimizer": "sgd", "momentum": 0.9"#
    let expected = "momentum: belongs to optimizer: sgd, which strategy: best-practices replaces by adamw; leave it out"
    for (training, methods) in [
      (#"{\#(momentum), "strategy": "best-practices"}"#, #"["lora"]"#),
      (#"{\#(momentum)}"#, #"[{"name": "lora", "strategy": "best-practices"}]"#),
      ("{}", #"["ia3", {"name": "lora", \#(momentum), "strategy": "best-practices"}]"#),
    ] {
      let error = try #require(throws: DocumentError.self) { _ = try Self.configuration(training, methods: methods) }
      #expect("\(error)".contains(expected), "\(error)")
    }
  }

  @Test("A quick look holds all training rows to its limit, and leaves other strategies alone") func quickLook() throws
  {
    var configuration = try Self.configuration(
      #"{"strategy": ["default", "all-data", {"name": "all-data", "rows": 3}, "swa"]}"#)
    let before = configuration.methods.map(\.training.strategy)
    configuration.limitStrategies(toRows: 8)
    let after = configuration.methods.map(\.training.strategy)
    #expect(after == [before[0], .allData(rows: 8), .allData(rows: 3), before[3]])
    let text = configuration.resolvedJSON.compactText
    let again = try RunConfiguration(try ConfigFile.read(DocumentText(name: "again", bytes: Array(text.utf8))))
    #expect(again.methods.map(\.training.strategy) == after)
  }

  // MARK: - Seeds

  private static func seeds(_ text: String, data: String = "{}") throws -> [RunSeeds] {
    try configuration("{}", more: #", "seeds": \#(text), "data": \#(data)"#).seeds
  }

  @Test("Seeds of each source are combined, and written so that they read back") func sources() throws {
    #expect(try Self.seeds("[1, 2]") == [1, 2])
    let seeds = try Self.seeds(
      #"{"initialization": [1, 2], "order": [3, 4], "dropout": 5}"#, data: #"{"sample_seed": 7}"#)
    #expect(seeds.map(\.sources) == [[1, 3, 5, 7], [1, 4, 5, 7], [2, 3, 5, 7], [2, 4, 5, 7]])
    #expect(seeds[0].number == 1_003_005_007 && Set(seeds.map(\.number)).count == 4)
    #expect(try Self.seeds(seeds.json.compactText).map(\.sources) == seeds.map(\.sources))
    let large = try Self.seeds(#"{"initialization": [1, 12345], "sample": [0, 2000]}"#)
    #expect(Set(large.map(\.number)).count == 4)
    for (text, data) in [
      (#"{"initialization": []}"#, "{}"), (#"{"order": [1, 1]}"#, "{}"), (#"{"shuffle": 1}"#, "{}"),
      (#"{"sample": 1}"#, #"{"sample_seed": 1}"#), ("[]", "{}"), ("[1, 1]", "{}"),
    ] { #expect(throws: DocumentError.self) { try Self.seeds(text, data: data) } }
  }

  @Test("A seed for all sources draws as it always did, and each source moves its own draws alone") func streams() {
    let stream = SeedStream(42)
    func bits(_ seeds: TrainingSeeds) -> [UInt64] {
      [seeds.initialization, seeds.order, seeds.dropout, seeds.validation].map { $0.bits(at: 0) }
    }
    let plain = bits(TrainingSeeds(42))
    #expect(
      plain == [stream.child("initialization"), stream, stream, stream.child("validation")].map { $0.bits(at: 0) })
    #expect(bits(TrainingSeeds(stream)) == plain)
    #expect(bits(TrainingSeeds(RunSeeds(sources: [42, 42, 42, 42]))) == plain)
    for source in 0..<4 {
      var sources = [42, 42, 42, 42]
      sources[source] = 7
      let moved = zip(bits(TrainingSeeds(RunSeeds(sources: sources))), plain).map { $0 != $1 }
      #expect(moved == (0..<4).map { $0 == source })
    }
    // Members of an ensemble differ in all draws but in what is held back.
    let member = zip(bits(TrainingSeeds(42, member: 1)), plain).map { $0 != $1 }
    #expect(member == [true, true, true, false])
  }
}
