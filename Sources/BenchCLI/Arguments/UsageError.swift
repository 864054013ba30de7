import PEFTCore

/// A command line that cannot be understood.
struct UsageError: InputError {
  let message: String
  /// The command whose help page explains it; nil for the overview.
  let command: String?

  init(_ message: String, command: String?) {
    self.message = message
    self.command = command
  }

  /// An error about `word`, with the nearest of `candidates` or, if none is near, all of them.
  init(_ message: String, suggesting word: String, among candidates: [String], command: String?) {
    let hint =
      NearestName.of(word, among: candidates).map { "; did you mean \($0)?" }
      ?? (candidates.isEmpty ? "" : "; expected one of: \(candidates.joined(separator: ", "))")
    self.init(message + hint, command: command)
  }

  var description: String { command.map { "\($0): \(message)" } ?? message }
}
