import Foundation
import Synchronization

/// Has the cases of every format carried out by processes of their own, two at a time, and goes on after a case that
/// took its process down.
final class Campaign: Sendable {
  /// Crashes of one format after which the rest of its cases is left out.
  private static let mostCrashes = 20

  private let options: Options
  private let folder: String
  private let tallies: Mutex<[Tally]>

  init(_ options: Options) throws {
    self.options = options
    // Memory rather than a disk, where there is such a folder: hundreds of thousands of files are written.
    let shared = FileManager.default.isWritableFile(atPath: "/dev/shm") ? "/dev/shm" : NSTemporaryDirectory()
    folder = options.folder ?? "\(shared)/peft-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    tallies = Mutex([Tally](repeating: Tally(), count: options.chosen.count))
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  /// Carries everything out; returns whether nothing happened that is not allowed.
  func run() -> Bool {
    defer { if options.folder == nil { try? FileManager.default.removeItem(atPath: folder) } }
    let formats = options.chosen
    DispatchQueue.concurrentPerform(iterations: formats.count) { index in
      let tally = carryOut(formats[index])
      tallies.withLock { $0[index] = tally }
    }
    let results = tallies.withLock { $0 }
    print(table(formats, results))
    var isClean = true
    for (format, tally) in zip(formats, results) {
      for violation in tally.violations.prefix(20) {
        isClean = false
        print(
          "\(format.name), case \(violation.number): \(violation.what)\n"
            + "  again: scripts/fuzz.sh --seed \(options.seed) --format \(format.name) --case \(violation.number)")
      }
    }
    return isClean
  }

  private func carryOut(_ format: any FuzzedFormat.Type) -> Tally {
    var tally = Tally()
    let count = (options.cases + format.thinning - 1) / format.thinning
    var next = 0
    var crashes = 0
    while next < count, crashes < Self.mostCrashes {
      let part: (tally: Tally, died: (number: Int, how: String)?)
      do { part = try worker(format, next..<count) } catch {
        tally.violations.append((next, "its process cannot be run: \(error)"))
        return tally
      }
      tally.add(part.tally)
      guard let died = part.died else { return tally }
      // What it told last may be a few cases old.
      tally.cases += died.number + 1 - next - part.tally.cases
      tally.violations.append((died.number, died.how))
      next = died.number + 1
      crashes += 1
    }
    return tally
  }

  private func worker(
    _ format: any FuzzedFormat.Type, _ numbers: Range<Int>
  ) throws -> (tally: Tally, died: (number: Int, how: String)?) {
    let place = "\(folder)/\(format.name)"
    try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
    let mark = Worker.markFile(in: place)
    try Data("\(numbers.lowerBound)".utf8).write(to: mark)
    let process = Process()
    process.executableURL = Bundle.main.executableURL
    process.arguments = [
      "--range", "\(numbers.lowerBound)-\(numbers.upperBound)", "--format", format.name, "--seed", "\(options.seed)",
      "--seconds", "\(options.seconds)", "--folder", place, "--project", options.project.path,
    ]
    let output = Pipe()
    process.standardOutput = output
    // What crashes writes a trace, of which the end is enough.
    let errors = FileHandle(forWritingAtPath: "/dev/null")
    process.standardError =
      ProcessInfo.processInfo.environment["PEFT_FUZZ_TRACE"] == nil ? errors : FileHandle.standardError
    process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { given, _ in
      given
    }
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    var tally = Tally()
    var violations: [(number: Int, what: String)] = []
    for line in text.split(separator: "\n") {
      if let found = Tally(line: line) { tally = found }
      let words = line.split(separator: " ", maxSplits: 2)
      if words.count == 3, words[0] == "violation", let number = Int(words[1]) {
        violations.append((number, String(words[2])))
      }
    }
    tally.violations = violations
    if process.terminationReason == .exit, process.terminationStatus == 0 { return (tally, nil) }
    let content = String(decoding: try Data(contentsOf: mark), as: UTF8.self)
    let number = Int(content.trimmingCharacters(in: .whitespaces)) ?? numbers.lowerBound
    let how =
      process.terminationReason == .exit && process.terminationStatus == Worker.hangStatus
      ? "hung for more than \(options.seconds) s" : "crashed with status \(process.terminationStatus)"
    return (tally, (number, how))
  }

  private func table(_ formats: [any FuzzedFormat.Type], _ tallies: [Tally]) -> String {
    var lines = [
      "| format | cases | read | refused | by kind of error | slowest, ms | most memory, MiB | not allowed |",
      "|---|--:|--:|--:|---|--:|--:|--:|",
    ]
    for (format, tally) in zip(formats, tallies) {
      let kinds = tally.errors.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) \($0.value)" }
      let milliseconds = (tally.slowest.milliseconds * 10).rounded() / 10
      lines.append(
        "| \(format.name) | \(tally.cases) | \(tally.successes) | \(tally.errors.values.reduce(0, +)) "
          + "| \(kinds.joined(separator: ", ")) | \(milliseconds) | \(tally.largest.bytes >> 20) | \(tally.violations.count) |"
      )
    }
    let cases = tallies.reduce(0) { $0 + $1.cases }
    let bad = tallies.reduce(0) { $0 + $1.violations.count }
    lines.append("\(cases) cases, seed \(options.seed): \(bad) with an outcome that is not allowed")
    return lines.joined(separator: "\n")
  }
}
