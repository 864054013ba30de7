import Foundation
import PEFTCore
import PEFTMethods
import PEFTTestSupport
import Testing

@testable import PEFTBench

/// PEFT-Factory's methods by its own keys.
@Suite("PEFT-Factory's methods") struct FactoryMethodTests {
  private static func configuration(_ entry: String) throws -> RunConfiguration {
    let text = "model: m\nmethods: [\(entry)]\n"
    return try RunConfiguration(try ConfigFile.read(DocumentText(name: "run.yaml", bytes: Array(text.utf8))))
  }

  /// An entry as a config of PEFT-Factory would have it, small enough for a model that is 16 wide.
  static let entries: [String: String] = [
    "LoRA": "{finetuning_type: lora, lora_rank: 4, lora_dropout: 0.0, use_rslora: false}",
    "QLoRA": "{finetuning_type: lora, lora_rank: 4, quantization_bit: 4, double_quantization: true}",
    "DoRA": "{finetuning_type: lora, lora_rank: 4, use_dora: true, lora_target: 'q_proj,v_proj'}",
    "PiSSA": "{finetuning_type: lora, lora_rank: 4, pissa_init: true, pissa_iter: 16, pissa_convert: true}",
    "LoRA+": "{finetuning_type: lora, lora_rank: 4, loraplus_lr_ratio: 16.0, loraplus_lr_embedding: 1.0e-6}",
    "OFT": "{finetuning_type: oft, oft_rank: 0, oft_block_size: 4, oft_target: all, module_dropout: 0.0}",
    "GaLore":
      "{finetuning_type: full, use_galore: true, galore_rank: 4, galore_update_interval: 1, galore_scale: 0.25, galore_target: all, galore_layerwise: false}",
    "Prompt Tuning": "{finetuning_type: prompt-tuning, num_virtual_tokens: 5}",
    "MPT": "{finetuning_type: mtp, num_virtual_tokens: 5, prompt_tuning_init: RANDOM, num_ranks: 2, num_tasks: 3}",
    "Prefix Tuning":
      "{finetuning_type: prefix-tuning, num_virtual_tokens: 5, prefix_projection: true, encoder_hidden_size: 8}",
    "P-Tuning v2": "{finetuning_type: prefix-tuning, num_virtual_tokens: 5, prefix_projection: false}",
    "P-Tuning":
      "{finetuning_type: p-tuning, num_virtual_tokens: 5, encoder_reparameterization_type: MLP, encoder_hidden_size: 8, encoder_num_layers: 2}",
    "LNTuning": "{finetuning_type: lntuning}",
    "IA3": "{finetuning_type: ia3, init_ia3_weights: true}",
    "Bottleneck": "{finetuning_type: bn-adapter, reduction_factor: 4, mh_adapter: true, output_adapter: true}",
    "Sequential Bottleneck": "{finetuning_type: seq-bn-adapter, reduction_factor: 4, residual_before_ln: true}",
    "Parallel": "{finetuning_type: par-adapter, reduction_factor: 4, adapter_name: default}",
    "BitFit": "{finetuning_type: bitfit}",
    "SVFT": "{finetuning_type: svft, off_diag: 2, pattern: banded, fill_orthonormal: false}",
  ]

  @Test("Each has a method here, and its options are options of that")
  func table() throws {
    #expect(Set(FactoryMethod.all.map(\.title)).count == FactoryMethod.all.count)
    for method in FactoryMethod.all {
      let options = try #require(MethodConfiguration.options(ofMethod: method.method), "\(method.title)")
      for option in method.options {
        guard case .option(let name) = option.meaning else { continue }
        // A source adapter is a key of the entry and no option of the method.
        #expect(name == "init_from" || options.contains { $0.name == name }, "\(method.title): \(name)")
      }
      // The first one that an entry asks for is meant.
      #expect(Self.entries[method.title] != nil, "\(method.title)")
    }
  }

