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
