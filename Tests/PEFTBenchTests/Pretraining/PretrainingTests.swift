import Foundation
import PEFTCore
import SmallWorld
import Testing

@testable import PEFTBench

@Suite("Pretraining") struct PretrainingTests {
  struct Stop: Error {}

  @Test("A tiny model learns more than the frequencies of tokens, and loads") func learns() throws {
    let tiny = try TinyPretraining()
    guard case .trained(let summary) = try tiny.run(tiny.configuration(), output: "out") else {
      Issue.record("nothing was trained")
      return
    }
    let json = try JSONParser.parse(DocumentText(name: "summary", bytes: Array(summary.json.compactText.utf8)))
    let loss = try #require(json["validation_loss"]?.number)
    let entropy = try #require(json["validation"]?["unigram_entropy"]?.number)
    #expect(loss < 0.75 * entropy, "validation loss \(loss), entropy \(entropy)")
    #expect(json["steps"]?.integer == 30)

    let names = try tiny.files("out").keys.sorted()
    #expect(
      names == [
        ".peft-bench", "README.md", "config.json", "generation_config.json", "history.jsonl", "model.safetensors",
        "pretraining.json", "tokenizer.json", "tokenizer_config.json",
      ])
    let files = try ModelFiles.open(tiny.path("out"))
    try files.checkWeights()
    #expect(try files.skeleton().parameterCount == json["parameters"]?.integer)
    #expect(files.endTokens == [4, 0])
    let settings = try files.tokenizerConfiguration()
    let template = try ChatTemplate(source: #require(settings.chatTemplates.first).source, name: "own")
    let renderer = try ChatRenderer(template: template, tokenizer: files.tokenizer(), configuration: settings)
    #expect(renderer.answerPrefix.isEmpty && renderer.answerEnd == "<|end|>" && renderer.endToken == 4)

    let card = try String(contentsOfFile: tiny.path("out/README.md"), encoding: .utf8)
    #expect(card.contains("| 30 |") && !card.contains("not measured"))
  }

