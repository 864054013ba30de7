import Foundation
import PEFTBench
import PEFTCore
import Synchronization

/// The two streams of the program: results on standard output, everything else on standard error.
///
/// This is the one way out for text: control characters, escape sequences and what turns the direction of writing come
/// from names, records and files, and are shown by their codes. May be used from any thread. Live lines at the bottom of a terminal give way to whatever is printed.
final class Console: Sendable {
  let outputTraits: TerminalTraits
  let diagnosticTraits: TerminalTraits

  private struct State {
    var pending: [UInt8] = []
    var live: [String] = []
    var isQuiet = false
    var outlivesReader = false
  }
  private let state = Mutex(State())

  init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    outputTraits = TerminalTraits(descriptor: STDOUT_FILENO, environment: environment)
    diagnosticTraits = TerminalTraits(descriptor: STDERR_FILENO, environment: environment)
  }

  /// Whether notes and progress are left out.
  var isQuiet: Bool {
    get { state.withLock { $0.isQuiet } }
    set { state.withLock { $0.isQuiet = newValue } }
  }

  /// Whether the command goes on without a reader of standard output, and ends with its own status.
  ///
  /// For one whose work or verdict counts beside what it prints. Of a listing the reader has seen enough: it ends at once,
  /// with 0.
  var outlivesReader: Bool {
    get { state.withLock { $0.outlivesReader } }
    set { state.withLock { $0.outlivesReader = newValue } }
  }

  // MARK: - Results

  /// Writes a line (or several) of the result.
  func print(_ text: String) { write(Array(Self.shown(text).utf8) + [0x0A]) }

  /// Writes a result as indented JSON.
  func print(json value: JSONValue) { print(data: value.prettyText, isJSON: true) }

  /// Writes one line of a JSONL result.
  func print(line value: JSONValue) { print(data: String(decoding: value.line, as: UTF8.self), isJSON: true) }

  /// Writes a document as it is, but for what a terminal would obey.
  func print(document text: String) { print(data: text, isJSON: false) }

  private func print(data text: String, isJSON: Bool) {
    guard outputTraits.isTerminal else { return write(Array(text.utf8)) }
    let shown =
      isJSON ? VisibleText.json(text) : VisibleText.of(text.replacing("\r\n", with: "\n"), keepsLines: true)
    write(Array(shown.utf8))
  }

  private func write(_ bytes: [UInt8]) {
    state.withLock { state in
      state.pending += bytes
      if outputTraits.isTerminal || state.pending.count >= 1 << 16 { flush(&state) }
    }
  }

  /// Sends what is written so far; a command that answers line by line calls it after each answer.
  func flush() { state.withLock { flush(&$0) } }

  // MARK: - Diagnostics

  /// Says what went wrong.
  func error(_ message: String) {
    diagnostic(diagnosticTraits.styled("error:", .red) + " " + VisibleText.shortened(Self.harmless(message)))
  }

  /// Says what is doubtful, also when quiet.
  func warning(_ message: String) {
    diagnostic(diagnosticTraits.styled("warning:", .yellow) + " " + VisibleText.shortened(Self.harmless(message)))
  }

  /// Says something that may help, unless quiet.
  func note(_ message: String) { if !isQuiet { diagnostic(VisibleText.shortened(Self.harmless(message))) } }

  /// Writes a line to standard error, whatever its kind.
  func diagnostic(_ text: String) {
    let text = Self.shown(text)
    state.withLock { state in
      // What was printed before comes before, where both streams go to one place.
      flush(&state)
      Self.send(Array("\(Self.clearing(state.live))\(text)\n\(Self.drawing(state.live))".utf8), to: STDERR_FILENO)
    }
  }

  /// Replaces the lines at the bottom of the terminal; without effect elsewhere and when quiet.
  ///
  /// - Parameter lines: None longer than `liveSize` allows.
  func setLive(_ lines: [String]) {
    guard diagnosticTraits.isTerminal else { return }
    let lines = lines.map { VisibleText.of($0) }
    state.withLock { state in
      guard !state.isQuiet, lines != state.live else { return }
      // Written over line by line: a terminal that shows a picture half drawn never shows an empty one.
      let text = Self.homing(state.live) + lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J"
      state.live = lines
      Self.send(Array(text.utf8), to: STDERR_FILENO)
    }
  }

  /// Replaces the line at the bottom of the terminal; without effect elsewhere and when quiet.
  func setLiveLine(_ text: String) { setLive([text]) }

  /// Takes the live lines away.
  func clearLive() {
    state.withLock { state in
      guard !state.live.isEmpty else { return }
      let text = Self.clearing(state.live)
      state.live = []
      Self.send(Array(text.utf8), to: STDERR_FILENO)
    }
  }

  /// Columns and rows that live lines may take now; people change the size of their windows.
  var liveSize: (columns: Int, rows: Int) {
    let traits = TerminalTraits(descriptor: STDERR_FILENO)
    return (traits.width - 1, max(1, traits.height - 2))
  }

  /// The cursor is after the last line: back to the beginning of the first, and clear from there.
  private static func clearing(_ lines: [String]) -> String { lines.isEmpty ? "" : homing(lines) + "\u{1B}[J" }

  private static func homing(_ lines: [String]) -> String {
    lines.isEmpty ? "" : "\r" + String(repeating: "\u{1B}[A", count: lines.count - 1)
  }

  private static func drawing(_ lines: [String]) -> String { lines.joined(separator: "\n") }

  /// A text of several lines in which nothing acts on a terminal, for whoever measures or folds it.
  static func harmless(_ text: String) -> String { VisibleText.of(text, keepsLines: true) }

  /// The same, with the program's own styles as escape sequences.
  private static func shown(_ text: String) -> String {
    var result = ""
    for piece in Self.pieces(of: text) {
      if let style = piece.first.flatMap(TerminalTraits.Style.init(mark:)) {
        result += style.sequence
      } else {
        result += harmless(String(piece))
      }
    }
    return result
  }

  /// The text cut before and after each mark of a style.
  private static func pieces(of text: String) -> [Substring.UnicodeScalarView] {
    let scalars = text[...].unicodeScalars
    var pieces: [Substring.UnicodeScalarView] = []
    var start = scalars.startIndex
    for index in scalars.indices where TerminalTraits.Style(mark: scalars[index]) != nil {
      let next = scalars.index(after: index)
      pieces += [scalars[start..<index], scalars[index..<next]]
      start = next
    }
    return (pieces + [scalars[start...]]).filter { !$0.isEmpty }
  }

  private func flush(_ state: inout State) {
    guard !state.pending.isEmpty else { return }
    if outputTraits.isTerminal { Self.send(Array(Self.clearing(state.live).utf8), to: STDERR_FILENO) }
    let problem = Self.send(state.pending, to: STDOUT_FILENO)
    state.pending = []
    if outputTraits.isTerminal { Self.send(Array(Self.drawing(state.live).utf8), to: STDERR_FILENO) }
    switch problem {
    case 0: break
    case EPIPE:
      // The reader has seen enough; that is not a failure.
      if !state.outlivesReader { _exit(ExitStatus.done.rawValue) }
    default:
      let reason = String(cString: strerror(problem))
      Self.send(Array("error: cannot write to standard output: \(reason)\n".utf8), to: STDERR_FILENO)
      _exit(ExitStatus.failed.rawValue)
    }
  }

  /// Writes all bytes; returns 0 or the error's number.
  @discardableResult private static func send(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count > 0 {
          rest = rest.dropFirst(count)
        } else if errno == EAGAIN {
          var event = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&event, 1, -1)
        } else if errno != EINTR {
          return errno
        }
      }
      return 0
    }
  }
}
