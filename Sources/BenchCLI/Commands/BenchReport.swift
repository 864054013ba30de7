import PEFTBench
import PEFTCore

/// What `bench` shows beside speed and memory: where the time goes, and how it scales.
enum BenchReport {
  /// Kernels by their share of the time, with the speed of products.
  static func profile(_ result: SpeedProbe.Result, steps: Int, peak: Double) -> TextTable {
    var table = TextTable([
      .init(title: "kernel"), .init(title: "calls", isNumber: true), .init(title: "ms a step", isNumber: true),
      .init(title: "share", isNumber: true), .init(title: "GFLOP/s", isNumber: true),
      .init(title: "of peak", isNumber: true),
    ])
    func add(_ name: String, calls: Int?, seconds: Double, operations: Double) {
      let speed = operations > 0 && seconds > 0 ? operations / seconds : nil
      table.add([
        name, calls.map { "\($0)" } ?? "", Format.decimal(1000 * seconds / Double(steps), digits: 1),
        Format.decimal(100 * seconds / result.trainingSeconds, digits: 1) + " %",
        speed.map { Format.decimal($0 * 1e-9, digits: 1) } ?? "",
        speed.map { Format.decimal(100 * $0 / peak, digits: 0) + " %" } ?? "",
      ])
    }
    for (kind, entry) in ordered(result) {
      add(kind.rawValue, calls: entry.calls, seconds: entry.seconds, operations: entry.operations)
    }
    add("between kernels", calls: nil, seconds: result.serialSeconds, operations: 0)
    let operations = result.kernels.values.reduce(0) { $0 + $1.operations }
    add("whole step", calls: nil, seconds: result.trainingSeconds, operations: operations)
    table.add(["matrix kernel in cache", "", "", "", Format.decimal(peak * 1e-9, digits: 1), "100 %"])
    func percent(_ share: Double?) -> String { share.map { Format.decimal(100 * $0, digits: 0) + " %" } ?? "" }
    table.add([
      "products, in turn with it", "", "", percent(result.turns.median(\.stepShareOfKernel)), "",
      percent(result.turns.median(\.kernelShareOfPeak)),
    ])
    return table
  }

  /// The same for machines.
  static func document(_ result: SpeedProbe.Result, peak: Double) -> JSONValue {
    let operations = result.kernels.values.reduce(0) { $0 + $1.operations }
    var kernels = JSONObject()
    for (kind, entry) in ordered(result) {
      kernels[kind.rawValue] = [
        "calls": JSONValue(entry.calls), "seconds": JSONValue(entry.seconds),
        "operations": JSONValue(entry.operations),
      ]
    }
    return [
      "seconds": JSONValue(result.trainingSeconds), "serial_seconds": JSONValue(result.serialSeconds),
      "operations_per_second": JSONValue(operations / result.trainingSeconds),
      "peak_operations_per_second": JSONValue(peak),
      "in_turn": [
        "kernel_share_of_peak": JSONValue(result.turns.median(\.kernelShareOfPeak)),
        "step_share_of_kernel": JSONValue(result.turns.median(\.stepShareOfKernel)),
      ],
      "kernels": .object(kernels),
    ]
  }

  /// Measured and projected speed-ups over one thread.
  static func threads(_ single: SpeedProbe.Result, against result: SpeedProbe.Result, threads: Int) -> TextTable {
    var table = TextTable([
      .init(title: "threads"), .init(title: "tokens/s", isNumber: true), .init(title: "speed-up", isNumber: true),
      .init(title: "projected", isNumber: true),
    ])
    table.add(["1", Format.decimal(single.tokensPerSecond, digits: 0), "1.00", "1.00"])
    let projected = single.projectedSpeedups
    let measured = result.tokensPerSecond / single.tokensPerSecond
    if threads > 1, !projected.contains(where: { $0.threads == threads }) {
      table.add([
        "\(threads)", Format.decimal(result.tokensPerSecond, digits: 0), Format.decimal(measured, digits: 2), "",
      ])
    }
    for (count, speedup) in projected {
      let isMeasured = count == threads
      table.add([
        "\(count)", isMeasured ? Format.decimal(result.tokensPerSecond, digits: 0) : "",
        isMeasured ? Format.decimal(measured, digits: 2) : "", Format.decimal(speedup, digits: 2),
      ])
    }
    return table
  }

  /// The same for machines.
  static func document(
    _ single: SpeedProbe.Result, against result: SpeedProbe.Result, threads: Int
  ) -> JSONValue {
    var projected = JSONObject()
    for (count, speedup) in single.projectedSpeedups { projected["\(count)"] = JSONValue(speedup) }
    return [
      "tokens_per_second": [
        "1": JSONValue(single.tokensPerSecond), "\(threads)": JSONValue(result.tokensPerSecond),
      ],
      "serial_fraction": JSONValue(single.serialSeconds / single.trainingSeconds),
      "projected_speedups": .object(projected),
    ]
  }

  /// Generation of one sequence, as rows of the table of speeds.
  static func add(_ stream: SingleStream, to table: inout TextTable) {
    let share = stream.tokensPerSecond / stream.boundTokensPerSecond
    table.add(["one sequence", "\(Format.decimal(stream.tokensPerSecond, digits: 1)) tokens/s"])
    table.add(["memory copies", "\(Format.decimal(stream.copiedBytesPerSecond * 1e-9, digits: 1)) GB/s"])
    table.add([
      "of copying the weights",
      "\(Format.decimal(100 * share, digits: 0)) % of "
        + "\(Format.decimal(stream.boundTokensPerSecond, digits: 0)) tokens/s",
    ])
  }

  /// The same for machines.
  static func document(_ stream: SingleStream) -> JSONValue {
    [
      "tokens_per_second": JSONValue(stream.tokensPerSecond),
      "copied_bytes_per_second": JSONValue(stream.copiedBytesPerSecond),
      "weight_bytes": JSONValue(stream.weightBytes),
      "bound_tokens_per_second": JSONValue(stream.boundTokensPerSecond),
    ]
  }

  private static func ordered(_ result: SpeedProbe.Result) -> [(KernelKind, KernelProfile.Entry)] {
    KernelKind.allCases.compactMap { kind in result.kernels[kind].map { (kind, $0) } }
      .sorted { $0.1.seconds > $1.1.seconds }
  }
}
