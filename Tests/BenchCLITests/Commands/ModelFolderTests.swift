import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

/// Models whose files do not fit each other, or say less than a run needs: an error with the place, never a trap.
@Suite("Models whose files do not fit") struct ModelFolderTests {
  /// A folder with the tiny Llama of 96 tokens and a tokenizer of 641.
  private func folder(in workspace: Workspace, _ settings: String = #"{"eos_token": "<|endoftext|>"}"#) throws {
    let model = GoldenFixture("models/llama")
    for name in ["config.json", "model.safetensors"] {
      try workspace.write([UInt8](Data(contentsOf: model.url(name))), to: "m/\(name)")
    }
    try workspace.write(
      [UInt8](Data(contentsOf: GoldenFixture("tokenizers").url("gpt2.json"))), to: "m/tokenizer.json")
    try workspace.write(settings, to: "m/tokenizer_config.json")
  }

  @Test("A token beyond the vocabulary ends no command by a trap, and a sweep before it has begun") func beyond() throws
  {
    let workspace = try Workspace()
    try folder(in: workspace)
    func complaint(_ result: SpawnedProgram.Result, _ place: String) {
      #expect(result.status == 2 && result.output.isEmpty, "\(result)")
      #expect(result.diagnostics.contains("\(place): the token "), "\(result.diagnostics)")
      #expect(result.diagnostics.contains("the model's vocabulary has 96 entries"), "\(result.diagnostics)")
    }
    let pair = #"{"prompt": "!", "completion": " committee"}"# + "\n"
    complaint(try workspace.run("score", "--model", "m", input: pair), "standard input:1:31")
    complaint(try workspace.run("generate", "--model", "m", input: "committee\n"), "standard input:1:1")
    complaint(try workspace.run("generate", "--model", "m", "--chat", input: "committee\n"), "standard input:1:1")
    let ids = #"{"ids": [1, 96], "from": 1}"# + "\n"
    let numbers = try workspace.run("score", "--model", "m", input: ids)
    #expect(
      numbers.status == 2 && numbers.diagnostics.contains("found id 96, but the model's vocabulary has 96 entries"))
    // Tokens that the model knows are scored as ever.
    #expect(
      try workspace.run("score", "--model", "m", input: #"{"prompt": "!", "completion": "!"}"# + "\n").status == 0)
    try workspace.write(
      Workspace.configuration(model: "m", datasets: #"["sst2"]"#), to: "config.json")
    for command in ["run", "plan"] {
      let result = try workspace.run(command, "config.json")
      #expect(result.status == 2 && result.diagnostics.contains("sst2, training row 1: the token "), "\(result)")
    }
    let text = try workspace.run(
      "run", "config.json", "--set", #"methods=[{"name": "prompt-tuning", "init": "text", "init_text": "committee"}]"#)
    #expect(text.status == 2, "\(text)")
  }

  @Test("Without an end of text a run is refused, while score, tokenize and generate work") func noEnd() throws {
    let workspace = try Workspace()
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Workspace.model)))
    let key = Array("tokenizer.ggml.eos_token_id".utf8)
    let place = try #require(bytes.indices.first { bytes[$0...].starts(with: key) })
    bytes[place + key.count - 1] = UInt8(ascii: "x")
    try workspace.write(bytes, to: "m.gguf")
    // Its template ends answers by a token of its own; the plain form knows none.
    let config = Workspace.configuration(model: #"m.gguf", "template": "plain"#, datasets: #"["sst2"]"#)
    try workspace.write(config, to: "config.json")
    for command in ["run", "plan"] {
      let result = try workspace.run(command, "config.json")
      #expect(result.status == 2 && result.diagnostics.contains("nothing ends an answer"), "\(result)")
    }
    let preview = try workspace.run("data", "preview", "sst2", "--config", "config.json")
    #expect(preview.status == 0 && preview.diagnostics.contains("a run with it is refused"), "\(preview)")
    let pair = #"{"prompt": "a", "completion": "b"}"# + "\n"
    #expect(try workspace.run("score", "--model", "m.gguf", input: pair).status == 0)
    #expect(try workspace.run("tokenize", "--model", "m.gguf", input: "a\n").output == "[97]\n")
    let text = try workspace.run("generate", "--model", "m.gguf", "--max-new-tokens", "3", input: "a\n")
    #expect(text.status == 0 && text.output.hasPrefix(#"{"text":"#), "\(text)")
    // With the template, the token that it ends a turn with is the end.
    try workspace.write(Workspace.configuration(model: "m.gguf", datasets: #"["sst2"]"#), to: "config.json")
    #expect(try workspace.run("plan", "config.json").status == 0)
  }

  @Test("The end of text comes from generation_config.json, then config.json, where the tokenizer's files name none")
  func endElsewhere() throws {
    let workspace = try Workspace()
    try folder(in: workspace, "{}")
    func end() throws -> String {
      let result = try workspace.run(
        "data", "preview", "sst2", "--root", "data", "--model", "m", "--limit", "1", "--json")
      #expect(result.status == 0, "\(result)")
      return try #require(try Workspace.json(result.output)["answer"]?.string)
    }
    // The tiny Llama's config.json has the end token 2.
    let tokenizer = try ModelFiles.open(workspace.path("m")).tokenizer()
    #expect(try end() == " positive" + (try #require(tokenizer.token(for: 2))))
    try workspace.write(#"{"eos_token_id": [0, 5]}"#, to: "m/generation_config.json")
    #expect(try end() == " positive<|endoftext|>")
    try workspace.write(#"{"eos_token": "!"}"#, to: "m/special_tokens_map.json")
    #expect(try end() == " positive!")
    try workspace.write(#"{"eos_token": "?", "added_tokens_decoder": {}}"#, to: "m/tokenizer_config.json")
    #expect(try end() == " positive?")
  }

  @Test("Of several chat templates without a default one has to be named") func namedTemplates() throws {
    let workspace = try Workspace()
    let message = "{% for m in messages %}<|endoftext|>{{ m['content'] }}{% endfor %}<|endoftext|>"
    let list = ["rag", "tool_use"].map { #"{"name": "\#($0)", "template": "\#($0)\#(message)"}"# }
    try folder(in: workspace, #"{"eos_token": "<|endoftext|>", "chat_template": [\#(list.joined(separator: ", "))]}"#)
    let arguments = ["data", "preview", "sst2", "--root", "data", "--model", "m", "--limit", "1", "--json"]
    let unclear = try workspace.run(arguments: arguments)
    #expect(unclear.status == 2 && unclear.diagnostics.contains("rag, tool_use"), "\(unclear)")
    let named = try workspace.run(arguments: arguments + ["--template", "tool_use"])
    #expect(named.status == 0 && named.output.contains(#""prompt":"tool_use"#), "\(named)")
    let wrong = try workspace.run(arguments: arguments + ["--template", "tool_uze"])
    #expect(wrong.status == 2, "\(wrong)")
  }

  @Test("tokenize needs a tokenizer and nothing else") func tokenizerAlone() throws {
    let workspace = try Workspace()
    try folder(in: workspace)
    let whole = try workspace.run("tokenize", "--model", "m", input: "Hello world\n")
    #expect(whole.status == 0 && whole.output.hasPrefix("["))
    for name in ["config.json", "model.safetensors"] {
      try FileManager.default.removeItem(atPath: workspace.path("m/\(name)"))
    }
    #expect(try workspace.run("tokenize", "--model", "m", input: "Hello world\n").output == whole.output)
    let json = try workspace.json(file: "m/tokenizer.json")
    try workspace.write(JSONValue(try #require(json["model"]?["vocab"])).compactText, to: "v/vocab.json")
    let merges = try #require(json["model"]?["merges"]?.array).map { merge in
      merge.string ?? (merge.array ?? []).compactMap(\.string).joined(separator: " ")
    }
    try workspace.write(merges.joined(separator: "\n"), to: "v/merges.txt")
    #expect(try workspace.run("tokenize", "--model", "v", input: "Hello world\n").output == whole.output)
    let nothing = try workspace.run("tokenize", "--model", "data", input: "a\n")
    #expect(nothing.status == 2 && nothing.output.isEmpty)
  }

  @Test("What ranking compares is the probability of the whole trained answer, its end included") func ranking() throws
  {
    let workspace = try Workspace()
    let tones = """
      [{"name": "tones", "files": {"train": "data/sst2/train.jsonl", "validation": "data/sst2/validation.jsonl"},
        "prompt": "{sentence}?", "answer": "label", "labels": {"0": "g", "1": "good"}}]
      """
    try workspace.write(
      Workspace.configuration(
        methods: #"["ia3"]"#, datasets: tones,
        evaluation: #", "mode": "rank", "zero_shot": true"#), to: "config.json")
    let run = try workspace.run("run", "config.json", "-o", "out")
    #expect(run.status == 0, "\(run)")
    let runs = try FileManager.default.contentsOfDirectory(atPath: workspace.path("out/runs"))
    let zero = try #require(
      try runs.first { try workspace.json(file: "out/runs/\($0)/record.json")["method"]?["name"]?.string == "none" })
    let lines = try String(
      contentsOf: URL(fileURLWithPath: workspace.path("out/runs/\(zero)/predictions.jsonl")), encoding: .utf8)
    let predictions = try lines.split(separator: "\n").map {
      try #require(Workspace.json(String($0))["predict"]?.string)
    }
    // The same by hand: each choice's ids after each prompt's, scored one by one.
    let preview = try workspace.run(
      "data", "preview", "tones", "--config", "config.json", "--split", "validation", "--limit", "9", "--json")
    let prompts = try preview.output.split(separator: "\n").map {
      try #require(Workspace.json(String($0))["prompt_ids"]?.array).compactMap(\.integer)
    }
    #expect(prompts.count == predictions.count && prompts.count == 9)
    let renderer = try ModelFiles.open(Workspace.model).tokenizer()
    let choices = ["g", "good"].map { renderer.encode("\($0)<|end|>", addSpecialTokens: false).map(Int.init) }
    for (prompt, predicted) in zip(prompts, predictions) {
      let values = try choices.map { choice in
        let ids = (prompt + choice).map(String.init).joined(separator: ", ")
        let result = try workspace.run(
          "score", "--model", Workspace.model, input: "{\"ids\": [\(ids)], \"from\": \(prompt.count)}\n")
        return try #require(Workspace.json(result.output)["logprob"]?.number)
      }
      #expect(predicted == (values[0] >= values[1] ? "g" : "good"), "\(values)")
    }
  }
}
