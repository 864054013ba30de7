import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// What adapters started from that were trained from a combination, or are one.
@Suite("Origins of and from combinations") struct CombinationOriginTests {
  private typealias Trained = CombinationIdentityTests.Trained

  /// Two adapters of one origin and one of another.
  private struct Bench {
    let folder: TemporaryFolder
    let a: Trained
    let b: Trained
    let other: Trained

    init(_ name: String = "prompt-tuning", _ options: String = #"{"tokens": 3}"#) throws {
      folder = try TemporaryFolder()
      a = try Trained(name, options, steps: 3, in: folder)
      b = try Trained(name, options, steps: 4, in: folder)
      other = try Trained(name, options, seed: 2, steps: 3, in: folder)
    }

    var paths: [String: String] { ["a": a.file.path, "b": b.file.path, "c": other.file.path] }

    /// A recipe over the adapters `a`, `b` and `c`, or others.
    func members(_ expression: String, _ paths: [String: String]? = nil, _ options: JSONValue = [:]) -> JSONValue {
      let named = (paths ?? self.paths).sorted { $0.key < $1.key }.filter { expression.contains($0.key) }
      var options = options
      options["combine"] = JSONValue(expression)
      options["adapters"] = .object(JSONObject(distinct: named.map { ($0.key, JSONValue($0.value)) }))
      return options
    }

    func combined(_ members: JSONValue) throws -> AdapterFile {
      let recipe = try makeRecipe(members)
      return try recipe.combined(
        try recipe.adapters.map { try AdapterFile.open($0.path) }, named: "sum",
        origin: CombinationOriginTests.origins(recipe.origin).values
      ).file
    }

    /// A combination in a folder.
    func written(_ members: JSONValue, to name: String) throws -> AdapterFile {
      try combined(members).write(to: "\(folder.path)/\(name)")
      return try AdapterFile.open("\(folder.path)/\(name)")
    }

    /// An adapter that says that it was trained from a combination, as a run writes it.
    func trained(from members: JSONValue) throws -> AdapterFile {
      let hash = try makeRecipe(members).contentHash(AdapterFile.contentHash)
      let path = "\(folder.path)/trained"
      try a.file.write(to: path)
      try AdapterOrigin(
        method: "prompt-tuning", options: JSONObject(distinct: [(key: "tokens", value: 3)]), seed: 9, model: nil,
        adapter: AdapterOrigin.Adapter(source: members, hash: hash)
      ).write(in: path)
      return try AdapterFile.open(path)
    }
  }

  private static func origins(_ common: String? = nil) -> AdapterOrigins {
    AdapterOrigins(
      common: common,
      base: { _ in
        let context = ComputeContext(threads: 1)
        let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
        return LoadedBase(model: model, tokenizer: nil, context: context)
      }, modelHash: { _ in nil })
  }

  // MARK: - Trained from a combination

  @Test(
    "A training from a combination started from its very values",
    arguments: ["origin + 0.3*a - 2*b", "origin(c) + l*(a + b)", "origin + a"])
  func trainedFromSum(expression: String) throws {
    let bench = try Bench()
    let members = bench.members(expression, nil, expression.contains("l*") ? ["values": ["l": 0.25]] : [:])
    let file = try bench.trained(from: members)
    #expect(try Self.origins().values(of: file) == bench.combined(members).arrays())
    // Its vector is what it gained since then.
    let again = try bench.combined(bench.members("origin(t) + t", ["t": file.path]))
    #expect(try again.arrays() == file.arrays())
  }

  @Test("A combination of combinations, each with its own start, is made again too")
  func chain() throws {
    let bench = try Bench()
    let first = try bench.trained(from: bench.members("origin + 0.5*a + 0.5*b"))
    let moved = "\(bench.folder.path)/first"
    try first.write(to: moved)
    let members = bench.members("origin(t) + 2*t", ["t": moved])
    let file = try bench.trained(from: members)
    #expect(try Self.origins().values(of: file) == bench.combined(members).arrays())
  }

