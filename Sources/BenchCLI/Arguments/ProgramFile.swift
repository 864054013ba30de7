import Foundation

/// The program as others call it.
enum ProgramFile {
  /// Its name in help and messages.
  static let name = "peft-bench"

  /// Where this program lies, for scripts that start it elsewhere.
  static var path: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? Bundle.main.executablePath ?? name
  }
}
