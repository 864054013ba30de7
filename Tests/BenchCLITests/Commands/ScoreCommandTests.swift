import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Commands about scores: metrics, pscp and compare") struct ScoreCommandTests {
  private static let tickets = """
    model: model
    methods: [lora]
    data:
      datasets:
        - name: tickets
          files: {train: t.jsonl, validation: t.jsonl}
          prompt: "{body}"
          answer: team
          labels: [billing, network, other]
          metric: macro_f1
    """

  @Test("metrics shows majority, chance and the confusion matrix, of a dataset of one's own too") func confusion()
    throws
  {
    let workspace = try Workspace()
    try workspace.write(Self.tickets, to: "c.yaml")
    let rows = [
      ("billing", "billing"), ("network", "billing"), ("network", "network"), ("Network.", "network"), ("?", "other"),
    ]
    try workspace.write(
      rows.map { #"{"predict": "\#($0)", "label": "\#($1)"}"# + "\n" }.joined(), to: "p.jsonl")
    let arguments = ["metrics", "tickets", "p.jsonl", "--config", "c.yaml"]
    let plain = try Workspace.json(workspace.run(arguments: arguments + ["--json"]).output)
    #expect(plain["primary"]?.string == "macro_f1" && plain["confusion"] == nil)
    #expect(abs((plain["value"]?.number ?? 0) - (2.0 / 3 + 0.8) / 3) < 1e-12)
    #expect(plain["majority"]?["answer"]?.string == "billing" && plain["distinct_answers"]?.integer == 3)
    let json = try Workspace.json(workspace.run(arguments: arguments + ["--confusion", "--json"]).output)
    let counts = json["confusion"]?["counts"]?.array?.map { $0.array?.compactMap(\.integer) }
    #expect(counts == [[1, 1, 0], [0, 2, 0], [0, 0, 0]])
    #expect(json["confusion"]?["invalid"]?.array?.compactMap(\.integer) == [0, 0, 1])
    #expect(json["per_class"]?.array?.compactMap { $0["support"]?.integer } == [2, 2, 1])
    let text = try workspace.run(arguments: arguments + ["--confusion"])
    #expect(text.status == 0 && text.output.contains("macro_f1 (primary)"), "\(text)")
    #expect(text.output.contains("majority (billing to every row)"))
    let lines = text.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    #expect(lines.contains(["billing", "1.0000", "0.5000", "0.6667", "2"]))
    #expect(lines.contains(["network", "0", "2", "0", "0"]) && lines.contains(["other", "0", "0", "0", "1"]))
    let listed = try workspace.run("list", "metrics").output
    #expect(listed.contains("macro_f1") && listed.contains("the mean of the labels' F1"))
  }

  @Test("metrics takes a number for what ties rows together, and refuses answers that are no list of texts")
  func columnsOfPredictions() throws {
    let workspace = try Workspace()
    func line(_ answer: String, _ group: Int) -> String {
      #"{"predict": "\#(answer)", "label": "True", "group": \#(group)}"# + "\n"
    }
    try workspace.write(line("True", 1) + line("False", 1) + line("True", 2), to: "p.jsonl")
    let scores = try Workspace.json(workspace.run("metrics", "multirc", "p.jsonl", "--json").output)
    #expect(scores["scores"]?["exact_match"]?.number == 0.5)
    for member in [#""answers": "cat""#, #""answers": [7, "cat"]"#, #""answers": []"#, #""group": [1]"#] {
      try workspace.write(#"{"predict": "cat", "label": "dog", \#(member)}"#, to: "p.jsonl")
      let result = try workspace.run("metrics", "record", "p.jsonl")
      let place = "p.jsonl:1: \"\(member.dropFirst().prefix(5))"
      #expect(result.status == 2 && result.diagnostics.contains(place), "\(result)")
    }
  }

  @Test("pscp reads the summary.csv of a report: the same values, and others by another preset") func pscp() throws {
    let workspace = try Workspace()
    let sweep = SyntheticSweep(workspace.folder.appending(path: "out"))
    try sweep.write(methods: Array(SyntheticSweep.methods.prefix(3)), datasets: ["sst2"], seeds: [1])
    try sweep.fail("bitfit", dataset: "sst2", seed: 1, error: "no")
    #expect(try workspace.run("report", "out", "-q").status == 0)
    let result = try workspace.run("pscp", "out/summary.csv", "--json")
    #expect(result.status == 0 && result.diagnostics.contains("1 run that failed or is missing left out"), "\(result)")
    let scored = try #require(try Workspace.json(result.output).array)
    #expect(scored.count == 3)
    for row in scored {
      let method = try #require(row["method"]?.string)
      let record = try #require(try workspace.records("out").first { $0.key == "sst2/\(method)" }?.value)
      let expected = try #require(record["pscp"]?["value"]?.number)
      #expect(abs((row["pscp"]?.number ?? 0) - expected) < 1e-9, "\(method)")
      #expect(row["dataset"]?.string == "sst2" && row["seed"]?.integer == 1)
    }
    let paper = try Workspace.json(workspace.run("pscp", "out/summary.csv", "--preset", "paper", "--json").output)
    let lora = try #require(paper.array?.first { $0["method"]?.string == "lora" })
    // 0.33 GB of the paper's 94.
    #expect(abs((lora["terms"]?["memory"]?.number ?? 0) - 94 / 94.33) < 1e-9)

    let summary = try String(contentsOfFile: workspace.path("out/summary.csv"), encoding: .utf8)
    for (from, to, expected) in [
      ("pscp_preset", "preset", "\"pscp_preset\" is missing"),
      ("pscp_constant_memory", "memory_limit", "\"pscp_constant_memory\""),
      (",relative,", ",relativ,", "\"pscp_preset\": expected paper or relative, found \"relativ\""),
      ("peak_tensor_bytes", "bytes", "\"peak_tensor_bytes\" is missing"),
      (",330000000,", ",many,", "column \"peak_tensor_bytes\": expected a number, found \"many\""),
    ] {
      try workspace.write(summary.replacing(from, with: to), to: "s.csv")
      let wrong = try workspace.run("pscp", "s.csv")
      #expect(wrong.status == 2 && wrong.diagnostics.contains(expected), "\(wrong)")
      // LoRA's row is the second one.
      #expect(wrong.diagnostics.contains(to == ",many," ? "s.csv:3" : "s.csv:2"), "\(wrong)")
    }
  }

  @Test("compare --match gates a changed model: status 3 for a loss, 2 for parts that are not clear") func match()
    throws
  {
    let workspace = try Workspace()
    var sweeps = ["old", "new"].map { SyntheticSweep(workspace.folder.appending(path: $0)) }
    sweeps[1].turnedWrong = { method, _, _ in method == "lora" ? 10 : 0 }
    for sweep in sweeps {
      try sweep.write(methods: Array(SyntheticSweep.methods.prefix(2)), datasets: ["sst2"], seeds: [1, 2])
    }
    for id in try FileManager.default.contentsOfDirectory(atPath: workspace.path("new/runs")) {
      let file = "new/runs/\(id)/record.json"
      let text = try String(contentsOfFile: workspace.path(file), encoding: .utf8)
      try workspace.write(text.replacing("0123abcd", with: "4567cdef"), to: file)
    }
    let exact = try workspace.run("compare", "old", "new")
    #expect(exact.status == 2 && exact.diagnostics.contains("no models in common"), "\(exact)")
    let matched = try workspace.run("compare", "old", "new", "--match", "dataset,method,seed")
    #expect(matched.status == 3, "\(matched)")
    #expect(matched.output.contains("  all 4 runs: weights 0123abcd → 4567cdef\n"), "\(matched)")
    #expect(
      matched.output.contains("REGRESSION: 4 runs of the full suite compared, 2 regressions in 2 runs, "), "\(matched)")
    let allowed = try workspace.run("compare", "old", "new", "--match", "dataset,method,seed", "-t", "score=0.5")
    #expect(allowed.status == 0 && allowed.output.contains("2 losses within tolerance in 2 runs"), "\(allowed)")
    let unclear = try workspace.run("compare", "old", "new", "--match", "dataset,method")
    #expect(unclear.status == 2 && unclear.diagnostics.contains("told apart by seed"), "\(unclear)")
    let wrong = try workspace.run("compare", "old", "new", "--match", "dataset,sed")
    #expect(wrong.status == 2 && wrong.diagnostics.contains("did you mean seed?"), "\(wrong)")
  }
}
