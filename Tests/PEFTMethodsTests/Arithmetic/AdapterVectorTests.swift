import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// Sums without an origin, as files.
@Suite("Vectors in files") struct AdapterVectorTests {
  private typealias Trained = CombinationIdentityTests.Trained

  private struct Bench {
    let folder: TemporaryFolder
    let a: Trained
    let b: Trained
    /// What an expression without an origin makes of both, written and read again.
    let vector: AdapterFile

    init(_ name: String, _ options: String, _ expression: String = "a") throws {
      folder = try TemporaryFolder()
      a = try Trained(name, options, steps: 3, in: folder)
      b = try Trained(name, options, steps: 4, in: folder)
      let path = "\(folder.path)/vector"
      let result = try Self.combined(expression, ["a": a.file, "b": b.file], from: [a, b])
      try result.file.write(to: path)
      vector = try AdapterFile.open(path)
    }

    static func combined(
      _ expression: String, _ files: [String: AdapterFile], from trained: [Trained], _ options: JSONValue = [:]
    ) throws -> AdapterCombination {
      let files = files.sorted { $0.key < $1.key }
      var options = options
      options["combine"] = JSONValue(expression)
      options["adapters"] = .object(JSONObject(distinct: files.map { ($0.key, JSONValue($0.value.path)) }))
      return try makeRecipe(options).combined(files.map(\.value), named: "sum") { file in
        try AdapterOrigins.checkIsTold(by: file)
        return trained.first { $0.file.path == file.path }?.origin ?? []
      }
    }

    func sum(_ expression: String, _ options: JSONValue = [:]) throws -> AdapterCombination {
      try Self.combined(expression, ["a": a.file, "b": b.file, "v": vector], from: [a, b], options)
    }
  }

  @Test(
    "A vector of a file is added as it is, to the origin that is named",
    arguments: [("ia3", "{}"), ("lora", #"{"rank": 2}"#), ("prompt-tuning", #"{"tokens": 3}"#)])
  func sums(name: String, options: String) throws {
    let bench = try Bench(name, options)
    #expect(bench.vector.isVector && bench.vector.origin == nil && !bench.a.file.isVector)
    let own = try bench.a.file.arrays()
    func expectAdapter(_ expression: String) throws {
      let sum = try bench.sum(expression)
      #expect(!sum.file.isVector)
      for (array, wanted) in zip(try sum.file.arrays(), own) {
        #expect(array.key == wanted.key)
        expectClose(array.values, wanted.values, relative: 3e-7, absolute: 1e-8, "\(expression) \(array.key)")
      }
    }
    try expectAdapter("origin(a) + v")
    try expectAdapter("v + origin(b)")
    try expectAdapter("origin + 0.5*v + 0.5*a")
    let alone = try bench.sum("2*v").file
    #expect(alone.isVector)
    for (array, part) in zip(try alone.arrays(), try bench.vector.arrays()) {
      #expect(array.values == part.values.map { 2 * $0 })
    }
    let error = #expect(throws: CheckpointError.self) { try bench.sum("origin + v") }
    #expect(error?.description.contains("is a vector, which has no origin") == true)
  }

  @Test("Where an adapter is wanted a vector is refused", arguments: [("ia3", "{}"), ("lora", #"{"rank": 2}"#)])
  func refused(name: String, options: String) throws {
    let bench = try Bench(name, options)
    for convention in ["delta", "hf"] {
      let error = #expect(throws: CheckpointError.self) {
        try bench.sum(
          "0.5*v + a", ["convention": JSONValue(convention), "type": convention == "hf" ? "linear" : "cat"])
      }
      #expect(error?.description.contains("is a vector, not an adapter") == true, "\(error?.description ?? "")")
    }
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
    let attachment = try bench.vector.method().attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    let error = #expect(throws: CheckpointError.self) { try bench.vector.load(into: attachment) }
    #expect(error?.description.contains("is a vector, not an adapter") == true)
    attachment.detach()
    #expect(throws: CheckpointError.self) {
      try LoRAConversion.convert(
        bench.vector, on: LoadedBase(model: model, tokenizer: nil, context: context), keeping: .rank(1), named: "x",
        workers: .one)
    }
  }

  @Test("No ones are taken off a compressed vector of scales, and it stays a vector")
  func compressed() throws {
    let bench = try Bench("ia3", "{}")
    let small = try CompressedAdapter(bench.vector, keeping: 0.5, as: .own)
    let largest = SparseVector(try bench.vector.arrays().flatMap(\.values), keeping: 0.5, as: .own)
    #expect(small.tensors.tensors.flatMap(\.values) == largest.dense)
    let path = "\(bench.folder.path)/small"
    try bench.vector.write(to: path, as: .compressed(small.tensors))
    let read = try AdapterFile.open(path)
    #expect(try read.isVector && small.file(named: "small").isVector)
    #expect(try read.arrays() == small.tensors.tensors)
  }

  @Test("Similarity takes nothing off a vector")
  func similarity() throws {
    let bench = try Bench("ia3", "{}")
    let origins = AdapterOrigins(
      common: nil, base: { file in throw FileError(path: file.path, "needs no model") }, modelHash: { _ in nil })
    let zeros = try origins.offset(of: bench.vector)
    #expect(zeros.map(\.key) == (try bench.vector.arrays().map(\.key)))
    #expect(zeros.allSatisfy { $0.values.allSatisfy { $0 == 0 } })
    #expect(throws: CheckpointError.self) { try origins.values(of: bench.vector) }
  }

  @Test("Factors that lead beyond 32-bit numbers are refused, and no deviation is made of what is no number")
  func finiteness() throws {
    let bench = try Bench("lora", #"{"rank": 2}"#)
    for (expression, options) in [
      ("origin + 1e300*a", [:]), ("1e60*a + b", ["convention": "delta"]),
      ("1e300*a + b", ["convention": "hf", "type": "linear"]),
    ] as [(String, JSONValue)] {
      let error = #expect(throws: CheckpointError.self) { try bench.sum(expression, options) }
      #expect(error?.description.contains("too large for 32-bit numbers") == true, "\(error?.description ?? "")")
    }
    typealias Deviation = AdapterCombination.Deviation
    #expect(Deviation(site: "", difference: .nan, exact: 0).relative == nil)
    #expect(Deviation(site: "", difference: .nan, exact: 1).relative == nil)
    #expect(Deviation(site: "", difference: .infinity, exact: .infinity).relative == nil)
    #expect(Deviation(site: "", difference: 0, exact: 0).relative == 0)
  }
}