  @Test("Threads change no byte, nor does an interruption, however it comes") func sameBytes() throws {
    let tiny = try TinyPretraining()
    let configuration = try tiny.configuration()
    try tiny.run(configuration, output: "whole")
    let expected = try tiny.files("whole")
    let unfinished = [".peft-bench", "checkpoint/training.safetensors", "history.jsonl"]
    try tiny.run(configuration, output: "threads", threads: 3)
    #expect(try tiny.files("threads") == expected)

    // Killed between two checkpoints (what a kill would leave is copied), then asked to stop, then left alone.
    #expect(throws: Stop.self) {
      try tiny.run(configuration, output: "other") { event in
        guard case .step(17, _, _, _) = event else { return }
        try FileManager.default.copyItem(atPath: tiny.path("other"), toPath: tiny.path("broken"))
        throw Stop()
      }
    }
    #expect(try tiny.files("broken").keys.sorted() == unfinished)
    let flag = CancellationFlag()
    var resumedFrom: Int?
    #expect(throws: Interruption.self) {
      try tiny.run(configuration, output: "broken", threads: 2, cancellation: flag) { event in
        if case .resumed(let step, _) = event { resumedFrom = step }
        if case .step(22, _, _, _) = event { flag.cancel() }
      }
    }
    #expect(resumedFrom == 14)
    #expect(try tiny.files("broken").keys.sorted() == unfinished)
    try tiny.run(configuration, output: "broken") { if case .resumed(let step, _) = $0 { resumedFrom = step } }
    #expect(resumedFrom == 22)
    #expect(try tiny.files("broken") == expected)
    // What a watcher throws is preceded by a checkpoint.
    try tiny.run(configuration, output: "other") { if case .resumed(let step, _) = $0 { resumedFrom = step } }
    #expect(resumedFrom == 17)
    #expect(try tiny.files("other") == expected)

    guard case .wasComplete = try tiny.run(configuration, output: "broken") else {
      Issue.record("a complete model was trained again")
      return
    }
    #expect(try tiny.files("broken") == expected)
  }

  @Test("Another config does not touch a model or a checkpoint, unless it is told to") func other() throws {
    let tiny = try TinyPretraining()
    let configuration = try tiny.configuration()
    let other = try tiny.configuration { $0.training.seed = 2 }
    #expect(throws: Stop.self) {
      try tiny.run(configuration, output: "a") { event in if case .step(8, _, _, _) = event { throw Stop() } }
    }
    let before = try tiny.files("a")
    let complaint = #expect(throws: FileError.self) { try tiny.run(other, output: "a") }
    #expect(complaint?.description.contains("--fresh") == true)
    #expect(try tiny.files("a") == before)
    try tiny.run(other, output: "a", fresh: true)
    #expect(throws: FileError.self) { try tiny.run(configuration, output: "a") }
    try tiny.run(other, output: "b")
    #expect(try tiny.files("a") == tiny.files("b"))
  }

  @Test("A damaged checkpoint, or one of an earlier form, ends the work until it is told to start over") func damaged()
    throws
  {
    let tiny = try TinyPretraining()
    let configuration = try tiny.configuration()
    let path = "a/checkpoint/training.safetensors"
    #expect(throws: Stop.self) {
      try tiny.run(configuration, output: "a") { event in if case .step(8, _, _, _) = event { throw Stop() } }
    }
    let whole = try #require(FileManager.default.contents(atPath: tiny.path(path)))
    try whole.dropLast().write(to: URL(filePath: tiny.path(path)))
    let error = #expect(throws: FileError.self) { try tiny.run(configuration, output: "a") }
    #expect(error?.description.hasSuffix("--fresh starts over") == true, "\(error?.description ?? "")")
    #expect(try tiny.files("a")[String(path.dropFirst(2))] == whole.dropLast())
    try FileManager.default.moveItem(
      atPath: tiny.path(path), toPath: tiny.path("a/checkpoint/step-000000008.safetensors"))
    let old = #expect(throws: FileError.self) { try tiny.run(configuration, output: "a") }
    #expect(old?.description.contains("an earlier version") == true)
    try tiny.run(configuration, output: "a", fresh: true)
    #expect(try tiny.files("a")["model.safetensors"] != nil)
  }

  @Test("A loss that is not finite ends the training with its step, and the checkpoint stays") func diverging() throws {
    let tiny = try TinyPretraining()
    let configuration = try tiny.configuration {
      $0.training.learningRate = 1000
      $0.training.maximumGradientNorm = 0
      $0.training.warmupSteps = 12
    }
    let failure = #expect(throws: TrainingFailure.self) { try tiny.run(configuration, output: "out") }
    let step = try #require(failure?.description.firstMatch(of: /step (\d+)/).flatMap { Int($0.1) })
    #expect(step > 1)
    let files = try tiny.files("out").keys.filter { $0.hasPrefix("checkpoint/") }
    #expect(files == (step > 7 ? ["checkpoint/training.safetensors"] : []))
    #expect(failure?.description.hasSuffix(step > 7 ? files[0] : "there is no checkpoint yet") == true)
    #expect(!FileManager.default.fileExists(atPath: tiny.path("out/model.safetensors")))
  }

  @Test("Conversations are encoded as the chat template renders them, and only answers may count") func chat() throws {
    let tiny = try TinyPretraining()
    try tiny.run(tiny.configuration { $0.training.tokens = 400 }, output: "out")
    let files = try ModelFiles.open(tiny.path("out"))
    let tokenizer = try files.tokenizer()
    let template = try ChatTemplate(source: MiniChat.template, name: "mini")
    let messages = [
      ChatMessage(role: "system", content: "Be brief."), ChatMessage(role: "user", content: " 3 + 4?\n"),
      ChatMessage(role: "assistant", content: "7"),
    ]
    let rendered = try template.render(messages: messages, addGenerationPrompt: false)
    #expect(rendered == "<|system|>Be brief.<|end|><|user|> 3 + 4?\n<|end|><|assistant|>7<|end|>")
    let all = DocumentEncoder(tokenizer: tokenizer, lossTokens: .all).encode(.conversation(messages))
    #expect(all.tokens == tokenizer.encode(rendered, addSpecialTokens: false))
    #expect(all.isTarget.allSatisfy { $0 } && all.isTarget.count == all.tokens.count)
    let answers = DocumentEncoder(tokenizer: tokenizer, lossTokens: .completions).encode(.conversation(messages))
    #expect(answers.tokens == all.tokens)
    #expect(answers.isTarget == all.tokens.indices.map { $0 >= all.tokens.count - 2 })
    let prose = DocumentEncoder(tokenizer: tokenizer, lossTokens: .completions).encode(.prose("Tom"))
    #expect(prose.tokens.last == 0 && prose.isTarget.allSatisfy { $0 })
  }

  @Test("A batch holds every piece once, in shards of much the same size") func batch() {
    let pieces = (0..<50).map { index in
      let count = 1 + index * 7 % 19
      return EncodedDocument(
        tokens: (0..<count).map { Int32(100 * index + $0) }, isTarget: (0..<count).map { ($0 + index) % 3 > 0 })
    }
    let batch = PretrainingBatch(pieces, shards: 4)
    #expect(batch.shards.count == 4 && batch.tokenCount == pieces.reduce(0) { $0 + $1.tokens.count })
    var found: [[Int32]] = []
    var targets: [Int32] = []
    for part in batch.shards.flatMap(\.self) {
      for segment in part.forest.segments {
        guard case .tokens(let tokens) = segment.content else { continue }
        #expect(segment.parent == nil && segment.position == 0)
        found.append(tokens)
      }
      let rows = part.forest.segments.flatMap { segment -> [Int32] in
        if case .tokens(let tokens) = segment.content { tokens } else { [] }
      }
      for label in part.labels {
        #expect(rows[label.row] + 1 == label.target)
        #expect(label.weight == 1 / Float(batch.labelCount))
        targets.append(label.target)
      }
    }
    #expect(found == pieces.map(\.tokens))
    #expect(
      targets
        == pieces.flatMap { piece in zip(piece.tokens, piece.isTarget).dropFirst().filter(\.1).map(\.0) })
    for shard in batch.shards {
      let tokens = shard.reduce(0) { $0 + $1.forest.rowCount }
      #expect(abs(tokens - batch.tokenCount / 4) <= 20)
    }
    let long = EncodedDocument(tokens: Array(0..<45), isTarget: [Bool](repeating: true, count: 45)).pieces(of: 20)
    #expect(long.map(\.tokens.count) == [20, 20, 5] && long.flatMap(\.tokens) == Array(0..<45))
  }

  @Test("Held-out documents are never trained on; each time around has its own order") func order() {
    var order = DocumentOrder(count: 30, heldOut: 7, seeds: SeedStream(5))
    let validation = Set(order.validation)
    #expect(validation.count == 7)
    let rounds = (0..<3).map { order.training($0 * 23..<($0 + 1) * 23) }
    for round in rounds { #expect(Set(round) == Set(0..<30).subtracting(validation)) }
    #expect(rounds[0] != rounds[1] && rounds[1] != rounds[2])
    #expect(order.training(40..<50) == Array((rounds[1] + rounds[2])[17..<27]))

    var endless = DocumentOrder(count: nil, heldOut: 4, seeds: SeedStream(5))
    #expect(endless.training(10..<13) == [10, 11, 12])
    #expect(endless.validation.allSatisfy { $0 > 1 << 32 } && Set(endless.validation).count == 4)
  }
}
