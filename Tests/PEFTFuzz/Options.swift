import Foundation

/// What a campaign is to do, from the command line.
struct Options {
  var cases = 20_000
  var seed: UInt64 = 1
  var formats: [String] = []
  /// Processor seconds that one case may take.
  var seconds = 2.0
  /// The one case to make again.
  var only: Int?
  /// The cases of a worker.
  var range: Range<Int>?
  /// Where files go.
  var folder: String?
  /// The project, for its fixtures; where this was built unless given.
  var project = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static let usage = """
    Usage: peft-fuzz --read json|yaml|yaml-suite|parquet|safetensors FILE...
           peft-fuzz [--cases N] [--seed S] [--format NAME]... [--seconds T] [--case NUMBER] [--folder DIR] [--project DIR]

    Damages small valid files of every format that is read, N (20000) cases a format, and reads them; of command lines, each
    of which takes a process, an eighth of that. Allowed are success and a proper error. Prints a table, and ends with
    status 1 if any case crashed, hung, took too much memory or failed in another way. With --read, nothing is damaged: the
    files are read, and each line says how that ended; with yaml-suite, whether the value is that of the in.json beside the
    file. With --case, one case of one --format is left in DIR and read once more.
    Formats: \(AllFormats.all.map { $0.name }.joined(separator: " "))
    """

  init?(_ arguments: [String]) {
    var rest = arguments[...]
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { return nil }
      switch name {
      case "--cases": guard let number = Int(value), number > 0 else { return nil }; cases = number
      case "--seed": guard let number = UInt64(value) else { return nil }; seed = number
      case "--format": guard AllFormats.named(value) != nil else { return nil }; formats.append(value)
      case "--seconds": guard let number = Double(value), number > 0 else { return nil }; seconds = number
      case "--case": guard let number = Int(value), number >= 0 else { return nil }; only = number
      case "--folder": folder = value
      case "--project": project = URL(filePath: value)
      case "--range":
        let bounds = value.split(separator: "-").compactMap { Int($0) }
        guard bounds.count == 2, bounds[0] <= bounds[1] else { return nil }
        range = bounds[0]..<bounds[1]
      default: return nil
      }
    }
  }

  /// The formats that are asked for.
  var chosen: [any FuzzedFormat.Type] { formats.isEmpty ? AllFormats.all : formats.compactMap(AllFormats.named) }
}
