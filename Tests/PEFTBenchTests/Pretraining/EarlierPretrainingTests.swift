import Foundation
import PEFTCore
import Testing

@testable import PEFTBench

@Suite("Pretraining that goes on from a model") struct EarlierPretrainingTests {
  private func first(_ tiny: TinyPretraining) throws -> PretrainingConfiguration {
    try tiny.run(tiny.configuration(), output: "first")
    return try tiny.configuration {
      $0.from = tiny.path("first")
      $0.training.tokens = 4000
      $0.training.learningRate = 0.005
    }
  }

  private func losses(_ tiny: TinyPretraining, _ output: String) throws -> [Double] {
    try String(contentsOfFile: tiny.path("\(output)/history.jsonl"), encoding: .utf8).split(separator: "\n").compactMap
    {
      try JSONParser.parse(DocumentText(name: "", bytes: Array($0.utf8)))["loss"]?.number
    }
  }

  @Test("It begins where the model stopped, with its vocabulary and its sizes") func goesOn() throws {
    let tiny = try TinyPretraining()
    let configuration = try first(tiny)
    guard case .trained(let summary) = try tiny.run(configuration, output: "second") else {
      Issue.record("nothing was trained")
      return
    }
    let (before, after) = (try tiny.files("first"), try tiny.files("second"))
    for name in ["tokenizer.json", "tokenizer_config.json", "generation_config.json", "config.json"] {
      #expect(after[name] == before[name], "\(name)")
    }
    #expect(after["model.safetensors"] != before["model.safetensors"])
    let earlier = try losses(tiny, "first")
    let begun = try #require(try losses(tiny, "second").first)
    #expect(begun < 0.5 * (earlier.first ?? 0) && begun < 1.3 * (earlier.last ?? 0), "\(earlier), then \(begun)")
    #expect(summary.json["from"]?["name"] == "first")
    #expect(summary.json["config"]?["model"] == (try tiny.configuration().json["model"]))
    let card = try String(contentsOfFile: tiny.path("second/README.md"), encoding: .utf8)
    #expect(card.contains("made it out of `first` (SHA-256 ") && !card.contains("from scratch"))
    let estimate = try Pretrainer(configuration, context: ComputeContext(threads: 1)).estimate()
    #expect(JSONValue(estimate.parameterCount) == summary.json["parameters"])
  }

  @Test("A rate of zero leaves every weight as it was") func unchanged() throws {
    let tiny = try TinyPretraining()
    var configuration = try first(tiny)
    configuration.training.learningRate = 0
    try tiny.run(configuration, output: "second")
    #expect(try tiny.files("second")["model.safetensors"] == tiny.files("first")["model.safetensors"])
  }

  @Test("With a share of the start, the mean of before and after is written") func mean() throws {
    let tiny = try TinyPretraining()
    var configuration = try first(tiny)
    try tiny.run(configuration, output: "second")
    configuration.training.startShare = 0.25
    guard case .trained(let summary) = try tiny.run(configuration, output: "mean") else {
      Issue.record("nothing was trained")
      return
    }
    let files = try ["first", "second", "mean"].map {
      try SafetensorsCheckpoint.open(file: tiny.path("\($0)/\(SafetensorsCheckpoint.fileName)"))
    }
    var differences = 0
    for tensor in files[0].tensors {
      let values = try files.map { try $0.tensor(named: tensor.name).floats() }
      for index in values[0].indices {
        let (before, after) = (values[0][index], values[1][index])
        // Both files are rounded to bfloat16, whose significand has eight bits.
        let bound = (abs(before) + abs(after)) / 256
        try #require(abs(values[2][index] - (0.25 * before + 0.75 * after)) <= bound, "\(tensor.name)[\(index)]")
        differences += abs(before - after) > 4 * bound ? 1 : 0
      }
    }
    #expect(differences > 100)
    #expect(summary.json["config"]?["training"]?["start_share"] == 0.25)
    // The mean is taken when all steps are done.
    #expect(try losses(tiny, "mean") == losses(tiny, "second"))
  }

  @Test("Threads change no byte, nor does an interruption; another model is another training") func sameBytes() throws {
    let tiny = try TinyPretraining()
    let configuration = try first(tiny)
    try tiny.run(configuration, output: "whole")
    #expect(throws: PretrainingTests.Stop.self) {
      try tiny.run(configuration, output: "parts", threads: 3) {
        if case .step(8, _, _, _) = $0 { throw PretrainingTests.Stop() }
      }
    }
    try tiny.run(configuration, output: "parts", threads: 2)
    #expect(try tiny.files("parts") == tiny.files("whole"))
    try tiny.run(tiny.configuration { $0.training.seed = 2 }, output: "first", fresh: true)
    #expect(throws: FileError.self) { try tiny.run(configuration, output: "whole") }
  }

  @Test("A folder whose files do not belong together is refused before anything is written") func refused() throws {
    let tiny = try TinyPretraining()
    let configuration = try first(tiny)
    func complaint(_ change: () throws -> Void) throws -> String {
      let files = try tiny.files("first")
      try change()
      defer { for (name, data) in files { try? data.write(to: URL(filePath: tiny.path("first/\(name)"))) } }
      let error = #expect(throws: (any Error).self) { try tiny.run(configuration, output: "second") }
      #expect(!FileManager.default.fileExists(atPath: tiny.path("second/model.safetensors")))
      return error.map { "\($0)" } ?? ""
    }
    func edit(_ name: String, _ old: String, _ new: String) throws {
      let path = tiny.path("first/\(name)")
      let text = try String(contentsOfFile: path, encoding: .utf8)
      try #require(text.contains(old))
      try text.replacing(old, with: new).write(toFile: path, atomically: true, encoding: .utf8)
    }
    let edited = try complaint { try edit("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1") }
    #expect(edited.contains("config.json") && edited.contains("is not what pretraining.json beside it describes"))
    let both = try complaint {
      try edit("config.json", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1")
      try edit("pretraining.json", "\"layers\": 2", "\"layers\": 1")
    }
    #expect(both.contains("is no weight of this model"))
    let renamed = try complaint { try edit("tokenizer.json", "<|user|>", "<|person|>") }
    #expect(renamed.contains("tokenizer.json") && renamed.contains("<|user|> of the chat format has no id, expected 2"))
    let described = try JSONParser.parse(file: tiny.path("first/config.json")).value
    let size = try #require(described["vocab_size"]?.integer)
    let larger = try complaint {
      try edit("config.json", "\"vocab_size\": \(size)", "\"vocab_size\": \(size + 1)")
      try edit(
        "pretraining.json", "\"vocabulary_size\": \(size),\n  \"steps", "\"vocabulary_size\": \(size + 1),\n  \"steps")
    }
    #expect(larger.contains("has \(size) tokens, but pretraining.json beside it tells of \(size + 1)"))
    let foreign = try complaint { try FileManager.default.removeItem(atPath: tiny.path("first/pretraining.json")) }
    #expect(foreign.contains("it is no model that was pretrained here"))
    let same = #expect(throws: FileError.self) { try tiny.run(configuration, output: "second/../first", fresh: true) }
    #expect(same?.description.contains("is the model to go on from") == true)
    var long = configuration
    long.training.sequenceLength = 65
    let tooLong = #expect(throws: FileError.self) { try Pretrainer(long, context: ComputeContext(threads: 1)) }
    #expect(tooLong?.description.contains("65 tokens do not fit") == true)
  }
}