  @Test("Each trains two steps from PEFT-Factory's keys", arguments: FactoryMethod.all.map(\.title))
  func trains(title: String) throws {
    let method = try #require(FactoryMethod.all.first { $0.title == title })
    let configuration = try Self.configuration(try #require(Self.entries[title]))
    let entry = try #require(configuration.methods.first)
    #expect(entry.name == method.method && entry.label == method.method)
    let context = ComputeContext(threads: 1)
    let folder = FileManager.default.temporaryDirectory.appending(path: "nf4-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    var path = GoldenFixture("models/llama").folder.path
    if title == "QLoRA" {
      // The tiny models' rows are shorter than a block.
      path = folder.path
      _ = try ModelQuantizer.writeNF4(ModelFiles.open(GoldenFixture.package.path + "/models/mini"), to: path)
    }
    let model = try ModelFiles.open(path).load(as: .auto, context: context)
    let attachment = try entry.attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    let optimizer = Optimizer(
      .adamW(), groups: try #require(attachment.groups(under: .adamW())), weightDecay: 0, maximumGradientNorm: nil,
      context: context)
    let before = attachment.parameters.map(\.value.values)
    for _ in 0..<2 {
      let tape = Tape(context: context, recording: true)
      var (forest, root) = model.startForest()
      let segment = forest.add(.tokens([5, 17, 80, 3, 41]), under: root)
      let rows = forest.segments[segment].rows
      let labels = [LabelledPosition(row: rows.upperBound - 1, target: 9, weight: 1)]
      let loss = model.loss(
        of: labels, hidden: model.hiddenStates(forest, reading: labels.map(\.row), on: tape), on: tape)
      tape.runBackward()
      #expect(loss.isFinite)
      optimizer.step(learningRate: 1e-2, gradientNorm: optimizer.gradientNorm())
    }
    let after = attachment.parameters.map(\.value.values)
    #expect(!after.isEmpty && zip(before, after).contains { $0 != $1 })
  }

  @Test("An entry means what it means there, defaults included")
  func meaning() throws {
    func resolved(_ entry: String) throws -> JSONValue {
      guard case .array(let methods)? = try Self.configuration(entry).resolvedJSON["methods"] else { return .null }
      return methods[0]
    }
    for (theirs, ours) in [
      ("{finetuning_type: lora}", "{name: lora, alpha: 16, target_modules: all-linear}"),
      ("{finetuning_type: lora, lora_rank: 4}", "{name: lora, rank: 4, alpha: 8, target_modules: all-linear}"),
      (
        "{finetuning_type: lora, lora_rank: 4, lora_alpha: null}",
        "{name: lora, rank: 4, alpha: 8, target_modules: all-linear}"
      ),
      ("{finetuning_type: lora, rank: 4}", "{name: lora, rank: 4, alpha: 8, target_modules: all-linear}"),
      ("{finetuning_type: lora, r: 4}", "{name: lora, rank: 4, alpha: 8, target_modules: all-linear}"),
      ("{finetuning_type: lora, lora_rank: null}", "{name: lora, alpha: 16, target_modules: all-linear}"),
      ("{finetuning_type: lora, alpha: 4}", "{name: lora, alpha: 4, target_modules: all-linear}"),
      (
        "{finetuning_type: lora, target_modules: [q_proj], lora_target: null}",
        "{name: lora, alpha: 16, target_modules: [q_proj]}"
      ),
      ("{finetuning_type: lora, quantization_bit: null}", "{name: lora, alpha: 16, target_modules: all-linear}"),
      (
        "{finetuning_type: lora, lora_rank: 4, lora_alpha: 4, lora_target: q_proj, additional_target: lm_head}",
        "{name: lora, rank: 4, alpha: 4, target_modules: [q_proj], modules_to_save: [lm_head]}"
      ),
      ("{finetuning_type: lora, use_dora: false}", "{name: lora, alpha: 16, target_modules: all-linear}"),
      ("{finetuning_type: lora, use_dora: true}", "{name: dora, alpha: 16, target_modules: all-linear}"),
      ("{finetuning_type: prefix-tuning, num_virtual_tokens: 5}", "{name: prefix-tuning, tokens: 5, init: random}"),
      (
        "{finetuning_type: prefix-tuning, num_virtual_tokens: 5, prefix_projection: false}",
        "{name: p-tuning-v2, tokens: 5, init: random}"
      ),
      (
        "{finetuning_type: prefix-tuning, num_virtual_tokens: 5, prefix_projection: true}",
        "{name: prefix-tuning, tokens: 5, projection: true, init: random}"
      ),
      ("{finetuning_type: prompt-tuning, num_virtual_tokens: 5}", "{name: prompt-tuning, tokens: 5, init: vocabulary}"),
      (
        "{finetuning_type: prompt-tuning, num_virtual_tokens: 5, prompt_tuning_init: RANDOM}",
        "{name: prompt-tuning, tokens: 5, init: random}"
      ),
      (
        "{finetuning_type: prompt-tuning, num_virtual_tokens: 5, prompt_tuning_init_text: Answer}",
        "{name: prompt-tuning, tokens: 5, init_text: Answer}"
      ),
      ("{finetuning_type: full, use_galore: true}", "{name: galore}"),
      (
        "{finetuning_type: full, use_galore: true, galore_rank: 4, galore_update_interval: 50, galore_target: all}",
        "{name: galore, rank: 4, update_interval: 50, target_modules: all-linear}"
      ),
      ("{finetuning_type: bn-adapter}", "{name: adapter, non_linearity: silu}"),
      ("{finetuning_type: bn-adapter, non_linearity: gelu_new}", "{name: adapter, non_linearity: gelu_tanh}"),
      ("{finetuning_type: bitfit}", "{name: bitfit, target_modules: [q_proj, v_proj], init: upstream}"),
      ("{finetuning_type: ia3, learning_rate: 3e-3, label: mine}", "{name: ia3, learning_rate: 3e-3, label: mine}"),
    ] { #expect(try resolved(theirs) == resolved(ours), "\(theirs)") }
  }

  @Test(
    "What cannot be meant is refused at its place",
    arguments: [
      ("{finetuning_type: lorra}", "did you mean \"lora\"?"), ("{finetuning_type: full}", "use_galore: true"),
      ("{finetuning_type: lora, name: lora}", "means the same as \"name\""), ("{finetuning_type: 3}", "unknown type 3"),
      ("{finetuning_type: lora, pissa_init: 7}", "pissa_init"), ("{finetuning_type: lora, pissa_itr: 7}", "pissa_itr"),
      ("{finetuning_type: bn-adapter, mh_adapter: false}", "expected true, which is all that adapter has here"),
      ("{finetuning_type: p-tuning, encoder_num_layers: 3}", "expected 2"),
      (
        "{finetuning_type: lora, quantization_bit: 8}",
        "quantization_bit: expected 4, which is all that qlora has here, found 8"
      ),
      ("{finetuning_type: lora, lora_rank: [4, 8]}", "give lora_alpha too"),
    ])
  func refused(entry: String, hint: String) throws {
    let error = #expect(throws: DocumentError.self) { try Self.configuration(entry) }
    let message = error?.description ?? ""
    #expect(message.contains(hint) && message.hasPrefix("run.yaml:2:"), "\(message)")
  }

  @Test("A name decides its options: the config may repeat them, not change them")
  func variants() throws {
    let plain = try Self.configuration("dora").resolvedJSON
    #expect(try Self.configuration("{name: dora, dora: true}").resolvedJSON == plain)
    // What sets nothing is the same as nothing, also where the name leaves no such option.
    #expect(try Self.configuration("{name: dora, lora_bias: false}").resolvedJSON == plain)
    let bias = #expect(throws: DocumentError.self) { try Self.configuration("{name: dora, lora_bias: true}") }
    #expect(bias?.description.contains("methods[0].lora_bias: is no option of method dora, found true") == true)
    let error = #expect(throws: DocumentError.self) { try Self.configuration("{name: dora, dora: false}") }
    #expect(error?.description.contains("methods[0].dora: is true by the name of method dora, found false") == true)
    let ratio = try #require(MethodConfiguration.options(ofMethod: "lora-plus")?.first { $0.name == "loraplus_ratio" })
    #expect(ratio.defaultValue == "16")
    #expect(MethodConfiguration.options(ofMethod: "dora")?.contains { $0.name == "dora" } == false)
  }
}
