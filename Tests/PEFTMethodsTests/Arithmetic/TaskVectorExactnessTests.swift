import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// How far added task vectors are from the sum of the weight updates, of methods of every kind.
@Suite("Task vectors against exact sums of updates") struct TaskVectorExactnessTests {
  private typealias Trained = CombinationIdentityTests.Trained

  private static func base() throws -> LoadedBase {
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
    return LoadedBase(model: model, tokenizer: nil, context: context)
  }

  private static func combined(
    _ expression: String, _ a: Trained, _ b: Trained, on base: LoadedBase?
  ) throws -> AdapterCombination {
    let recipe = try makeRecipe([
      "combine": JSONValue(expression), "adapters": ["a": JSONValue(a.file.path), "b": JSONValue(b.file.path)],
    ])
    return try recipe.combined([a.file, b.file], named: "sum", base: base) { file in
      file.path == a.file.path ? a.origin : b.origin
    }
  }

  private static func reason(_ result: AdapterCombination) -> String {
    if case .unmeasured(let reason) = result.exactness { reason } else { "measured" }
  }

  @Test(
    "Updates that are linear in the parameters are added exactly",
    arguments: [("ia3", "{}"), ("bitfit", "{}"), ("beft", "{}"), ("ln-tuning", "{}"), ("shira", #"{"rank": 2}"#)])
  func linear(name: String, options: String) throws {
    let folder = try TemporaryFolder()
    let (a, b) = (try Trained(name, options, steps: 3, in: folder), try Trained(name, options, steps: 4, in: folder))
    let result = try Self.combined("origin + 0.7*a - 0.4*b", a, b, on: try Self.base())
    let relative = try #require(result.total?.relative)
    #expect(relative < 1e-4 && result.deviations?.allSatisfy { $0.exact > 0 } == true, "\(relative)")
    // What was multiplied into weights has been rounded, which is told.
    let isRounded = result.notes.contains { $0.contains("32-bit numbers") }
    #expect(isRounded == (name == "ia3") && (isRounded || relative < 1e-5), "\(result.notes)")
  }

  @Test(
    "Products of parameters and rotations are not, and a single adapter is always itself",
    arguments: [
      ("loha", #"{"rank": 2}"#), ("hira", #"{"rank": 2}"#), ("oft", #"{"block_size": 4}"#), ("vera", #"{"rank": 4}"#),
      ("lora", #"{"rank": 2, "dora": true}"#), ("lora", #"{"rank": 2}"#),
    ])
  func products(name: String, options: String) throws {
    let folder = try TemporaryFolder()
    let (a, b) = (try Trained(name, options, steps: 6, in: folder), try Trained(name, options, steps: 9, in: folder))
    let base = try Self.base()
    let half = try Self.combined("origin + 0.5*a - b", a, b, on: base)
    #expect(try #require(half.total?.relative) > 1e-4, "\(name)")
    // LoRA's difference is decomposed, where two equal products leave a rounding.
    for alone in ["origin + a", "origin + (a + b) - b"] {
      let relative = try #require(Self.combined(alone, a, b, on: base).total?.relative)
      #expect(relative < 1e-7, "\(name): \(alone): \(relative)")
    }
    // Nothing stays attached, and the weights are what they were.
    #expect(base.model.sites.allSatisfy { !$0.isOccupied })
  }

  @Test("Where there is no distance, or nothing to measure by, the reason is said")
  func reasons() throws {
    let folder = try TemporaryFolder()
    let base = try Self.base()
    func pair(_ name: String, _ options: String) throws -> (Trained, Trained) {
      (try Trained(name, options, steps: 2, in: folder), try Trained(name, options, steps: 3, in: folder))
    }
    let (a, b) = try pair("loha", #"{"rank": 2}"#)
    let without = Self.reason(try Self.combined("origin + a - b", a, b, on: nil))
    #expect(without.contains("updates of loha are read off the merged weights of the base model"), "\(without)")
    let vector = Self.reason(try Self.combined("a - b", a, b, on: base))
    #expect(vector.contains("a vector changes no weight before it is added to an origin"), "\(vector)")
    let (p, q) = try pair("prompt-tuning", #"{"tokens": 3}"#)
    let prompts = Self.reason(try Self.combined("origin + a", p, q, on: base))
    #expect(prompts.contains("virtual tokens and prefixes cannot be merged into the weights"), "\(prompts)")
    let (m, n) = try pair("adapter", "{}")
    let networks = Self.reason(try Self.combined("origin + a - b", m, n, on: base))
    #expect(networks.contains("have a non-linearity"), "\(networks)")
  }
}
