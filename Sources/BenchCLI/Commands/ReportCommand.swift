import Foundation
import PEFTBench
import PEFTCore
import Reporting

/// `report`: what the runs of results folders say, in any form.
enum ReportCommand {
  static let command = Command(
    name: "report", summary: "Compare the methods of results folders: tables, statistics, an HTML page.",
    discussion: [
      "Makes summary.csv, leaderboard.json, report.html and report.md anew in the folder and prints the tables, or one "
        + "format. Several folders are put together; then the files go to the folder of --output, if given. Methods are "
        + "compared on the datasets and seeds that they share; failed and missing runs are listed.",
      "--export writes the results for other tools into the folder of --output: tensorboard (event files), peft (JSON as "
        + "Hugging Face PEFT's method_comparison has it), lm-eval (results of lm-evaluation-harness), mlflow (its file store), wandb (the files that it keeps of a run). --figures writes "
        + "every figure of the page, for papers and other pages, into its folder.",
      "--watch makes the files again whenever runs have come to an end, until none is missing.",
    ],
    positionals: [
      PositionalSpec(name: "DIR", help: "Results folders, or JSON of report or run.", isRepeated: true)
    ],
    options: [
      OptionSpec(
        long: "format", short: "f", valueName: "NAME", choices: ReportFormat.allCases.map(\.rawValue),
        help: "Print one format."),
      OptionSpec(
        long: "output", short: "o", valueName: "FILE",
        help: "Write the format to a file; without --format, all files to a folder."),
      .onlyOfResults,
      OptionSpec(
        long: "metric", valueName: "NAME",
        help: "Make another score of the records the headline: macro_f1, matthews and so on."),
      OptionSpec(
        long: "beta", valueName: "P,F,M", help: "Compute PSCP with these exponents instead of the records' own."),
      OptionSpec(
        long: "preset", valueName: "NAME", choices: ["paper"],
        help: "Compute PSCP with the constants of the paper instead of the records' own."),
      OptionSpec(
        long: "export", valueName: "TOOL", choices: ResultsExport.allCases.map(\.rawValue),
        help: "Write for another tool."),
      OptionSpec(
        long: "figures", valueName: "DIR",
        help: "Write every figure as SVG, with its numbers as CSV."),
      OptionSpec(
        long: "watch", help: "Make the files again as runs end, until none is missing; Ctrl-C ends it."),
      OptionSpec(
        long: "csv-safe", valueName: "on|off", choices: ["on", "off"],
        help: "Put an apostrophe before cells of CSV that a spreadsheet would run; on unless given."),
      OptionSpec(long: "no-csv-safe", help: "The same as --csv-safe off."),
      OptionSpec(long: "json", help: "The same as --format json."), .quiet,
    ],
    examples: [
      .init(line: "peft-bench report results/smollm2", meaning: "Tables, and the files in the folder."),
      .init(line: "peft-bench report a b -f html -o both.html", meaning: "Two folders on one page."),
    ],
    run: { arguments, console in
      if arguments.flag("watch") { return try ReportWatch(arguments).follow(console) }
      let paths = arguments.positionals("DIR")
      try refuseReserved("output", arguments)
      let only = try only(arguments)
      let format =
        arguments.flag("json") ? ReportFormat.json : arguments.value("format").flatMap(ReportFormat.init(rawValue:))
      var results = try ReportedResults(paths, only: only)
      if let metric = arguments.value("metric") { results = try results.headlined(by: metric) }
      let beta = try beta(arguments)
      let isPaper = arguments.value("preset") == PSCP.Preset.paper.name
      if beta != nil || isPaper { results = results.penalized(beta: beta, preset: isPaper ? .paper : nil) }
      let isWhole = only.isEmpty && arguments.value("metric") == nil && beta == nil && !isPaper
      var report = try Report(results)
      report.isCSVSafe = !arguments.flag("no-csv-safe") && arguments.value("csv-safe") != "off"
      for note in report.results.notes { console.warning(note) }
      if let tool = arguments.value("export").flatMap(ResultsExport.init(rawValue:)) {
        guard let folder = arguments.value("output") else { throw arguments.error("--export needs --output DIR") }
        let files = try report.export(for: tool, to: folder)
        console.note("\(files.count) files for \(tool.rawValue) are in \(folder).")
        return .done
      }
      if let folder = arguments.value("figures") {
        let files = try report.writeFigures(to: folder)
        console.note("\(files.count / 2) figures are in \(folder).")
        return .done
      }
      // A part of the runs, or another view of them, must not replace the report of all of them.
      let ownFolder = paths.count == 1 && isWhole && isFolder(paths[0] + "/runs") ? paths[0] : nil
      if let format, let file = arguments.value("output") {
        try AtomicFile.write(text(report, format), to: file)
        console.note("\(file) has \(report.countTitle).")
      } else if let format {
        if format == .table {
          ReportPrinter(console: console).print(report)
        } else {
          let text = try text(report, format)
          console.print(document: text)
        }
      }
      if format == nil { ReportPrinter(console: console).print(report) }
      let output = format == nil ? arguments.value("output") : nil
      if let output { try claim(output) }
      if let folder = output ?? ownFolder { try write(report, to: folder, isAskedFor: format == nil, console) }
      return .done
    })

