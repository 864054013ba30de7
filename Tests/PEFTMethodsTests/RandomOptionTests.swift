import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// Lists of options that nobody thought of: each is refused with a place, or attaches, learns, is saved and gives the same
/// bits when it is loaded.
@Suite("Random options of the methods") struct RandomOptionTests {
  private static let names = MethodRegistry.names.filter {
    !["none", "full", "galore", "combined", "qlora"].contains($0)
  }
  private static let count = 200

  @Test("Random lists of options are refused with a reason, or survive training and saving", arguments: names)
  func lists(name: String) throws {
    var taken = 0
    for index in 0..<Self.count {
      let model = MethodCase.models[index % MethodCase.models.count]
      let options = try RandomOptions(method: name, model: model, index: index).text
      let bench = try MethodBench(MethodCase(name: name, options: options, model: model))
      let before = bench.logits
      guard let attachment = try Self.attach(bench, options) else {
        #expect(bench.logits == before, "\(name) \(options): refused, but something is left on the model")
        continue
      }
      // A run refuses virtual tokens that leave its examples no positions; nothing below looks for that.
      let positions = bench.model.sequenceStart.count + MethodBench.ids.count
      if let limit = bench.model.positionLimit, positions > limit { continue }
      taken += 1
      bench.train(attachment, steps: 2)
      let after = bench.logits
      #expect(after.allSatisfy { $0.isFinite }, "\(name) \(options)")
      let folder = try TemporaryFolder()
      try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
      let other = try MethodBench(bench.method)
      let file = try AdapterFile.open(folder.path)
      let setting = AttachmentSetting(seeds: SeedStream(99), context: other.context)
      let again = try file.method().attach(to: other.model, with: setting)
      try file.load(into: again)
      if file.hasState || other.logits == after {
        expectClose(other.logits, after, relative: 1e-4, absolute: 1e-4)
      } else {
        Issue.record("\(name) \(options) on \(model): a loaded adapter gives other bits")
      }
    }
    #expect(taken > Self.count / 20, "\(name): of \(Self.count) lists only \(taken) are taken")
  }

  /// Nil where the options are refused, which a user must be able to understand.
  private static func attach(_ bench: MethodBench, _ options: String) throws -> AttachedMethod? {
    do {
      return try bench.attach()
    } catch let error as DocumentError {
      #expect(error.description.contains("options.json:"), "\(bench.method): \(error)")
    } catch let error as AttachError {
      #expect(!error.description.isEmpty)
    }
    return nil
  }
}

/// A seeded list of options for a method, from what the method says of its options.
private struct RandomOptions {
  let text: String

  init(method: String, model: String, index: Int) throws {
    let type = try #require(MethodRegistry.method(named: method))
    var draws = Draws(SeedStream(11).child(method).child(index))
    var members: [String] = []
    let options = try OptionReader.describing { _ = try type.init(reading: &$0) }
    // Of many options a few at a time: some exclude each other, and lists of ten would all be refused.
    let rarity = max(3, options.count / 4)
    // Ranks whose default is beyond what these tiny models take.
    let needsRank = ["shira", "miss"].contains(method)
    for option in options
    where option.isRequired || draws.below(rarity) == 0 || needsRank && option.name == "rank" {
      if let value = Self.value(of: option, model: model, &draws) { members.append("\"\(option.name)\": \(value)") }
    }
    text = "{\(members.joined(separator: ", "))}"
  }

  private static func value(of option: OptionDescription, model: String, _ draws: inout Draws) -> String? {
    let maps = model == "gpt2" ? ["c_attn", "c_fc", "mlp.c_proj"] : ["q_proj", "v_proj", "down_proj", "gate_proj"]
    switch option.name {
    case "target_modules":
      return draws.pick([
        "\"all-linear\"", "[\"\(draws.pick(maps))\"]", "[\"\(maps[0])\", \"\(maps[1])\"]", #"".*\\.0\\..*proj|.*c_fc""#,
      ])
    case "exclude_modules": return "[\"\(draws.pick(maps))\"]"
    case "feedforward_modules": return "[\"\(maps[2])\"]"
    case "layers_to_transform": return draws.pick(["[0]", "[1]", "[0, 1]", "[7]"])
    case "modules_to_save": return draws.pick(["[\"lm_head\"]", "[\"\(maps[0])\"]"])
    case "trainable_token_indices", "token_indices": return draws.pick(["[3]", "[5, 17, 62]", "[500]"])
    default: break
    }
    switch option.kind {
    case .bool: return draws.pick(["true", "false"])
    case .integer: return "\(draws.pick([1, 2, 3, 4, 4, 8, 8, 16, 0, 40]))"
    case .number: return draws.pick(["0", "0.1", "0.5", "1", "2", "-1"])
    case .choice: return "\"\(draws.pick(option.choices))\""
    case .integers: return draws.pick(["[1]", "[1, 2]"])
    case .object: return draws.pick(["{\"\(maps[0])\": 2}", "{\".*0.*\": 1}"])
    case .string, .strings, .numbers, .list, .named, .any: return nil
    }
  }

  /// Draws one after the other.
  private struct Draws {
    private let stream: SeedStream
    private var count = 0

    init(_ stream: SeedStream) { self.stream = stream }

    mutating func below(_ bound: Int) -> Int {
      count += 1
      return min(bound - 1, Int(stream.child(count).uniforms(1, in: 0...1)[0] * Float(bound)))
    }

    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
  }
}
