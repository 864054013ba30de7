import Foundation
import PEFTBench
import PEFTCore
import PEFTMethods

/// The base model of adapters, read when something depends on it.
final class AdapterBase {
  private let path: String?
  private let context: ComputeContext
  private var loaded: (files: ModelFiles, base: LoadedBase)?
  private var hash: String?

  static let option = OptionSpec(
    long: "model", short: "m", valueName: "PATH",
    help: "The base model, where something depends on it; the one that the adapter names unless given.")

  init(_ arguments: ParsedArguments) throws {
    path = arguments.value("model")
    context = ComputeContext(
      threads: try arguments.integer("threads", in: 1...4096) ?? ProcessInfo.processInfo.activeProcessorCount)
  }

  /// The worker threads.
  var workers: Workers { context.workers }

  /// Whether a model was named, or an adapter's own is there.
  func isThere(for file: AdapterFile) -> Bool {
    guard path == nil else { return true }
    return file.baseModel.map { FileManager.default.fileExists(atPath: $0) } ?? false
  }

  /// The model with its weights.
  func model(of file: AdapterFile) throws -> LoadedBase {
    if let loaded { return loaded.base }
    let files = try files(of: file)
    let base = LoadedBase(
      model: try files.load(as: .auto, context: context), tokenizer: try? files.tokenizer(), context: context)
    loaded = (files, base)
    return base
  }

  /// The model, where one was named or an adapter's own can be read; nil else.
  ///
  /// - Throws: An `InputError` for one that was named and cannot be read.
  func modelIfThere(for files: [AdapterFile]) throws -> LoadedBase? {
    guard let file = files.first(where: isThere) else { return nil }
    return path == nil ? try? model(of: file) : try model(of: file)
  }

  /// The hash of its weights, as runs record it.
  func hash(of file: AdapterFile) throws -> String {
    if let hash { return hash }
    let found = try SealedFiles(try files(of: file).weightFiles()).sha256
    hash = found
    return found
  }

  private func files(of file: AdapterFile) throws -> ModelFiles {
    if let loaded { return loaded.files }
    guard let path = path ?? file.baseModel else {
      throw FileError(path: file.path, "does not name its base model: name it by --model")
    }
    do { return try ModelFiles.open(path) } catch let error as any InputError where self.path == nil {
      throw FileError(path: file.path, "its base model cannot be opened, name it by --model: \(error)")
    }
  }

  /// What adapters started from.
  func origins(common: String?) -> AdapterOrigins {
    AdapterOrigins(common: common, base: { try self.model(of: $0) }, modelHash: { try self.hash(of: $0) })
  }
}

/// A folder to be made for an adapter, which must not exist or be empty.
enum NewAdapterFolder {
  static let option = OptionSpec(
    long: "to", valueName: "DIR", isRequired: true, help: "The folder to make; it must not exist, or be empty.")

  /// The folder that `--to` names.
  static func path(_ arguments: ParsedArguments) throws -> String {
    let path = try arguments.required("to")
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    guard names.isEmpty else {
      let shown = names.prefix(3).joined(separator: ", ") + (names.count > 3 ? " and \(names.count - 3) more" : "")
      throw FileError(path: path, "is not empty: it has \(shown); name a new folder for the adapter")
    }
    return path
  }
}

/// How deviations from exact sums are shown.
enum DeviationReport {
  /// Prints the maps with the largest deviations, and all together.
  static func print(_ result: AdapterCombination, all: Bool, of what: String, to console: Console) {
    for note in result.notes { console.print("note: \(note)") }
    guard let list = result.deviations, let total = result.total else {
      if case .unmeasured(let reason) = result.exactness {
        console.print("how far the weight updates are from \(what) is not known: \(reason)")
      }
      return
    }
    let largest = list.sorted { ($0.relative ?? .infinity) > ($1.relative ?? .infinity) }
    var table = TextTable([.init(title: "map"), .init(title: "relative error", isNumber: true)])
    for deviation in all ? list : Array(largest.prefix(5)) { table.add([deviation.site, text(deviation)]) }
    if !all, list.count > 5 { table.add(["… \(list.count - 5) more (--all-maps)", ""]) }
    table.add(["all maps", text(total)])
    table.print(to: console)
    console.print("relative error: Frobenius norm of the difference from \(what), over that of \(what)")
  }

  static func json(_ result: AdapterCombination) -> JSONValue {
    var reason: String?
    if case .unmeasured(let text) = result.exactness { reason = text }
    return [
      "relative_error": JSONValue(result.total?.relative), "unmeasured": JSONValue(reason),
      "maps": .array(
        (result.deviations ?? []).map {
          [
            "map": JSONValue($0.site), "relative_error": JSONValue($0.relative), "difference": JSONValue($0.difference),
            "exact": JSONValue($0.exact),
          ]
        }),
      "notes": JSONValue(result.notes),
    ]
  }

  private static func text(_ deviation: AdapterCombination.Deviation) -> String {
    deviation.relative.map { $0 == 0 ? "0" : String(format: "%.2e", $0) }
      ?? (deviation.exact == 0 ? "∞ (the exact sum is zero)" : "not a number")
  }
}
