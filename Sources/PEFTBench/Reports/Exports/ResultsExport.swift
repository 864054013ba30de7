import Foundation
import PEFTCore

/// Another tool that results can be written for.
public enum ResultsExport: String, Sendable, CaseIterable {
  /// Event files of TensorBoard: a run's losses by step, and its scores and costs.
  case tensorboard
  /// JSON a run as Hugging Face PEFT's method_comparison has it.
  case peft
  /// The results file of lm-evaluation-harness, one a method and seed, with its samples.
  case lmEval = "lm-eval"
}

extension Report {
  /// Writes the complete runs for another tool.
  ///
  /// - Returns: The files, from the folder.
  /// - Throws: `InputError` where the folder cannot be written to, or a run's files cannot be read.
  public func export(for tool: ResultsExport, to folder: String) throws -> [String] {
    switch tool {
    case .tensorboard: try TensorBoardExport.write(self, to: folder)
    case .peft: try MethodComparisonExport.write(self, to: folder)
    case .lmEval: try HarnessExport.write(self, to: folder)
    }
  }

  /// A name of a file or folder made of a label: letters, digits, and dashes for the rest.
  static func fileName(_ label: String) -> String {
    let kept = String(
      String.UnicodeScalarView(
        label.unicodeScalars.map { scalar in
          let isKept =
            scalar.isASCII
            && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || "._=".unicodeScalars.contains(scalar))
          return isKept ? scalar : "-"
        }))
    // Neither a hidden file nor the folder above.
    let name = kept.split(separator: "-").map { $0.split(separator: ".").joined(separator: ".") }
      .filter { !$0.isEmpty }.joined(separator: "-")
    return name.isEmpty ? "run" : name
  }

  /// Makes a folder with all folders above it.
  static func makeFolder(_ path: String) throws(FileError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw FileError(path: path, "the folder cannot be made: \(error.localizedDescription)")
    }
  }
}
