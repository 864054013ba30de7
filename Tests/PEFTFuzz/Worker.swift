import Foundation
import PEFTCore

/// Carries out the cases of one format in this process, and prints what they came to.
///
/// The number of the case at hand stands in a file, so that whoever started this process knows which case took it down.
struct Worker {
  /// Name of the file with the number of the case at hand.
  static let markName = "case"
  /// How the process ends when a case takes too long.
  static let hangStatus: Int32 = 86

  let format: any FuzzedFormat.Type
  let options: Options
  /// A folder of its own.
  let folder: String

  func run(_ numbers: Range<Int>) throws {
    let instance = try format.init(corpus: Corpus(project: options.project))
    let places = try instance.samples.enumerated().map { index, sample in
      let place = "\(folder)/\(index)"
      for file in sample.files { try write(file.bytes, to: "\(place)/\(file.name)") }
      return place
    }
    // Undamaged, every sample must be readable or be refused in the proper way; and caches get filled.
    for (sample, place) in zip(instance.samples, places) {
      try instance.prepare(in: place)
      _ = outcome(instance, sample, place)
    }

    let mark = try FileHandle(forWritingTo: Self.markFile(in: folder))
    let watch = Watchdog(limit: options.seconds)
    var memory = MemoryWatch()
    var tally = Tally()
    for number in numbers {
      var random = CaseRandom(seed: options.seed, format: format.name, number: number)
      let index = random.below(instance.samples.count)
      let sample = instance.samples[index]
      let damaged = try damage(sample, in: places[index], &random)
      try mark.seek(toOffset: 0)
      try mark.write(contentsOf: Data("\(number)          ".utf8))
      try instance.prepare(in: places[index])
      memory.begin()
      watch.begin()
      let result = outcome(instance, sample, places[index])
      let milliseconds = watch.end()
      let bytes = memory.end()
      tally.cases += 1
      if tally.cases % 50 == 0 { say(tally.line) }
      switch result {
      case .success: tally.successes += 1
      case .refused(let kind): tally.errors[kind, default: 0] += 1
      case .violation(let what): say("violation \(number) \(what.replacing("\n", with: " "))")
      }
      if milliseconds > tally.slowest.milliseconds { tally.slowest = (number, milliseconds) }
      if bytes > tally.largest.bytes { tally.largest = (number, bytes) }
      let size = damaged.reduce(0) { $0 + $1.count }
      if bytes > 4 * size + 64 << 20 { say("violation \(number) took \(bytes >> 20) MiB for a file of \(size) bytes") }
      if milliseconds > options.seconds * 1000 { say("violation \(number) took \(Int(milliseconds)) ms") }
      for file in sample.files where file.mutation != nil { try write(file.bytes, to: "\(places[index])/\(file.name)") }
    }
    say(tally.line)
  }

  /// Leaves the files of one case in a folder, and says how reading them ends.
  func reproduce(_ number: Int, in target: String) throws {
    let instance = try format.init(corpus: Corpus(project: options.project))
    var random = CaseRandom(seed: options.seed, format: format.name, number: number)
    let sample = instance.samples[random.below(instance.samples.count)]
    for file in sample.files { try write(file.bytes, to: "\(target)/\(file.name)") }
    _ = try damage(sample, in: target, &random)
    print("The files are in \(target): \(sample.files.map(\.name).joined(separator: " "))")
    let watch = Watchdog(limit: options.seconds)
    try instance.prepare(in: target)
    watch.begin()
    do {
      try instance.read(sample, in: target)
      print("read without an error")
    } catch { print("\(type(of: error)): \(error)") }
    print("\(watch.end()) ms")
  }

  /// Prints at once: a report must not stay in a buffer when a case takes the process down.
  private func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

  static func markFile(in folder: String) -> URL { URL(filePath: "\(folder)/\(markName)") }

  private enum Outcome {
    case success
    case refused(String)
    case violation(String)
  }

  private func outcome(_ instance: any FuzzedFormat, _ sample: Sample, _ place: String) -> Outcome {
    do {
      try instance.read(sample, in: place)
      return .success
    } catch let violation as Violation {
      return .violation(violation.description)
    } catch let error as any InputError {
      let text = error.description
      // An error must say more than that there is one.
      return text.count < 8
        ? .violation("the error \(type(of: error)) says only \(text)")
        : .refused((error as? any CountedError)?.kind ?? "\(type(of: error))")
    } catch {
      return .violation("the error \(type(of: error)) is not one about input: \(error)")
    }
  }

  /// Damages one of a sample's files, seldom more, and writes it in place.
  private func damage(_ sample: Sample, in place: String, _ random: inout CaseRandom) throws -> [[UInt8]] {
    let damageable = sample.files.filter { $0.mutation != nil }
    let chosen = random.below(damageable.count)
    return try damageable.enumerated().map { index, file in
      guard let mutation = file.mutation, index == chosen || random.oneIn(12) else { return file.bytes }
      let bytes = mutation.apply(to: file.bytes, &random)
      try write(bytes, to: "\(place)/\(file.name)")
      return bytes
    }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let url = URL(filePath: path)
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      return try Data(bytes).write(to: url)
    }
    defer { close(descriptor) }
    _ = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
  }
}
