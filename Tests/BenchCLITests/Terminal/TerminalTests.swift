import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import BenchCLI
@testable import PEFTBench
@testable import Reporting

@Suite("Terminal") struct TerminalTests {
  @Test("Colour is for terminals, and for those who ask") func traits() {
    func color(_ isTerminal: Bool, _ environment: [String: String]) -> Bool {
      TerminalTraits(isTerminal: isTerminal, columns: nil, environment: environment).hasColor
    }
    #expect(color(true, [:]) && !color(false, [:]))
    #expect(!color(true, ["TERM": "dumb"]) && !color(true, ["NO_COLOR": "1"]) && color(true, ["NO_COLOR": ""]))
    #expect(color(false, ["CLICOLOR_FORCE": "1"]) && !color(false, ["CLICOLOR_FORCE": "0"]))
    #expect(!color(true, ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"]))
  }

  @Test("Blocks are for terminals and locales that have them") func blocks() {
    func has(_ environment: [String: String]) -> Bool {
      TerminalTraits(isTerminal: true, columns: nil, environment: environment).hasBlocks
    }
    #expect(
      has([:]) && has(["TERM": "xterm-256color", "LANG": "en_US.UTF-8"]) && has(["LC_ALL": "C.utf8", "LANG": "C"]))
    #expect(!has(["TERM": "dumb"]) && !has(["TERM": "vt100"]) && !has(["LANG": "C"]) && !has(["LC_ALL": "POSIX"]))
  }

  @Test("Bars of scores fit 80 columns, and are full, dark and light as the interval lies") func bars() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "bars-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var sweep = SyntheticSweep(folder)
    sweep.rows = 100
    sweep.rightRows = { method, _, _ in (0..<100).map { $0 < (method == "lora" ? 80 : 50) } }
    sweep.label = { $0 == "ia3" ? "ia3 (" + String(repeating: "x", count: 90) + "=1)" : $0 }
    try sweep.write(methods: Array(SyntheticSweep.methods.prefix(2)), datasets: ["sst2"], seeds: [1])
    let suite = try #require(try Report(ReportedResults([folder.path])).suites.first)
    let lines = ScoreBars(suite).lines(width: 200)
    #expect(lines.count == 3 + 2 && lines.allSatisfy { TextTable.width(of: $0) <= 80 }, "\(lines)")
    #expect(lines[0].hasPrefix("lora ") && lines[0].contains(" 80.0  ███") && lines[1].contains("ia3 (x"))
    let plain = ScoreBars(suite).lines(width: 80, characters: .plain)
    let interval = try #require(suite.statistics.leaderboard.first { $0.mean == 0.8 }?.interval)
    let bar = try #require(plain[0].split(separator: "  ").last)
    // As many as there are cells whose middle is in each part.
    let cells = 80 - 26 - 9
    func count(_ range: Range<Double>) -> Int {
      (0..<cells).count { range.contains((Double($0) + 0.5) / Double(cells)) }
    }
    #expect(bar.count { $0 == "#" } == count(0..<interval.lower))
    #expect(
      bar.count { $0 == "+" } == count(interval.lower..<0.8) && bar.count { $0 == "-" } == count(0.8..<interval.upper))
    #expect(plain.allSatisfy { $0.allSatisfy { $0.isASCII || $0 == "…" } })
    #expect(ScoreBars(suite).lines(width: 20).isEmpty)
  }

  @Test("The width is the terminal's, else COLUMNS, else 80") func width() {
    func width(_ columns: Int?, _ environment: [String: String]) -> Int {
      TerminalTraits(isTerminal: true, columns: columns, environment: environment).width
    }
    #expect(width(120, ["COLUMNS": "90"]) == 120 && width(nil, ["COLUMNS": "90"]) == 90 && width(nil, [:]) == 80)
    #expect(width(nil, ["COLUMNS": "-5"]) == 80 && width(3, [:]) == 20)
  }

  @Test("Columns are aligned, numbers at the right, and words are cut to fit") func table() {
    var table = TextTable([.init(title: "dataset"), .init(title: "score", isNumber: true), .init(title: "note")])
    table.add(["sst2", "84.5", "a note that is rather long"])
    table.add(["日本", "7", ""])
    table.add(["bad\u{1B}[1m"])
    #expect(
      table.lines(width: 100) == [
        "dataset         score  note", "sst2             84.5  a note that is rather long", "日本                7",
        "bad⟨U+001B⟩[1m",
      ])
    #expect(table.lines(width: 30)[1] == "sst2         84.5  a note tha…")
    #expect(table.lines(width: 30).allSatisfy { TextTable.width(of: $0) <= 30 })
    #expect(table.lines(width: 1)[1] == "sst2       84.5  a note …")
  }

  @Test("A table that is too wide goes on below, each part with the words that tell its rows apart") func wideTable() {
    var table = TextTable(
      [.init(title: "dataset"), .init(title: "method")] + (1...8).map { .init(title: "number \($0)", isNumber: true) }
        + [.init(title: "state")])
    table.add(["sst2", "lora"] + (1...8).map { "\($0)" } + ["complete"])
    let lines = table.lines(width: 60)
    #expect(
      lines == [
        "dataset  method  number 1  number 2  number 3  number 4",
        "sst2     lora           1         2         3         4", "",
        "dataset  method  number 5  number 6  number 7  number 8",
        "sst2     lora           5         6         7         8", "", "dataset  method  state",
        "sst2     lora    complete",
      ])
    #expect(table.lines(width: 120).count == 2)
    for width in [40, 47, 80, 100] {
      #expect(table.lines(width: width).allSatisfy { TextTable.width(of: $0) <= width })
    }
  }

  @Test("A column of numbers whose title is wider than the terminal has its title cut") func wideTitle() {
    var table = TextTable([
      .init(title: "dataset"), .init(title: String(repeating: "w", count: 90), isNumber: true),
      .init(title: "b", isNumber: true),
    ])
    table.add(["sst2", "84.5", "7"])
    for width in [40, 60, 80] {
      let lines = table.lines(width: width)
      #expect(lines.allSatisfy { TextTable.width(of: $0) <= width } && lines.contains { $0.hasSuffix("84.5") })
    }
  }

  @Test("A report fits the terminal whatever its names are, and is in ASCII where nothing else is drawn") func report()
    throws
  {
    let workspace = try Workspace()
    var sweep = SyntheticSweep(workspace.folder.appending(path: "wide"))
    sweep.label = { $0 == "lora" ? String(repeating: "x", count: 300) : $0 }
    try sweep.write(datasets: ["sst2", "rte"], seeds: [1, 2])
    try sweep.fail("ia3", dataset: "rte", seed: 2, error: String(repeating: "e", count: 200))
    let report = try Report(ReportedResults([workspace.path("wide")]))
    func traits(_ terminal: String) -> TerminalTraits {
      TerminalTraits(
        isTerminal: true, columns: 80, environment: ["TERM": terminal, "NO_COLOR": "1", "LANG": "C.UTF-8"])
    }
    let lines = ReportPrinter.lines(report, width: 80, traits: traits("xterm"))
    #expect(lines.allSatisfy { TextTable.width(of: $0) <= 80 } && lines.contains { $0.contains("±") })
    let plain = ReportPrinter.lines(report, width: 80, traits: traits("vt100"))
    #expect(plain.allSatisfy { TextTable.width(of: $0) <= 80 })
    #expect(plain.joined().utf8.allSatisfy { $0 < 0x80 }, "\(plain.filter { !$0.utf8.allSatisfy { $0 < 0x80 } })")
    #expect(PlainCharacters.of("1 – 2 × 中") == "1 - 2 x 中")
  }

  @Test("A progress line has rate and time left, and fits the terminal") func progress() {
    let plain = ProgressLine.line(
      "sst2 train", done: 120, total: 800, rate: "1,240 tok/s", left: 227, detail: "loss 0.41", width: nil)
    #expect(plain == "sst2 train  120/800  15 %  1,240 tok/s  3:47 left  loss 0.41")
    for width in [20, 60, 79, 200] {
      let line = ProgressLine.line(
        "sst2 train", done: 120, total: 800, rate: "1,240 tok/s", left: 227, detail: "loss 0.41", width: width)
      #expect(TextTable.width(of: line) <= width)
      #expect(line.contains("█") == (width >= 79))
    }
    #expect(
      ProgressLine.line("x", done: 0, total: 0, rate: "", left: nil, detail: "", width: nil) == "x  0/0  0 %")
    #expect(ProgressLine.duration(7.4) == "0:07" && ProgressLine.duration(7500) == "2:05:00")
    #expect(ProgressLine.duration(.infinity) == "0:00")
  }

  @Test("The methods stand in the order of their mean PSCP over what all of them have done") func standings() throws {
    let configuration = try RunConfiguration(
      ConfigFile.read(
        DocumentText(
          name: "c.json",
          bytes: Array(#"{"model": "m", "data": {"datasets": ["rte", "cb"]}, "methods": ["lora", "ia3"]}"#.utf8))))
    let planned = configuration.selection(
      datasets: try configuration.data.descriptions(from: configuration.file)
    ).runs
    let runs = planned.enumerated().map { SweepRun(index: $0, planned: $1, id: "\($0)", inputs: nil) }
    var standings = Standings(runs)
    func add(_ dataset: String, _ method: String, _ value: Double) throws {
      let run = try #require(runs.first { $0.planned.dataset.id == dataset && $0.planned.method.label == method })
      var record = RunRecord()
      record.pscp = .init()
      record.pscp?.value = value
      standings.add(run, record)
    }
    try add("rte", "lora", 50)
    #expect(standings.line() == nil)
    try add("cb", "ia3", 90)
    #expect(standings.line() == nil)
    try add("rte", "ia3", 60)
    #expect(standings.line() == "PSCP so far: ia3 60.0, lora 50.0")
    try add("cb", "lora", 99.5)
    #expect(standings.line() == "PSCP so far: ia3 75.0, lora 74.8")
    #expect(standings.line(columns: 31) == "PSCP so far: ia3 75.0, …")
  }

  @Test("A command line can be given to a shell again") func shellWords() throws {
    let words = ["run", "a b.yaml", "it's", "--set=x=1", "", "$HOME", "*", "a\u{1B}[2Jb'\\\t1\u{7F}"]
    let line = words.map(ShellWord.quoted).joined(separator: " ")
    #expect(!line.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "\(line)")
    let result = try SpawnedProgram.run([], shell: "for word in \(line); do echo \"<$word>\"; done")
    #expect(result.output == words.map { "<\($0)>\n" }.joined())
  }

  @Test("The manual page has every command and option, and roff finds nothing strange in it") func manual() throws {
    let page = try SpawnedProgram.run(["help", "--man"]).output
    for command in CommandTable.all {
      let name = command.name.replacing("-", with: "\\-")
      #expect(page.contains("\n.SS \"\(name)"), "\(command.name)")
      for option in command.options {
        #expect(page.contains("\\-\\-" + option.long.replacing("-", with: "\\-")), "\(option.long)")
      }
    }
    #expect(!page.contains("run\\-worker"))
    // A line that begins with a point or an apostrophe is a request; there are only those of the `man` macros.
    let requests = Set(
      page.split(separator: "\n").filter { $0.hasPrefix(".") || $0.hasPrefix("'") }.map { $0.prefix { $0 != " " } })
    #expect(requests.isSubset(of: [".TH", ".SH", ".SS", ".PP", ".TP", ".B", ".I"]), "\(requests)")
  }

  @Test("Completions know the new commands and options, and not the worker") func completions() throws {
    for shell in ["bash", "zsh", "fish"] {
      let script = try SpawnedProgram.run(["completions", shell]).output
      for word in ["status", "jobs", "retry-failed", "slurm", "tasks", "watch", "man"] {
        #expect(script.contains(word), "\(shell) \(word)")
      }
      #expect(!script.contains("run-worker"))
    }
  }

  @Test("Messages reach the terminal without control characters") func harmless() {
    #expect(Console.harmless("a\u{1B}[2J\r\nb\u{9B}é\u{202E}") == "a⟨U+001B⟩[2J⟨U+000D⟩\nb⟨U+009B⟩é⟨U+202E⟩")
  }
}
