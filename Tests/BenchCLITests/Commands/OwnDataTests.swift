import Foundation
import PEFTCore
import Testing

@Suite("Runs on data of one's own") struct OwnDataTests {
  /// A config with one described dataset, whose rows are in `rows.jsonl`.
  private func workspace(
    _ members: String, rows: [String], training: String = "", evaluation: String = "", data: String = ""
  ) throws -> Workspace {
    let workspace = try Workspace()
    try workspace.write(rows.map { $0 + "\n" }.joined(), to: "rows.jsonl")
    let dataset = #"{"name": "own", "files": {"train": "rows.jsonl", "validation": "rows.jsonl"}, \#(members)}"#
    let text = Workspace.configuration(
      methods: #"["bitfit"]"#, datasets: "[\(dataset)]", data: data, training: training, evaluation: evaluation
    ).replacing("\"epochs\": 3", with: "\"steps\": 2")
    try workspace.write(text, to: "own.json")
    return workspace
  }

  @Test("A label of 24 characters is scored; the published protocol's score is absent with its reason")
  func longLabel() throws {
    let labels = #""prompt": "{q}", "answer": "a", "labels": ["card_payment_fee_charged", "card_arrival"]"#
    let workspace = try workspace(
      labels, rows: [#"{"q": "a", "a": 0}"#, #"{"q": "b", "a": 1}"#, #"{"q": "c", "a": "1"}"#],
      evaluation: #", "zero_shot": false"#)
    let result = try workspace.run("run", "own.json", "-o", "out", "--quiet")
    #expect(result.status == 0, "\(result.diagnostics)")
    let record = try #require(try workspace.records("out").values.first)
    #expect(record["scores"]?["accuracy"]?.number != nil)
    #expect(record["scores"]?["peft-bench"]?.keys == ["absent"])
    let reason =
      "the published script cuts labels to 16 characters, and \"card_payment_fee_charged\" has 24"
    #expect(record["scores"]?["peft-bench"]?["absent"]?.string == reason)
    #expect(record["scores"]?["notes"]?.array?.compactMap(\.string).contains { $0.hasSuffix(reason) } == true)
    let published = try workspace.run("run", "own.json", "-o", "two", "--set", "evaluation.protocol=peft-bench")
    #expect(published.status == 2 && published.diagnostics.contains("take the protocol strict"), "\(published)")
    #expect(!FileManager.default.fileExists(atPath: workspace.path("two/runs")))
  }

  @Test("What can be known is refused before a run begins: short answers, gold that cannot be read, two readings")
  func planning() throws {
    let labels = #""prompt": "{q}", "answer": "a", "labels": ["1", "2"]"#
    for (members, rows, settings, message) in [
      (labels, [#"{"q": "a", "a": 1}"#, #"{"q": "b", "a": 2}"#], #", "max_new_tokens": 1"#, "takes"),
      (labels, [#"{"q": "a", "a": 1}"#, #"{"q": "b", "a": 0}"#], "", "can be read in two ways"),
      (
        #""prompt": "{q}", "answer": "a", "metric": "correlation""#,
        [#"{"q": "a", "a": 1}"#, #"{"q": "b", "a": "x"}"#], "",
        "rows.jsonl:2: column \"a\": \"x\" is not a number"
      ),
    ] {
      let workspace = try workspace(members, rows: rows, evaluation: settings)
      for command in ["run", "plan"] {
        let result = try workspace.run(command, "own.json", "-o", "out")
        #expect(result.status == 2 && result.diagnostics.contains(message), "\(command): \(result)")
        #expect(!FileManager.default.fileExists(atPath: workspace.path("out/runs")))
      }
    }
  }

  @Test("Nulls of a prompt are empty and said, and refused where the config asks for that")
  func nulls() throws {
    let rows = [#"{"q": "a", "r": null, "a": 0}"#, #"{"q": "b", "r": "x", "a": 1}"#]
    let members = #""columns": ["q", "r"], "answer": "a", "labels": ["bad", "good"]"#
    let result = try workspace(members, rows: rows).run("plan", "own.json")
    #expect(result.status == 0 && result.diagnostics.contains("column \"r\" is null or empty in 2 rows"), "\(result)")
    let refused = try workspace(members, rows: rows, data: #", "null": "error""#).run("plan", "own.json")
    #expect(refused.status == 2 && refused.diagnostics.contains("rows.jsonl:1: column \"r\" is null"), "\(refused)")
  }

  @Test("Answers in prompts are refused, and evaluation rows that were trained on or come again are said") func leaks()
    throws
  {
    let rows = [#"{"q": "a", "a": 0}"#, #"{"q": "b", "a": 1}"#, #"{"q": "b", "a": 1}"#]
    let labels = #""answer": "a", "labels": ["bad", "good"]"#
    for (members, key) in [(#""prompt": "{q} {a}""#, "prompt"), (#""columns": ["q", "a"]"#, "columns")] {
      let result = try workspace("\(members), \(labels)", rows: rows).run("plan", "own.json")
      #expect(result.status == 2, "\(result)")
      #expect(result.diagnostics.contains("\(key): holds the column \"a\", which is the answer"), "\(result)")
    }
    // The same file is both splits of these configs.
    let result = try workspace(#""prompt": "{q}", \#(labels)"#, rows: rows).run("plan", "own.json")
    #expect(result.status == 0, "\(result)")
    #expect(result.diagnostics.contains("own: 3 of 3 evaluation rows are also training rows"), "\(result)")
    #expect(result.diagnostics.contains("own: 1 evaluation row repeats a prompt"), "\(result)")
  }

  @Test("Evaluation rows that come among the further training rows are said, and a file that is not there by its key")
  func furtherRows() throws {
    let workspace = try workspace(
      #""prompt": "{q}", "answer": "a", "labels": ["bad", "good"]"#,
      rows: [#"{"q": "a", "a": 0}"#, #"{"q": "b", "a": 1}"#])
    try workspace.write(
      "{\"q\": \"c\", \"a\": 0}\n{\"q\": \"d\", \"a\": 1}\n{\"q\": \"e\", \"a\": 1}\n", to: "train.jsonl")
    try workspace.write(
      try String(contentsOfFile: workspace.path("own.json"), encoding: .utf8)
        .replacing(#""train": "rows.jsonl""#, with: #""train": "train.jsonl""#), to: "own.json")
    func plan(_ augment: String) throws -> SpawnedProgram.Result {
      try workspace.run(
        "plan", "own.json", "--set", "training.strategy=augmentation", "--set", "data.augment=\(augment)")
    }
    #expect(try !workspace.run("plan", "own.json").diagnostics.contains("also training rows"))
    let leak = try plan("rows.jsonl")
    #expect(leak.diagnostics.contains("own: 2 of 2 evaluation rows are also training rows"), "\(leak)")
    let missing = try plan("nope.jsonl")
    #expect(missing.status == 2 && missing.diagnostics.contains("data.augment: "), "\(missing)")
    #expect(missing.diagnostics.contains("nope.jsonl: there is no such file"), "\(missing)")
    let misspelt = try plan("more-{datset}.jsonl")
    #expect(misspelt.status == 2, "\(misspelt)")
    #expect(
      misspelt.diagnostics.contains("{datset} is no placeholder; did you mean {dataset}?"), "\(misspelt)")
  }

  @Test("A preview shows white space as it is, values by their words, and files by a pattern") func preview() throws {
    let workspace = try workspace(
      #""prompt": "{q}", "answer": "a", "labels": [1, 2, 3]"#,
      rows: [#"{"q": "  x\n", "a": 3}"#, #"{"q": "y", "a": 1}"#])
    try workspace.write(
      try String(contentsOfFile: workspace.path("own.json"), encoding: .utf8).replacing("rows.jsonl", with: "rows*"),
      to: "own.json")
    let result = try workspace.run("data", "preview", "own", "--config", "own.json", "--json")
    #expect(result.status == 0, "\(result.diagnostics)")
    let lines = try Workspace.lines(result.output)
    #expect(lines[0]["prompt"]?.string?.contains("  x\n") == true)
    #expect(lines.compactMap { $0["answer"]?.string?.first { $0.isNumber } } == ["3", "1"])
  }

  @Test("Mistakes in standard input are located by line and column, blank lines counted") func lines() throws {
    let input = "\n{\"prompt\": \"a\", \"completion\": \" b\"}\n\n  \n{\"prompt\": \"a\"\n"
    let result = try SpawnedProgram.run(["score", "--model", Workspace.model], input: input)
    #expect(result.status == 2 && result.diagnostics.contains("standard input:5:15: expected"), "\(result)")
  }
}
