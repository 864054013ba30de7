import Foundation

/// How busy the machine is with other things.
struct MachineLoad {
  /// Threads that wanted to run in the last minute, on average; nil where the system does not tell.
  let average: Double?
  /// The machine's cores.
  let cores = ProcessInfo.processInfo.activeProcessorCount

  /// How many times as long as the fastest a pass may take on a quiet machine.
  static let mostUnsteadiness = 2.0

  init() {
    let text = try? String(contentsOfFile: "/proc/loadavg", encoding: .utf8)
    average = text?.split(separator: " ").first.flatMap { Double($0) }
  }

  /// Whether less than half of the cores are free.
  var isBusy: Bool { (average ?? 0) > Double(cores) / 2 }

  /// Bytes that programs can have without the system having to swap; nil where the system does not tell.
  static var availableBytes: Int? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") })
    else { return nil }
    return line.split(separator: " ").compactMap { Int($0) }.first.map { $0 * 1024 }
  }
}

/// How many workers and threads a sweep takes.
package enum SweepWorkers {
  /// Weights up to which a model is so small that a worker a core is faster than threads on one run.
  private static let smallWeightBytes = 256 << 20

  /// Workers for `--jobs auto`: one per core for small models if they fit into memory, else one.
  ///
  /// - Parameters:
  ///   - weightBytes: Bytes of the largest model's weights.
  ///   - threads: Threads that may be used in all.
  package static func count(weightBytes: Int, threads: Int) -> Int {
    count(weightBytes: weightBytes, threads: threads, availableBytes: MachineLoad.availableBytes)
  }

  static func count(weightBytes: Int, threads: Int, availableBytes: Int?) -> Int {
    guard weightBytes <= smallWeightBytes else { return 1 }
    // Weights, and activations with the optimizer's state of a usual run.
    let perWorker = 3 * weightBytes + 256 << 20
    let fitting = availableBytes.map { $0 / perWorker } ?? threads
    return max(1, min(threads, fitting))
  }
}