  /// Makes the files at the end of a sweep, and prints the methods by PSCP where there are several; what goes wrong is a
  /// warning, for the runs themselves are done.
  static func refresh(_ results: ResultsFolder, printsLeaderboard: Bool, _ console: Console) {
    do {
      let report = try Report.refresh(results)
      if printsLeaderboard { ReportPrinter(console: console).printLeaderboards(report) }
      console.note("The report is in \(results.path)/report.html.")
    } catch {
      console.warning("the report could not be made: \(error)")
    }
  }

  static func write(_ report: Report, to folder: String, isAskedFor: Bool, _ console: Console) throws {
    if isAskedFor {
      if isFolder(folder + "/runs") {
        try RunLocks(forTakingIn: folder).withFolderLock { try report.write(to: folder) }
      } else {
        try report.write(to: folder)
      }
      console.note("\n\(ResultsFolder.reportNames.joined(separator: ", ")) are in \(folder).")
      return
    }
    do {
      try RunLocks(forTakingIn: folder).withFolderLock { try report.write(to: folder) }
    } catch {
      console.warning("the files in the folder stay as they were: \(error)")
    }
  }

  private static func text(_ report: Report, _ format: ReportFormat) throws -> String {
    // Plain text is the table of the terminal without its width.
    report.text(format) ?? ReportPrinter.lines(report, width: Int.max).joined(separator: "\n") + "\n"
  }

  /// Refuses a file that a sweep needs, which a report would replace.
  static func refuseReserved(_ option: String, _ arguments: ParsedArguments) throws {
    guard let file = arguments.value(option), ResultsFolder.isReserved(file) else { return }
    throw arguments.error(
      "--\(option): \(file) is a file of the results folder itself, which its sweep and its runs need; expected another "
        + "name, such as report.\(arguments.value("format") ?? "txt")")
  }

  /// The exponents that `--beta` asks for.
  private static func beta(_ arguments: ParsedArguments) throws -> PSCP.Exponents? {
    guard let text = arguments.value("beta") else { return nil }
    let values = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    guard values.count == 3, let parameters = values[0], let flops = values[1], let memory = values[2],
      [parameters, flops, memory].allSatisfy({ 0...1000 ~= $0 })
    else { throw arguments.error("--beta: expected three numbers from 0 to 1000 such as 1,1,0.5, found \"\(text)\"") }
    return PSCP.Exponents(parameters: parameters, flops: flops, memory: memory)
  }

  /// The runs that `--only` asks for.
  static func only(_ arguments: ParsedArguments) throws -> [(key: String, value: String)] {
    try arguments.all("only").map { text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, ["dataset", "method", "seed", "model", "suite"].contains(parts[0]) else {
        throw arguments.error(
          "--only: expected dataset=, method=, seed=, model= or suite= and a value, found \"\(text)\"")
      }
      return (parts[0], parts[1])
    }
  }

  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Makes a folder of a report; a results folder may have one too.
  static func claim(_ path: String) throws {
    let results = ResultsFolder(path: path).output
    if (try? results.check()) != nil, isFolder(path + "/runs") { return try results.claim() }
    try OutputFolder(path, .report).claim()
  }
}
