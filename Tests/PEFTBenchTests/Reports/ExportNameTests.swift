import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTBench
@testable import Reporting

@Suite("Names of exports, and cells of CSV") struct ExportNameTests {
  @Test("A label can be read from its name, and no two have one name") func reversible() {
    let labels = [
      "lora", "lora r=8", "lora-r=8", "lora%20r=8", "你好", "您好", "a/b", "a\\b", "..", "../..", ".hidden", "a..b", "",
      "%", "-",
      "--", "a--b", "-a", "a-", "é", "e\u{301}", "\u{202E}x", "a\u{0}b", "a\nb", "run", "~", "a:b*c?d", "CON", " ",
    ]
    for isApart in [false, true] {
      let names = labels.map { FileLabel.of($0, keepsDashesApart: isApart) }
      // As bytes, since two spellings of é are equal as texts.
      #expect(Set(names.map { Array($0.utf8) }).count == labels.count)
      for (label, name) in zip(labels, names) {
        let read = name == "%" ? "" : name.removingPercentEncoding
        #expect(read.map { Array($0.utf8) } == Array(label.utf8), "\(name)")
        #expect(!name.isEmpty && !name.hasPrefix(".") && !name.contains("/") && !name.contains(".."), "\(name)")
        #expect(name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "\(name)")
        if isApart { #expect(!name.contains("--") && !name.hasPrefix("-") && !name.hasSuffix("-"), "\(name)") }
      }
    }
  }

  @Test("Long names fit file systems and stay apart") func long() {
    let labels = (0..<3).map { String(repeating: "你", count: 300) + "\($0)" }
    let names = labels.map { FileLabel.of($0) }
    #expect(Set(names).count == 3)
    for name in names {
      #expect(name.utf8.count <= 180)
      #expect(name.prefix { $0 != "~" }.utf8.count % 3 == 0, "an escape was cut: \(name)")
    }
    var given = ExportNames()
    #expect(given.unique("a", run: "0123") == "a" && given.unique("a", run: "0123") == "a~0123")
    #expect(given.unique("a", run: "0123") == "a~0123~")
  }

  @Test("Runs whose labels differ in anything have files of their own", arguments: ResultsExport.allCases)
  func apart(tool: ResultsExport) throws {
    let folder = try TemporaryFolder()
    let sweep = SyntheticSweep(folder.url.appending(path: "in"))
    let labels = ["你好", "您好", "lora r=8", "lora-r=8", "lora/r=8"]
    for label in labels {
      try sweep.write(
        SyntheticSweep.Method(label, parameters: 1, bytes: 1, gain: 0.1), dataset: "sst2", seed: 1)
    }
    let report = try Report(ReportedResults([sweep.folder.path]))
    let target = folder.url.appending(path: "out").path
    let files = try report.export(for: tool, to: target)
    #expect(Set(files).count == files.count)
    switch tool {
    case .lmEval: #expect(files.count == 2 * labels.count)
    case .tensorboard, .peft: #expect(files.count == labels.count)
    // Several files a run, and some for all.
    case .mlflow, .wandb: #expect(files.count > labels.count)
    }
    // Once more into our own folder, but not into somebody else's.
    #expect(try report.export(for: tool, to: target) == files)
    #expect(throws: FileError.self) { try report.export(for: tool, to: sweep.folder.path) }
  }

  @Test("Only cells that a spreadsheet would run get an apostrophe") func cells() {
    for cell in ["=1+1", "+cmd", "-x", "@SUM(A1)", "\t=1", "\r=1", "-", "+", "-inf", "=", "--1"] {
      #expect(CSVReport.safe(cell) == "'" + cell)
    }
    for cell in ["", "a", "-1.5", "+3", "-1e-5", "1", "'=1", " =1", "lora"] { #expect(CSVReport.safe(cell) == cell) }
  }

  @Test("Messages that repeat an input are cut") func messages() {
    let long = VisibleText.shortened("unknown option --" + String(repeating: "a", count: 500_000) + "; try --help")
    #expect(long.count < 400 && long.hasSuffix("try --help") && long.contains("more characters"), "\(long)")
    let words = VisibleText.shortened(String(repeating: "word ", count: 100_000))
    #expect(words.count < 4200)
    #expect(VisibleText.shortened("short") == "short")
  }
}
