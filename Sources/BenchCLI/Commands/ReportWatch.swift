import Foundation
import PEFTBench
import PEFTCore
import Reporting

/// `report --watch`: makes the files of a results folder again whenever runs have come to an end.
struct ReportWatch {
  private let folder: String
  private static let pause = 1.0

  /// - Throws: Where anything but one results folder is asked for.
  init(_ arguments: ParsedArguments) throws {
    let paths = arguments.positionals("DIR")
    let others = ["format", "output", "only", "metric", "beta", "preset", "export", "figures"].filter {
      arguments.flag($0)
    }
    guard paths.count == 1, ReportCommand.isFolder(paths[0] + "/runs") || !ReportCommand.isFolder(paths[0]) else {
      throw arguments.error("--watch follows one results folder")
    }
    if let other = others.first {
      throw arguments.error("--watch makes the folder's own files, so --\(other) has no meaning")
    }
    folder = paths[0]
  }

  /// Makes the files until nothing is missing or the user has seen enough.
  func follow(_ console: Console) throws -> ExitStatus {
    let flag = Interrupts.flag(console: console)
    var seen: [String: Date]?
    if !ReportCommand.isFolder(folder) { console.note("waiting for \(folder)") }
    while true {
      let now = state
      if now != seen {
        seen = now
        if let report = try Report.refreshIfAny(ResultsFolder(path: folder)) {
          console.note("\(folder)/report.html has \(report.countTitle).")
          if report.results.missing.isEmpty { return .done }
        }
      }
      console.flush()
      let end = Date(timeIntervalSinceNow: Self.pause)
      while Date() < end, !flag.isCancelled { Thread.sleep(forTimeInterval: 0.1) }
      if flag.isCancelled { return .interrupted }
    }
  }

  /// When the records, the errors and the plan were written, by file.
  private var state: [String: Date] {
    var state: [String: Date] = [:]
    func add(_ path: String) {
      state[path] = (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
    }
    add(folder + "/plan.json")
    for run in (try? FileManager.default.contentsOfDirectory(atPath: folder + "/runs")) ?? [] {
      for name in ["record.json", "error.json"] { add("\(folder)/runs/\(run)/\(name)") }
    }
    return state
  }
}
