// swift-tools-version: 6.1
import Foundation
import PackageDescription

// Vector code needs the CPU's features at compile time: without them a fused multiply-add becomes a
// library call and the kernels run a hundred times slower. The level is taken from the machine that
// builds, or from PEFT_BENCH_CPU=baseline|x86-64-v3|x86-64-v4|arm64|native to build for another one.

enum CPULevel: String {
  case baseline
  case v3 = "x86-64-v3"
  case v4 = "x86-64-v4"
  /// Another architecture than the machine's: this file sees the machine that builds, not the one that is built for.
  case arm64

  static var ofThisMachine: CPULevel {
    guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
    else { return .baseline }
    let flags = Set(line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init))
    if flags.isSuperset(of: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]) {
      return .v4
    }
    return flags.isSuperset(of: ["avx2", "fma", "f16c"]) ? .v3 : .baseline
  }

  static var chosen: CPULevel {
    guard let wish = ProcessInfo.processInfo.environment["PEFT_BENCH_CPU"], wish != "native", !wish.isEmpty
    else { return ofThisMachine }
    guard let level = CPULevel(rawValue: wish) else {
      fatalError("PEFT_BENCH_CPU=\(wish) is none of baseline, x86-64-v3, x86-64-v4, arm64, native")
    }
    return level
  }

  var compilerFlags: [String] {
    let features: [String]
    switch self {
    case .baseline, .arm64: features = []
    case .v3: features = ["-mavx2", "-mfma", "-mf16c"]
    case .v4:
      features = [
        "-mavx2", "-mfma", "-mf16c", "-mavx512f", "-mavx512bw", "-mavx512cd", "-mavx512dq", "-mavx512vl",
        "-mprefer-vector-width=512",
      ]
    }
    return features.flatMap { ["-Xcc", $0] }
  }

  /// Conditions that the sources test with `#if`.
  var defines: [SwiftSetting] {
    switch self {
    case .baseline, .arm64: []
    case .v3: [.define("CPU_X86_64_V3")]
    case .v4: [.define("CPU_X86_64_V4")]
    }
  }
}

#if arch(x86_64)
  let level = CPULevel.chosen
  let levelFlags = level.compilerFlags
  let levelDefines = level.defines
#else
  // NEON belongs to every arm64 CPU, so there is nothing to choose.
  let levelFlags: [String] = []
  let levelDefines: [SwiftSetting] = []
#endif

let languageSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// PEFTBench and the rooms inside it that are targets of their own.
let benchTargets: [Target.Dependency] = ["TableFiles", "CodeMetrics", "SmallWorld", "PEFTBench", "Reporting"]

let package = Package(
  name: "peft-bench",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "peft-bench", targets: ["BenchCLI"]),
    .library(name: "PEFTCore", targets: ["PEFTCore"]),
    .library(name: "PEFTMethods", targets: ["PEFTMethods"]),
  ],
  targets: [
    .target(
      name: "PEFTCore",
      swiftSettings: languageSettings + levelDefines + [
        .unsafeFlags(levelFlags),
        // Debug builds optimise the numeric target too, and as a whole, since its kernels are calls otherwise: the tests
        // take half the time. The other targets are compiled several times as fast without.
        .unsafeFlags(
          ["-O", "-whole-module-optimization", "-num-threads", "2", "-disable-batch-mode"],
          .when(configuration: .debug)),
      ]),
    .target(name: "PEFTMethods", dependencies: ["PEFTCore"], swiftSettings: languageSettings),
    // PEFTBench has inner walls: rooms that need little of the others are targets of their own in its folder.
    .target(
      name: "TableFiles", dependencies: ["PEFTCore"], path: "Sources/PEFTBench/TableFiles",
      swiftSettings: languageSettings),
    .target(
      name: "CodeMetrics", dependencies: ["PEFTCore"], path: "Sources/PEFTBench/CodeMetrics",
      swiftSettings: languageSettings),
    .target(
      name: "SmallWorld", dependencies: ["PEFTCore"], path: "Sources/PEFTBench/SmallWorld",
      swiftSettings: languageSettings),
    .target(
      name: "PEFTBench", dependencies: ["PEFTCore", "PEFTMethods", "TableFiles", "CodeMetrics", "SmallWorld"],
      exclude: ["TableFiles", "CodeMetrics", "SmallWorld", "Reporting"],
      resources: [.embedInCode("Configuration/methods.yaml")],
      swiftSettings: languageSettings),
    .target(
      name: "Reporting", dependencies: ["PEFTCore", "PEFTMethods", "PEFTBench", "TableFiles", "CodeMetrics"],
      path: "Sources/PEFTBench/Reporting",
      resources: [
        "Figures/dark.css", "Figures/figures.css", "Figures/light.css", "HTML/Page/answers.js",
        "HTML/Page/confusion.js",
        "HTML/Page/dom.js", "HTML/Page/explorer.js", "HTML/Page/page.css", "HTML/Page/page.js", "HTML/Page/plot.js",
        "HTML/Page/theme.js",
      ].map { .embedInCode($0) }, swiftSettings: languageSettings),
    .executableTarget(
      name: "BenchCLI",
      dependencies: ["PEFTCore", "PEFTMethods"] + benchTargets,
      swiftSettings: languageSettings + levelDefines),
    .target(
      name: "PEFTTestSupport", dependencies: ["PEFTCore"], path: "Tests/PEFTTestSupport",
      swiftSettings: languageSettings),
    // Damaged files for every reader; a program, so that a crash ends a process and not the tests.
    .executableTarget(
      name: "peft-fuzz", dependencies: ["PEFTCore", "PEFTMethods"] + benchTargets, path: "Tests/PEFTFuzz",
      swiftSettings: languageSettings),
    .testTarget(
      name: "PEFTCoreTests", dependencies: ["PEFTCore", "PEFTTestSupport"], swiftSettings: languageSettings),
    .testTarget(
      name: "PEFTMethodsTests", dependencies: ["PEFTCore", "PEFTMethods", "PEFTTestSupport"],
      swiftSettings: languageSettings),
    .testTarget(
      name: "PEFTBenchTests", dependencies: ["PEFTCore", "PEFTMethods", "PEFTTestSupport"] + benchTargets,
      swiftSettings: languageSettings),
    .testTarget(
      name: "BenchCLITests", dependencies: ["BenchCLI", "peft-fuzz", "PEFTTestSupport"], swiftSettings: languageSettings
    ),
  ],
  swiftLanguageModes: [.v6]
)
