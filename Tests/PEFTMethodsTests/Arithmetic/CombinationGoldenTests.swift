import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// Combinations against Hugging Face PEFT's `add_weighted_adapter` and mergekit's formulae.
@Suite("Combinations equal the published ones") struct CombinationGoldenTests {
  static let fixture = GoldenFixture("combinations")

  static var labels: [String] {
    get throws { try (fixture.json("expected.json")["cases"]?.array ?? []).compactMap { $0["label"]?.string } }
  }

  @Test("Every type of hf gives what PEFT gives", arguments: try labels)
  func huggingFace(label: String) throws {
    let cases = try Self.fixture.json("expected.json")
    let entry = try #require(cases["cases"]?.array?.first { $0["label"]?.string == label })
    let names = (entry["adapters"]?.array ?? []).compactMap(\.string)
    let weights = (entry["weights"]?.array ?? []).compactMap(\.number)
    var options: JSONValue = [
      "combine": JSONValue(zip(names, weights).map { "\($1)*\($0)" }.joined(separator: " + ")), "convention": "hf",
      "type": JSONValue(entry["type"]?.string),
    ]
    if entry["type"]?.string?.hasPrefix("dare") == true { options["seed"] = JSONValue(cases["seed"]?.integer) }
    for (key, name) in [
      ("density", "density"), ("svd_rank", "rank"),
      ("majority_sign_method", "majority_sign_method"),
    ] {
      if let value = entry[key] { options[name] = JSONValue(value) }
    }
    let updates = try Self.updates(names, options)
    let expected = try Self.fixture.tensors("expected.safetensors")
    #expect(!updates.isEmpty)
    for update in updates {
      if expected.floats["\(label)/\(update.site).delta"] != nil {
        let delta = try expected.tensor("\(label)/\(update.site).delta").values
        expectClose(
          update.dense(workers: .one).floats, delta, relative: 1e-5, absolute: 1e-5, "\(label) \(update.site)")
      } else {
        let (a, b) = (
          try expected.tensor("\(label)/\(update.site).lora_A").values,
          try expected.tensor("\(label)/\(update.site).lora_B").values
        )
        expectClose(update.a, a, relative: 1e-5, absolute: 1e-6, "\(label) \(update.site) A")
        expectClose(update.b, b, relative: 1e-5, absolute: 1e-6, "\(label) \(update.site) B")
      }
      #expect(update.scale == 1)
    }
    #expect(Set(updates.map(\.site)) == Set(expected.names.filter { $0.hasPrefix(label + "/") }.map(Self.site)))
  }

  @Test("Every type of mergekit gives what its formulae give", arguments: CombinationKind.Mergekit.allCases)
  func mergekit(type: CombinationKind.Mergekit) throws {
    let cases = try Self.fixture.json("expected.json")
    let weights = try #require(cases["mergekit_weights"])
    var options: JSONValue = [
      "combine": JSONValue("\(weights["a"]?.number ?? 0)*a + \(weights["b"]?.number ?? 0)*b"),
      "convention": "mergekit", "type": JSONValue(type.rawValue), "rank": 24,
    ]
    if type.rawValue.hasPrefix("breadcrumbs") { options["gamma"] = JSONValue(cases["gamma"]?.number) }
    if type.rawValue.hasPrefix("della") { options["epsilon"] = JSONValue(cases["epsilon"]?.number) }
    if type.rawValue.hasPrefix("d") { options["seed"] = JSONValue(cases["seed"]?.integer) }
    if type != .taskArithmetic { options["density"] = JSONValue(cases["density"]?.number) }
    let expected = try Self.fixture.tensors("expected.safetensors")
    let updates = try Self.updates(["a", "b"], options)
    #expect(updates.count == 4)
    for update in updates {
      let delta = try expected.tensor("mergekit/\(type.rawValue)/\(update.site)").values
      expectClose(update.dense(workers: .one).floats, delta, relative: 1e-5, absolute: 1e-5, "\(type) \(update.site)")
    }
  }

