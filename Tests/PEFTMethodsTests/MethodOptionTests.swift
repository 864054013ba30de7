import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

@Suite("Options of the methods") struct MethodOptionTests {
  @Test(
    "A wrong option is a located error",
    arguments: [
      ("lora", #"{"rank": 0}"#, "rank"), ("prompt-tuning", #"{"tokens": 0}"#, "tokens"),
      ("prefix-tuning", #"{"num_virtual_tokens": 0}"#, "tokens"), ("p-tuning", #"{"encoder": "gru"}"#, "mlp, lstm"),
      ("adapter", #"{"non_linearity": "rellu"}"#, "did you mean \"relu\"?"),
      ("adapter", #"{"kind": "houlsbi"}"#, "did you mean \"houlsby\"?"),
      ("prompt-tuning", #"{"init": "text"}"#, "init_text"), ("mpt", #"{"init": "text"}"#, "init_text"),
      ("mpt", #"{"source_task": 2}"#, "needs init: exact_source_task"),
      ("mpt", #"{"init": "average_source_task"}"#, "did you mean \"average_source_tasks\"?"),
      ("prefix-tuning", #"{"projection": true, "init": "vocabulary"}"#, "projection"),
      ("lora", #"{"dora": true, "init": "pissa"}"#, "dora"), ("lora", #"{"rnak": 4}"#, "did you mean \"rank\"?"),
      ("lora", #"{"layers_to_transform": [0]}"#, "target_modules"),
      ("lora", #"{"target_modules": ["q_proj"], "layers_to_transform": []}"#, "an empty list chooses nothing"),
      ("lora", #"{"target_modules": []}"#, "target_modules: an empty list chooses nothing"),
      (
        "lora", #"{"target_modules": ["q_proj"], "layers_to_transform": [0], "layers_pattern": []}"#,
        "layers_pattern: an empty list chooses nothing"
      ),
      ("ia3", #"{"feedforward": "inside"}"#, "input, output"),
      ("lora", #"{"rank_pattern": {"q_proj": 0}}"#, "rank_pattern.q_proj"),
      ("lora", #"{"rank_pattern": 4}"#, "expected an object"),
      ("lora", #"{"alpha_pattern": {"(q_proj": 4}}"#, "regular expression"),
      ("lora", #"{"rank": 3, "init": "orthogonal"}"#, "even rank, found 3"),
      ("lora", #"{"lora_bias": true, "dora": true}"#, "dora"),
      ("lora", #"{"bias": "some"}"#, "none, all, lora_only"),
      ("lora", #"{"trainable_token_indices": [3, 5, 3]}"#, "token 3 is in the list twice"),
      ("lora", #"{"trainable_token_indices": "<|im_end|>"}"#, "expected a list of token ids"),
      ("lora", #"{"exclude_modules": "lm_head"}"#, "target_modules"),
      ("lora", #"{"target_modules": ["q_proj"], "layers_pattern": "layers"}"#, "layers_to_transform"),
      ("lora", #"{"init_lora_weights": "kasa"}"#, "\"kasa\" is not supported; expected one of true, \"gaussian\""),
      ("lora", #"{"init": "mica", "dora": true}"#, "exclude each other"),
      ("lora", #"{"init": "mica", "rule": "lora-fa"}"#, "excludes init: mica"),
      ("lora", #"{"target_parameters": ["q_proj.weight"], "lora_dropout": 0.1}"#, "cannot be combined with"),
      ("lora", #"{"init_lora_weights": false}"#, "false is not supported"),
      ("lora", #"{"r": 4, "lora_rank": 4}"#, "means the same as \"r\""),
      ("lora", #"{"rule": "lora-fb"}"#, "lora-fa, riemannian"), ("lora", #"{"damping": 1}"#, "rule: riemannian"),
      ("lora", #"{"rule": "lora-fa", "dora": true}"#, "excludes loraplus_ratio, dora"),
      ("adalora", #"{"target_rank": 13}"#, "target_rank: is above the initial_rank of 12"),
      ("adalora", #"{"init_r": 4, "target_r": 2, "rank_pattern": {"q_proj": 5}}"#, "5 is above the initial_rank of 4"),
      ("prompt-tuning", #"{"prompt_tuning_init": "NONE"}"#, "\"NONE\" is not supported"),
      ("trainable-tokens", #"{"tokens": [3, 5, 3]}"#, "token 3 is in the list twice"),
      ("trainable-tokens", #"{"token_indices": []}"#, "one token at least"),
      ("lora", #"{"alpha": 0}"#, "alpha: "), ("lora", #"{"alpha_pattern": {"q_proj": 0}}"#, "alpha_pattern.q_proj"),
      ("loha", #"{"alpha": 0}"#, "alpha: "), ("gralora", #"{"alpha": 0}"#, "alpha: "),
      ("super-tuning", #"{"rank": 2, "alpha": 0}"#, "alpha: "), ("delora", #"{"lambda": 0}"#, "lambda: "),
      ("delora", #"{"lambda_pattern": {"v_proj": 0}}"#, "lambda_pattern.v_proj"),
      ("vera", #"{"d_initial": 0}"#, "d_initial: both vectors"),
      ("oft", #"{"constrained": true, "eps": 0}"#, "eps: 0 leaves no rotation"),
      ("oft", #"{"form": "exact", "terms": 6}"#, "terms: is about form: series"),
      ("oft", #"{"eps": 0.1}"#, "eps: is about constrained: true"),
      ("trainable-tokens", "{}", "missing"), ("super-tuning", #"{"sparsity": 1}"#, "sparsity"),
      ("super-tuning", #"{"lora_alpha": 4}"#, "needs \"rank\" too"), ("shira", #"{"r": 0}"#, "rank"),
    ])
  func wrong(method: String, options: String, hint: String) throws {
    let error = #expect(throws: DocumentError.self) { try makeMethod(method, options) }
    #expect(error?.description.contains(hint) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("options.json:1:") == true, "\(error?.description ?? "")")
  }

  @Test(
    "An option that does not fit the model says so",
    arguments: [
      ("lora", #"{"rank": 17, "init": "pissa"}"#, "rank 17"),
      ("adapter", #"{"reduction_factor": 17}"#, "reduction_factor 17"),
      ("lora", #"{"target_modules": "(q_proj"}"#, "regular expression"),
      ("lora", #"{"target_modules": ["q_proj"], "layers_to_transform": [7]}"#, "layers [7]"),
      (
        "lora", #"{"init": "pissa", "rank_pattern": {"v_proj": 9}}"#,
        "rank 9 is larger than model.layers.0.self_attn.v_proj"
      ),
      (
        "lora", #"{"target_modules": ["q_proj"], "exclude_modules": ["q_prj"]}"#,
        "exclude_modules: \"q_prj\" matches no linear map"
      ),
      (
        "lora", #"{"target_modules": ["q_proj"], "exclude_modules": ".*layer\\.0.*"}"#,
        "exclude_modules: the expression"
      ),
      (
        "lora", #"{"target_modules": ["q_proj"], "exclude_modules": ".*self_attn.*"}"#,
        "exclude_modules and modules_to_save leave none"
      ),
      ("lora", #"{"target_modules": ["q_proj"], "exclude_modules": "(q_proj"}"#, "exclude_modules"),
      ("lora", #"{"target_parameters": ["q_prj.weight"]}"#, "\"q_prj.weight\" matches no weight of a linear map"),
      ("lora", #"{"target_parameters": ["norm.weight"]}"#, "model.norm.weight is not the weight of a linear map"),
      ("lora", #"{"target_parameters": ["embed_tokens.weight"]}"#, "model.embed_tokens.weight is not the weight"),
      (
        "lora", #"{"target_parameters": ["q_proj.weight"], "target_modules": ["q_proj"]}"#,
        "model.layers.0.self_attn.q_proj is adapted as a module too"
      ),
      ("lora", #"{"modules_to_save": ["classifier"]}"#, "\"classifier\" matches no module"),
      ("lora", #"{"trainable_token_indices": [3, 96]}"#, "there is no token 96: the model has 96"),
      ("lora", #"{"trainable_token_indices": {"wpe": [3]}}"#, "\"wpe\" is neither the embedding table"),
      ("trainable-tokens", #"{"tokens": [3], "target_modules": ["wpe"]}"#, "tokens: \"wpe\" is neither"),
      ("trainable-tokens", #"{"tokens": [96]}"#, "tokens: there is no token 96"),
      ("shira", #"{"rank": 32}"#, "rank 32 asks for 1024 entries of model.layers.0.self_attn.q_proj"),
      ("super-tuning", #"{"sparsity": 0.999}"#, "leaves none of the 256 entries"),
      (
        "lora", #"{"trainable_token_indices": [3], "modules_to_save": ["embed_tokens"]}"#,
        "model.embed_tokens has another adapter, or is trained as a whole"
      ),
      ("lora", #"{"rank": 17, "rule": "lora-fa"}"#, "singular at model.layers.0.self_attn.q_proj with its 16 inputs"),
      ("lora", #"{"target_modules": ["embed_tokens"], "rule": "lora-fa"}"#, "no rule: lora-fa"),
      ("lora", #"{"rule": "lora-fa", "alpha": 1e-60}"#, "divides by the update's factor"),
      ("lora", #"{"target_modules": ["embed_tokens"], "dora": true}"#, "model.embed_tokens is an embedding table"),
      (
        "lora", #"{"target_modules": ["q_proj"], "layers_to_transform": [0], "layers_pattern": "blocks"}"#,
        "matches no linear map"
      ),
      (
        "lora", #"{"rank_pattern": {"k_proj": 2}}"#,
        "\"k_proj\" matches none of the adapted maps, which are q_proj, v_proj"
      ),
      ("prompt-tuning", #"{"init": "text", "init_text": "Answer"}"#, "tokenizer"),
      (
        "ia3", #"{"feedforward_modules": ["down_prj"]}"#,
        "\"down_prj\" matches none of the adapted maps, which are k_proj, v_proj, down_proj; did you mean \"down_proj\"?"
      ),
      (
        "lora", #"{"target_modules": ["q_proj"], "layers_to_transform": [0, 99]}"#,
        "layers_to_transform: there is no layer 99 among the modules that target_modules chooses, which are in the layers 0 to 1"
      ),
      (
        "lora", #"{"target_modules": ["q_proj"], "layers_to_transform": [0], "layers_pattern": ["layers", "layer"]}"#,
        "layers_pattern: \"layer\" comes before no layer's number; expected layers; did you mean \"layers\"?"
      ),
      ("lora", #"{"rank": 5, "init": "lora-ga"}"#, "which is 8 × 16: rank 5 is too large for it"),
      ("ia3", #"{"feedforward_modules": ["up_proj"]}"#, "\"up_proj\" matches none of the adapted maps"),
      ("ia3", #"{"feedforward_modules": ".*down_prj"}"#, "the expression \".*down_prj\" matches none"),
      ("ia3", #"{"feedforward_modules": "(down_proj"}"#, "feedforward_modules: \"(down_proj\" is not a regular"),
    ])
  func misfit(method: String, options: String, hint: String) throws {
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
    let error = #expect(throws: AttachError.self) {
      try makeMethod(method, options).attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    }
    #expect(error?.description.contains(hint) == true, "\(error?.description ?? "")")
  }

  @Test("A method that another name asks for elsewhere is named, and a sentence ends before the list of all")
  func namesElsewhere() {
    for (name, hint) in [
      ("olora", "; it is name: lora with init: olora. Available: lora, "), ("bone", "; it is name: miss. Available"),
      ("rsLoRA", "; it is name: lora with rslora: true. "), ("lora_fa", "; it is name: lora with rule: lora-fa. "),
      ("lroa", "; did you mean \"lora\"? Available"), ("something else", "\"something else\". Available: lora, "),
    ] { #expect(MethodRegistry.unknown(name).contains(hint), "\(MethodRegistry.unknown(name))") }
  }

  @Test("LN tuning of a model whose norms have no parameters says that there is nothing to train")
  func bareNorms() throws {
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/olmo").folder.path).skeleton()
    for options in ["{}", #"{"target_modules": ["input_layernorm"]}"#] {
      let error = #expect(throws: AttachError.self) {
        try makeMethod("ln-tuning", options).attach(
          to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
      }
      #expect(error?.description.contains("neither gain nor bias") == true, "\(error?.description ?? "")")
    }
  }

  @Test("A parameter that is stored transposed is refused, since PEFT's update of it is another one")
  func turnedParameter() throws {
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/gpt2").folder.path).skeleton()
    let error = #expect(throws: AttachError.self) {
      try makeMethod("lora", #"{"target_parameters": ["c_attn.weight"]}"#).attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    }
    #expect(error?.description.contains("c_attn.weight is stored transposed") == true, "\(error?.description ?? "")")
  }

  @Test("A rank above a map's width is allowed, with a note")
  func wideRank() throws {
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).skeleton()
    let setting = AttachmentSetting(seeds: SeedStream(1), context: context)
    let wide = try makeMethod("lora", #"{"rank": 9}"#).attach(to: model, with: setting)
    let note = try #require(wide.notes.first)
    #expect(note.contains("rank 9 is above the width of model.layers.0.self_attn.v_proj, which is 8 × 16"))
    #expect(wide.notes.count == 1)
    wide.detach()
    #expect(try makeMethod("lora", #"{"rank": 8}"#).attach(to: model, with: setting).notes.isEmpty)
  }

  @Test("An orthogonal start has two factors whose product is zero")
  func orthogonalStart() throws {
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).skeleton()
    _ = try makeMethod("lora", #"{"rank": 6, "init": "orthogonal"}"#).attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    for linear in model.linears {
      guard let adapter = linear.adapters.first as? LoRAAdapter else { continue }
      var product = [Float](repeating: 0, count: linear.inputs * linear.outputs)
      adapter.pair.add(times: 1, to: &product, workers: .one)
      #expect(product.allSatisfy { abs($0) < 1e-6 }, "\(linear.site)")
      // Standard normal mixtures over ten: neither factor is zero.
      for factor in [adapter.pair.a, adapter.pair.b] {
        let values = factor.value.values
        let square = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
        #expect(square > 0.5 * 0.005 && square < 2 * 0.005, "\(factor.name): \(square)")
      }
    }
  }

  @Test("Excluding by a regular expression leaves out what it matches as a whole")
  func excludedByExpression() throws {
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).skeleton()
    for (excluded, sites) in [
      (#"".*layers\\.0\\..*""#, ["model.layers.1.self_attn.q_proj", "model.layers.1.self_attn.v_proj"]),
      (#"["q_proj"]"#, ["model.layers.0.self_attn.v_proj", "model.layers.1.self_attn.v_proj"]),
      // Not at the end of a path: an expression must match all of it.
      (
        #"".*layers\\.0|.*1.*q_proj""#,
        ["model.layers.0.self_attn.q_proj", "model.layers.0.self_attn.v_proj", "model.layers.1.self_attn.v_proj"]
      ),
    ] {
      let attachment = try makeMethod(
        "lora", #"{"target_modules": ["q_proj", "v_proj"], "exclude_modules": \#(excluded)}"#
      ).attach(to: model, with: AttachmentSetting(seeds: SeedStream(1), context: ComputeContext(threads: 1)))
      #expect(model.linears.filter { !$0.adapters.isEmpty }.map(\.site) == sites)
      attachment.detach()
    }
  }

  @Test("A name of a file that matches no map is none of the options that make the method again")
  func feedForwardOfFile() throws {
    for (names, expected) in [
      (#"["down_proj", "wo"]"#, ("feedforward_modules", ["down_proj"] as JSONValue)),
      (#""down_proj""#, ("feedforward", "output")), (#"["wo"]"#, ("feedforward", "output")),
    ] {
      let folder = try TemporaryFolder()
      let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path)
        .load(as: .auto, context: ComputeContext(threads: 1))
      let attachment = try makeMethod("ia3", #"{"target_modules": ["k_proj", "down_proj"]}"#).attach(
        to: model, with: AttachmentSetting(seeds: SeedStream(1), context: ComputeContext(threads: 1)))
      try AdapterFile.save(attachment, to: folder.path, baseModel: "tiny")
      let path = folder.path + "/adapter_config.json"
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let changed = text.replacing(/"feedforward_modules": \[[^\]]*\]/, with: #""feedforward_modules": "# + names)
      #expect(changed != text)
      try changed.write(toFile: path, atomically: true, encoding: .utf8)
      let options = try AdapterFile.open(folder.path).options()
      #expect(options.contains { $0.name == expected.0 && $0.value == expected.1 }, "\(names): \(options)")
    }
  }

  @Test("LoRA+ trains B faster than A")
  func learningRates() throws {
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).skeleton()
    let attachment = try makeMethod("lora", #"{"loraplus_ratio": 16}"#).attach(
      to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    for parameter in attachment.parameters {
      #expect(parameter.learningRateScale == (parameter.name.contains("lora_B") ? 16 : 1))
    }
  }

  @Test("Patterns give some maps a rank and an alpha of their own; the first that matches counts")
  func patterns() throws {
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).skeleton()
    let attachment = try makeMethod(
      "lora",
      #"""
      {"rank": 4, "alpha": 8, "rank_pattern": {"layers\\.0\\..*": 1, "v_proj": 2}, "alpha_pattern": {"q_proj": 6}}
      """#
    ).attach(to: model, with: AttachmentSetting(seeds: SeedStream(1), context: context))
    let adapters = try model.linears.filter { !$0.adapters.isEmpty }.map {
      try #require($0.adapters.first as? LoRAAdapter)
    }
    #expect(adapters.map(\.pair.rank) == [1, 1, 4, 2])
    #expect(adapters.map(\.scale) == [6, 8, 1.5, 4])
    #expect(
      attachment.format?.configuration.first { $0.key == "rank_pattern" }?.value == [
        #"layers\.0\..*"#: 1, "v_proj": 2,
      ])
  }

  @Test(
    "A prefix that starts from tokens acts as if the model had read them",
    arguments: ["llama", "qwen2", "gpt2", "gemma", "gemma2", "gemma3_text"])
  func prefixFromTokens(name: String) throws {
    let context = ComputeContext(threads: 1)
    let model = try ModelFiles.open(GoldenFixture("models/\(name)").folder.path).load(as: .auto, context: context)
    let setting = AttachmentSetting(seeds: SeedStream(3), context: context)
    let method = try makeMethod("prefix-tuning", #"{"tokens": 4}"#)
    let tokens = try #require(
      try PromptStart.vocabulary.tokens(4, text: nil, model: model, setting: setting, purpose: PrefixTuning.name))
    let probe = MethodProbe(model: model, context: context)
    let ids: [Int32] = [7, 30, 2, 55]
    let read = probe.logits(tokens + ids).suffix(ids.count * model.configuration.vocabularySize)
    let attachment = try method.attach(to: model, with: setting)
    expectClose(probe.logits(ids), Array(read), relative: 1e-5, absolute: 1e-5)
    attachment.detach()
    let prompting = try makeMethod("prompt-tuning", #"{"tokens": 4}"#).attach(to: model, with: setting)
    let prompt = try #require(
      try PromptStart.vocabulary.tokens(4, text: nil, model: model, setting: setting, purpose: PromptTuning.name))
    let prompted = probe.logits(ids)
    prompting.detach()
    let expected = probe.logits(prompt + ids).suffix(prompted.count)
    expectClose(prompted, Array(expected), relative: 1e-5, absolute: 1e-5)
  }
}
