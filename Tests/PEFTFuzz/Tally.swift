/// What the cases of one format came to.
struct Tally {
  var cases = 0
  var successes = 0
  /// Located errors by the name of their type.
  var errors: [String: Int] = [:]
  /// The slowest case and its milliseconds of processor time.
  var slowest = (number: 0, milliseconds: 0.0)
  /// The case that took most memory, and by how many bytes the process grew.
  var largest = (number: 0, bytes: 0)
  /// What is not allowed, with the case's number.
  var violations: [(number: Int, what: String)] = []

  /// One line of words and numbers, for the process that started this one.
  var line: String {
    let kinds = errors.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    return
      "tally \(cases) \(successes) \(slowest.number) \(slowest.milliseconds) \(largest.number) \(largest.bytes) \(kinds)"
  }

  init() {}

  /// Reads such a line.
  init?(line: some StringProtocol) {
    let words = line.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 8, words[0] == "tally", let cases = Int(words[1]), let successes = Int(words[2]),
      let slowest = Int(words[3]), let milliseconds = Double(words[4]), let largest = Int(words[5]),
      let bytes = Int(words[6])
    else { return nil }
    (self.cases, self.successes) = (cases, successes)
    self.slowest = (slowest, milliseconds)
    self.largest = (largest, bytes)
    for pair in words[7].split(separator: ",") {
      let parts = pair.split(separator: "=")
      if parts.count == 2 { errors[String(parts[0])] = Int(parts[1]) }
    }
  }

  /// Adds the cases of another part of the campaign.
  mutating func add(_ other: Tally) {
    cases += other.cases
    successes += other.successes
    errors.merge(other.errors, uniquingKeysWith: +)
    if other.slowest.milliseconds > slowest.milliseconds { slowest = other.slowest }
    if other.largest.bytes > largest.bytes { largest = other.largest }
    violations += other.violations
  }
}
