import Testing

@testable import BenchCLI

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
        "dataset  score  note", "sst2      84.5  a note that is rather long", "日本         7", "bad\u{FFFD}[1m",
      ])
    #expect(table.lines(width: 30)[1] == "sst2      84.5  a note that i…")
    #expect(table.lines(width: 30).allSatisfy { TextTable.width(of: $0) <= 30 })
    #expect(table.lines(width: 1)[1] == "sst2      84.5  a note …")
  }

  @Test("A progress line has rate and time left, and fits the terminal") func progress() {
    let plain = ProgressLine.line(
      "train sst2", done: 120, total: 800, unit: "step", elapsed: 40, detail: "loss 0.41", width: nil)
    #expect(plain == "train sst2  120/800  15 %  3.0 step/s  3:47 left  loss 0.41")
    for width in [20, 60, 79, 200] {
      let line = ProgressLine.line(
        "train sst2", done: 120, total: 800, unit: "step", elapsed: 40, detail: "loss 0.41", width: width)
      #expect(TextTable.width(of: line) <= width)
      #expect(line.contains("█") == (width >= 79))
    }
    #expect(
      ProgressLine.line("x", done: 0, total: 0, unit: "row", elapsed: 0, detail: "", width: nil) == "x  0/0  0 %")
    #expect(ProgressLine.duration(7.4) == "0:07" && ProgressLine.duration(7500) == "2:05:00")
    #expect(ProgressLine.duration(.infinity) == "0:00")
  }

  @Test("Messages reach the terminal without control characters") func harmless() {
    #expect(Console.harmless("a\u{1B}[2J\r\nb\u{9B}é") == "a\u{FFFD}[2J\u{FFFD}\nb\u{FFFD}é")
  }
}