  @Test("Adapters that changed since, are gone, or say another start are refused by name")
  func changed() throws {
    let bench = try Bench()
    let file = try bench.trained(from: bench.members("origin + 0.5*a + 0.5*b"))
    func message() -> String {
      #expect(throws: CheckpointError.self) { try Self.origins().values(of: file) }?.description ?? ""
    }
    // b says now that it was drawn by another seed: the sum would be another one.
    try AdapterOrigin(
      method: "prompt-tuning", options: JSONObject(distinct: [(key: "tokens", value: 3)]), seed: 5, model: nil,
      adapter: nil
    ).write(in: bench.b.file.path)
    var text = message()
    #expect(text.contains("of whose adapters one has another content or another origin now"), "\(text)")
    #expect(text.contains("b=\(bench.b.file.path)"), "\(text)")
    try FileManager.default.removeItem(atPath: bench.b.file.path)
    text = message()
    #expect(text.contains("is not there; looked for it in \(bench.b.file.path)"), "\(text)")
  }

  // MARK: - A combination itself

  @Test("A sum of task vectors started from the origin that it was added to, whatever the factors")
  func sumOfVectors() throws {
    let bench = try Bench()
    let sum = try bench.written(bench.members("origin + 0.25*a + 0.5*b"), to: "sum")
    #expect(sum.origin == bench.a.file.origin && sum.origin != nil)
    #expect(try Self.origins().values(of: sum) == bench.a.origin)
    // Its vector is the sum of theirs, so that sums can be nested.
    let nested = try bench.combined(bench.members("origin + 2*s", ["s": sum.path])).arrays()
    let flat = try bench.combined(bench.members("origin + 0.5*a + b")).arrays()
    for (one, other) in zip(nested, flat) {
      expectClose(one.values, other.values, relative: 1e-6, absolute: 1e-7, one.key)
    }
    // On another origin it started from that one.
    let moved = try bench.written(bench.members("origin(c) + a"), to: "moved")
    #expect(moved.origin == bench.other.file.origin)
    let error = #expect(throws: CheckpointError.self) {
      try bench.combined(bench.members("origin + s + m", ["s": sum.path, "m": moved.path]))
    }
    #expect(error?.description.contains("started from other values") == true)
  }

  @Test("An origin that was named is the sum's; neutral values and sums of updates have none, and say so")
  func namedOrigins() throws {
    let bench = try Bench()
    let start = bench.other.file.path
    let sum = try bench.written(bench.members("origin + 0.5*a", nil, ["origin": JSONValue(start)]), to: "sum")
    #expect(sum.origin?.adapter?.source == JSONValue(start))
    #expect(try Self.origins().values(of: sum) == bench.other.file.arrays())
    let neutral = try bench.written(bench.members("origin + 0.5*a", nil, ["origin": "neutral"]), to: "neutral")
    #expect(neutral.origin == nil)
    #expect(try bench.written(bench.members("a - b"), to: "vector").origin == nil)

    let loras = try Bench("lora", #"{"rank": 2}"#)
    let updates = try loras.written(
      loras.members("0.5*a + 0.5*b", nil, ["convention": "delta", "type": "cat"]), to: "updates")
    #expect(updates.origin == nil)
    let error = #expect(throws: CheckpointError.self) {
      try loras.combined(loras.members("origin + u", ["u": updates.path]))
    }
    #expect(error?.description.contains("sums of weight updates do not: name an origin") == true)
  }

  @Test("A start that lies beside an adapter is found from the sum's folder too")
  func located() throws {
    let bench = try Bench()
    let path = bench.a.file.path
    try bench.other.file.write(to: "\(path)/start")
    let hash = try AdapterFile.contentHash(of: "\(path)/start")
    try AdapterOrigin(
      method: "prompt-tuning", options: JSONObject(distinct: [(key: "tokens", value: 3)]), seed: 1, model: nil,
      adapter: AdapterOrigin.Adapter(source: "start", hash: hash)
    ).write(in: path)
    let sum = try bench.written(bench.members("origin + 0.5*a"), to: "sum")
    #expect(sum.origin?.adapter?.source == JSONValue("\(path)/start"))
    #expect(try Self.origins().values(of: sum) == bench.other.file.arrays())
    let own = AdapterOrigin(
      method: "x", options: JSONObject(), seed: 1, model: nil,
      adapter: AdapterOrigin.Adapter(
        source: ["combine": "origin + s", "adapters": ["s": "start", "r": "gone"], "origin": "neutral"], hash: hash))
    #expect(
      own.located(beside: path).adapter?.source
        == ["combine": "origin + s", "adapters": ["s": JSONValue("\(path)/start"), "r": "gone"], "origin": "neutral"])
  }
}
