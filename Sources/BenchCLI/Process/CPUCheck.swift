import Foundation

/// Refuses to start on a CPU that lacks the vector instructions which this binary was compiled for.
///
/// Without the check the first matrix product would end in an illegal instruction.
enum CPUCheck {
  #if CPU_X86_64_V4
    static let level = "x86-64-v4"
    static let requiredFeatures = ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]
  #elseif CPU_X86_64_V3
    static let level = "x86-64-v3"
    static let requiredFeatures = ["avx2", "fma", "f16c"]
  #elseif arch(arm64)
    static let level = "arm64"
    static let requiredFeatures: [String] = []
  #else
    static let level = "baseline"
    static let requiredFeatures: [String] = []
  #endif

  /// The refusal for this machine, or nil if the binary can run here.
  static func refusal() -> String? {
    guard !requiredFeatures.isEmpty, let data = FileManager.default.contents(atPath: "/proc/cpuinfo") else {
      // Where the features cannot be known, the build's word is taken.
      return nil
    }
    return refusal(level: level, required: requiredFeatures, cpuinfo: String(decoding: data, as: UTF8.self))
  }

  static func refusal(level: String, required: [String], cpuinfo: String) -> String? {
    guard let flags = cpuinfo.split(separator: "\n").first(where: { $0.hasPrefix("flags") }) else { return nil }
    let present = Set(flags.split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == ":" }))
    let missing = required.filter { !present.contains($0[...]) }
    guard !missing.isEmpty else { return nil }
    let fitting = Set(["avx2", "fma", "f16c"]).isSubset(of: Set(present.map(String.init))) ? "x86-64-v3" : "baseline"
    return """
      this binary was built for \(level) and needs \(missing.joined(separator: ", ")), which this CPU lacks.
      Build it on this machine, or with PEFT_BENCH_CPU=\(fitting) swift build -c release
      """
  }
}