  @Test("svd_clamp cuts PEFT's factors where PEFT does, and ours at the same quantile", arguments: [0.9, 0.2])
  func clamp(quantile: Double) throws {
    let expected = try Self.fixture.tensors("expected.safetensors")
    let name = try #require(expected.names.first { $0.hasPrefix("clamp/none/") && $0.hasSuffix(".lora_A") })
    let site = String(name.dropFirst("clamp/none/".count).dropLast(".lora_A".count))
    func factors(_ clamp: String) throws -> NearestLowRank {
      let (a, b) = (
        try expected.tensor("clamp/\(clamp)/\(site).lora_A"), try expected.tensor("clamp/\(clamp)/\(site).lora_B")
      )
      return NearestLowRank(
        a: DoubleMatrix(a.values, rows: a.shape[0], columns: a.shape[1]),
        b: DoubleMatrix(b.values, rows: b.shape[0], columns: b.shape[1]))
    }
    let (plain, cut) = (try factors("none"), try factors("\(quantile)"))
    let clamped = plain.clamped(at: quantile)
    expectClose(clamped.a.floats, cut.a.floats, relative: 1e-5, absolute: 1e-6, "A of PEFT")
    expectClose(clamped.b.floats, cut.b.floats, relative: 1e-5, absolute: 1e-6, "B of PEFT")

    func update(_ clamp: Double?) throws -> LowRankUpdate {
      let options: JSONValue = [
        "combine": "0.7*a - 0.4*b", "convention": "hf", "type": "svd", "svd_clamp": JSONValue(clamp),
      ]
      return try #require(Self.updates(["a", "b"], options).first { $0.site == site })
    }
    let (own, ownCut) = (try update(nil), try update(quantile))
    // The signs of singular vectors are free: PEFT's factors with ours.
    let signs = (0..<own.rank).map { r in
      (0..<own.inputs).reduce(0.0) { $0 + plain.a[r, $1] * Double(own.a[r * own.inputs + $1]) } < 0 ? -1.0 : 1.0
    }
    let (rank, inputs) = (own.rank, own.inputs)
    let turned = NearestLowRank(
      a: DoubleMatrix(
        plain.a.elements.enumerated().map { $1 * signs[$0 / inputs] }, rows: rank, columns: inputs),
      b: DoubleMatrix(
        plain.b.elements.enumerated().map { $1 * signs[$0 % rank] }, rows: own.outputs, columns: rank))
    expectClose(own.a, turned.a.floats, relative: 1e-4, absolute: 1e-4, "A")
    expectClose(ownCut.a, turned.clamped(at: quantile).a.floats, relative: 1e-4, absolute: 1e-4, "A, cut")
    expectClose(ownCut.b, turned.clamped(at: quantile).b.floats, relative: 1e-4, absolute: 1e-4, "B, cut")
    #expect(ownCut.a != own.a)
  }

  private static func site(_ name: String) -> String {
    name.split(separator: "/")[1].split(separator: ".").dropLast().joined(separator: ".")
  }

  private static func updates(_ names: [String], _ options: JSONValue) throws -> [LowRankUpdate] {
    var options = options
    options["adapters"] = .object(
      JSONObject(distinct: names.map { ($0, JSONValue(fixture.url($0).path)) }))
    let recipe = try makeRecipe(options)
    let files = try recipe.adapters.map { try AdapterFile.open($0.path) }
    let result = try recipe.combined(files, named: "combined") { _ in [] }
    return try LowRankUpdate.all(of: result.file, for: "the test")
  }
}

/// A recipe from its members.
func makeRecipe(_ options: JSONValue) throws -> CombinationRecipe {
  let text = DocumentText(name: "recipe", bytes: [])
  var reader = try OptionReader(value: DocumentValue(json: options, at: 0), text: text, what: "a combination")
  let recipe = try CombinationRecipe(reading: &reader)
  try reader.finish()
  return recipe
}
