import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("report and compare") struct ReportCommandTests {
  @Test("A run ends with its report, which `report` makes anew in any format") func report() throws {
    let workspace = try Workspace()
    let run = try workspace.run("run", "config.json", "-o", "out")
    #expect(run.status == 0 && run.diagnostics.contains("out/report.html"), "\(run.diagnostics)")
    let names = ["summary.csv", "leaderboard.json", "report.html", "report.md"]
    func contents() throws -> [Data] {
      try names.map { try Data(contentsOf: workspace.folder.appending(path: "out/\($0)")) }
    }
    let made = try contents()
    for name in names { try FileManager.default.removeItem(atPath: workspace.path("out/\(name)")) }
    let report = try workspace.run("report", "out")
    #expect(report.status == 0, "\(report.diagnostics)")
    #expect(report.output.contains("Leaderboard") && report.output.contains("full suite"))
    #expect(try contents() == made)
    #expect(!FileManager.default.fileExists(atPath: workspace.path("out/report.tex")))

    #expect(try workspace.run("report", "out", "--format", "csv").output == String(decoding: made[0], as: UTF8.self))
    #expect(try workspace.run("report", "out", "--json").output == String(decoding: made[1], as: UTF8.self))
    let latex = try workspace.run("report", "out", "-f", "latex", "-o", "tables.tex")
    #expect(latex.status == 0 && latex.output.isEmpty)
    #expect(try String(contentsOfFile: workspace.path("tables.tex"), encoding: .utf8).contains("\\toprule"))
    #expect(try workspace.run("report", "out", "-f", "junit").output.contains("tests=\"6\" failures=\"0\""))

    let json = try Workspace.json(String(decoding: made[1], as: UTF8.self))
    #expect(json["schema"]?.string == "peft-bench.report/1" && json["complete"]?.integer == 6)
    #expect(json["suites"]?.array?.first?["leaderboard"]?.array?.count == 3)
    #expect(json["missing"]?.array?.isEmpty == true && json["failed"]?.array?.isEmpty == true)

    // Another headline or other exponents are another view, which leaves the files as well.
    let sentences = try #require(json["suites"]?.array?.first?["verdict"]?["sentences"]?.array).compactMap(\.string)
    let words = { (text: String) in text.split { " \n".contains($0) }.joined(separator: " ") }
    #expect(!sentences.isEmpty && sentences.allSatisfy { words(report.output).contains(words($0)) })
    #expect(run.output.contains("majority") && sentences.allSatisfy { words(run.output).contains(words($0)) })
    let view = try workspace.run("report", "out", "--metric", "f1", "--beta", "0,0,0", "-f", "csv")
    #expect(view.status == 0 && view.output.contains(",complete,f1,"), "\(view)")
    let unknown = try workspace.run("report", "out", "--metric", "acuracy")
    #expect(unknown.status == 2 && unknown.diagnostics.contains("The records have"), "\(unknown)")
    #expect(try workspace.run("report", "out", "--beta", "1,x,1").status == 2)

    // A part of the runs leaves the files of all of them.
    let part = try workspace.run("report", "out", "--only", "dataset=tones", "-f", "csv")
    #expect(part.output.split(separator: "\r\n").count == 4)
    #expect(try contents() == made)
  }

  @Test("Figures stand alone as files, with their numbers beside them") func figures() throws {
    let workspace = try Workspace()
    #expect(try workspace.run("run", "config.json", "-o", "out", "-q").status == 0)
    let result = try workspace.run("report", "out", "--figures", "figures")
    // Of each suite scores, three costs, PSCP, time, memory and curves.
    #expect(result.status == 0 && result.diagnostics.contains("16 figures"), "\(result)")
    let costs = ["parameters", "memory", "flops"].flatMap { ["score-by-\($0)-full", "score-by-\($0)-own"] }
    let names = try FileManager.default.contentsOfDirectory(atPath: workspace.path("figures"))
    #expect(names.count == 1 + 2 * 16 && Set(names).isSuperset(of: costs.flatMap { ["\($0).svg", "\($0).csv"] }))
    for name in costs {
      let figure = try String(contentsOfFile: workspace.path("figures/\(name).svg"), encoding: .utf8)
      #expect(figure.hasPrefix("<svg xmlns=") && figure.contains(">lora</text>") && !figure.contains("var("))
      #expect(
        figure.hasSuffix("</svg>\n")
          && figure.split(separator: "<text").count == figure.split(separator: "</text>").count)
    }
    let lines = try String(contentsOfFile: workspace.path("figures/score-by-parameters-full.csv"), encoding: .utf8)
      .split(separator: "\r\n")
    let record = try #require(workspace.records("out")["sst2/lora"])
    let count = try #require(record["method"]?["trainable_parameters"]?.integer)
    #expect(lines.first == "method,trainable parameters,score,lower,upper" && lines.count == 3)
    #expect(lines.contains { $0.hasPrefix("lora,\(count),") })
    // A folder of something else is left alone.
    #expect(try workspace.run("report", "out", "--figures", "data").status == 2)
  }

  @Test("A report that is watched is made once where nothing is missing, and needs one folder")
  func watch() throws {
    let workspace = try Workspace()
    #expect(try workspace.run("run", "config.json", "-o", "out", "-q").status == 0)
    try FileManager.default.removeItem(atPath: workspace.path("out/report.html"))
    let result = try workspace.run("report", "out", "--watch")
    #expect(result.status == 0 && result.diagnostics.contains("out/report.html has 6 runs complete."), "\(result)")
    #expect(FileManager.default.fileExists(atPath: workspace.path("out/report.html")))
    #expect(try workspace.run("report", "out", "out", "--watch").status == 2)
    #expect(try workspace.run("report", "out", "--watch", "-f", "csv").status == 2)
  }

  @Test("Two runs of one binary: nothing moved; a planted drop of three points: exactly that, with status 3")
  func compare() throws {
    let workspace = try Workspace()
    for name in ["old", "new"] {
      #expect(try workspace.run("run", "config.json", "-o", name, "--threads", name == "old" ? "1" : "2").status == 0)
    }
    let same = try workspace.run("compare", "old", "new")
    #expect(same.status == 0 && same.output == "Nothing moved in 6 runs of the full suite and own data.\n", "\(same)")

    let record = try #require(try workspace.records("new")["sst2/full"])
    let value = try #require(record["scores"]?["primary"]?["value"]?.number)
    let file = "new/runs/\(try #require(record["id"]?.string))/record.json"
    let text = try String(contentsOfFile: workspace.path(file), encoding: .utf8)
    let planted = text.replacing("\"value\": \(value)\n", with: "\"value\": \(value - 0.03)\n")
      .replacing("\"accuracy\": \(value),", with: "\"accuracy\": \(value - 0.03),")
    #expect(planted != text)
    try workspace.write(planted, to: file)
    let report = try workspace.run("report", "old", "-f", "json", "-o", "baseline.json")
    #expect(report.status == 0, "\(report.diagnostics)")
    for baseline in ["old", "baseline.json"] {
      let worse = try workspace.run("compare", baseline, "new", "--junit", "junit.xml", "--json")
      #expect(worse.status == 3, "\(worse)")
      let json = try Workspace.json(worse.output)
      let moved = try #require(json["moved"]?.array).filter { $0["verdict"]?.string == "regression" }
      #expect(json["regressions"]?.integer == 1 && moved.count == 1)
      #expect(moved.first?["dataset"]?.string == "sst2" && moved.first?["method"]?.string == "full")
      #expect(abs((moved.first?["change"]?.number ?? 0) + 0.03) < 1e-9)
      let junit = try String(contentsOfFile: workspace.path("junit.xml"), encoding: .utf8)
      #expect(junit.contains("tests=\"6\" failures=\"1\"") && junit.contains("-3.00 points"))
    }
    #expect(try workspace.run("compare", "old", "new", "--tolerance", "accuracy=0.03").status == 0)
    #expect(try workspace.run("compare", "old", "new", "-t", "accuracy=0.02").status == 3)
    #expect(try workspace.run("compare", "new", "old").status == 0)
  }

  @Test(
    "Nothing that a sweep needs is replaced by a report",
    arguments: ["config.json", "plan.json", ".locks", ".peft-bench", "runs/x.csv", "runs/../config.json"])
  func reserved(name: String) throws {
    let workspace = try Workspace()
    let sweep = SyntheticSweep(workspace.folder.appending(path: "results"))
    try sweep.write(methods: Array(SyntheticSweep.methods.prefix(2)), datasets: ["sst2"], seeds: [1])
    try workspace.write("{}", to: "results/config.json")
    let result = try workspace.run("report", "results", "-f", "csv", "-o", "results/\(name)")
    #expect(result.status == 2 && result.diagnostics.contains("expected another name, such as report.csv"), "\(result)")
    #expect(try String(contentsOfFile: workspace.path("results/config.json"), encoding: .utf8) == "{}")
    #expect(try workspace.run("report", "results", "-f", "csv", "-o", "results/mine.csv").status == 0)
  }

  @Test(
    "What cannot be reported or compared is wrong input",
    arguments: [
      (["report", "nowhere"], "there is no such results folder"), (["report", "data"], "is not a results folder"),
      (["report", "data", "--format", "pdf"], "expected one of table"), (["compare", "data"], "expected CANDIDATE"),
      (["report", "data", "--export", "tensorboard"], "is not a results folder"),
      (["compare", "data", "data", "--tolerance", "accuracy"], "--tolerance: expected a metric"),
      (["compare", "data", "data", "-t", "accuracy=2"], "scores are from 0 to 1; 2 points are accuracy=0.02"),
      (["compare", "data", "data", "-t", "score=100%"], "expected less than 100 %, such as score=2%"),
      (["report", "data", "--only", "color=red"], "--only: expected"),
    ]) func mistakes(arguments: [String], message: String) throws
  {
    let workspace = try Workspace()
    let line = (["exec", "\"$PROGRAM\""] + arguments).joined(separator: " ")
    let result = try SpawnedProgram.run([], shell: "cd '\(workspace.folder.path)' && \(line)")
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.diagnostics.contains(message), "\(result.diagnostics)")
  }
}
