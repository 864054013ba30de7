import PEFTCore
import PEFTMethods
import Testing

@testable import PEFTBench

@Suite("Names of other libraries") struct OptionAliasTests {
  private func configuration(_ text: String) throws -> RunConfiguration {
    try RunConfiguration(try ConfigFile.read(DocumentText(name: "run.yaml", bytes: Array(text.utf8))))
  }

  private func message(_ text: String) -> String {
    (#expect(throws: DocumentError.self) { try configuration(text) })?.description ?? ""
  }

  @Test(
    "A config with them resolves to the one with our names",
    arguments: [
      (
        "{name: lora, lora_rank: 4, lora_alpha: 32, lora_dropout: 0.1, use_rslora: true, use_dora: true, loraplus_lr_ratio: 8}",
        "{name: lora, rank: 4, alpha: 32, dropout: 0.1, rslora: true, dora: true, loraplus_ratio: 8}"
      ),
      (
        "{name: lora, lora_target: 'q_proj, v_proj', additional_target: 'lm_head,norm'}",
        "{name: lora, target_modules: [q_proj, v_proj], modules_to_save: [lm_head, norm]}"
      ),
      ("{name: lora, lora_target: all}", "{name: lora, target_modules: all-linear}"),
      ("{name: lora, init_lora_weights: true}", "{name: lora, init: zero}"),
      ("{name: lora, init_lora_weights: Gaussian}", "{name: lora, init: gaussian}"),
      ("{name: lora, pissa_init: true}", "{name: lora, init: pissa}"),
      ("{name: lora, pissa_init: false}", "{name: lora}"),
      (
        "{name: prompt-tuning, num_virtual_tokens: 7, prompt_tuning_init: TEXT, prompt_tuning_init_text: Answer}",
        "{name: prompt-tuning, tokens: 7, init: text, init_text: Answer}"
      ),
      (
        "{name: prompt-tuning, prompt_tuning_init: SAMPLE_VOCAB}",
        "{name: prompt-tuning, init: vocabulary}"
      ),
      (
        "{name: p-tuning, encoder_reparameterization_type: LSTM, encoder_hidden_size: 8}",
        "{name: p-tuning, encoder: lstm, encoder_hidden_size: 8}"
      ),
      ("{name: prefix-tuning, prefix_projection: true}", "{name: prefix-tuning, projection: true}"),
      (
        "{name: ia3, num_train_epochs: 3, per_device_train_batch_size: 2, optim: adamw_torch, lr_scheduler_type: constant_with_warmup}",
        "{name: ia3, epochs: 3, batch_size: 2, optimizer: adamw, scheduler: constant}"
      ),
      ("{name: ia3, max_steps: 5, val_size: 0.2}", "{name: ia3, steps: 5, validation_fraction: 0.2}"),
      ("{name: ia3, val_size: 8}", "{name: ia3, validation_rows: 8}"),
      ("{name: lora, r: [2, 4]}", "{name: lora, rank: [2, 4]}"),
    ])
  func methods(theirs: String, ours: String) throws {
    /// The methods without their labels, which tell a grid's values by the names that are written.
    func resolved(_ method: String) throws -> [JSONValue] {
      guard case .array(let methods)? = try configuration("model: m\nmethods: [\(method)]\n").resolvedJSON["methods"]
      else {
        return []
      }
      return methods.map { method in
        var method = method
        method["label"] = nil
        return method
      }
    }
    #expect(try !resolved(ours).isEmpty)
    #expect(try resolved(theirs) == resolved(ours))
  }

  @Test("Sections take them too")
  func sections() throws {
    let run = try configuration(
      """
      model: {model_name_or_path: m, model_revision: abc, torch_dtype: float16}
      data: {dataset: "sst2, rte", dataset_dir: rows, max_samples: 12}
      methods: [lora]
      training: {max_steps: -1, gradient_accumulation_steps: 3, optim: sgd, adam_beta1: 0.8, adam_beta2: 0.9,
        adam_epsilon: 1e-6, gradient_checkpointing: true, cutoff_len: 99, val_size: 3, eval_steps: 4, save_steps: 5,
        load_best_model_at_end: false}
      evaluation: {per_device_eval_batch_size: 6, max_new_tokens: 9}
      seed: 7
      output_dir: out
      """)
    #expect(run.models[0].path == "m" && run.models[0].revision == "abc" && run.models[0].dataType == .float16)
    #expect(run.data.trainLimit == 12 && run.data.evaluationLimit == 12 && run.data.root == "rows")
    #expect(
      run.data.datasets.compactMap { if case .name(let name, _) = $0 { name } else { nil } } == ["sst2", "rte"])
    let training = run.training
    #expect(training.steps == nil && training.gradientAccumulation == 3 && training.optimizer == .sgd)
    #expect(training.beta1 == 0.8 && training.beta2 == 0.9 && training.epsilon == 1e-6 && training.recompute == .all)
    #expect(training.cutoffTokens == 99 && training.validationRows == 3 && training.validationEvery == 4)
    #expect(training.checkpointSteps == 5 && !training.keepBest)
    #expect(run.evaluation.batchSize == 6 && run.evaluation.maximumNewTokens == 9)
    #expect(run.seeds == [7] && run.output == "out")
  }

  @Test(
    "Both names of one option are refused, with both",
    arguments: [
      ("methods: [{name: lora, rank: 4, lora_rank: 4}]", "rank", "lora_rank"),
      ("methods: [{name: lora, lora_target: all, target_modules: all-linear}]", "target_modules", "lora_target"),
      ("methods: [lora]\ntraining: {epochs: 1, num_train_epochs: 1}", "epochs", "num_train_epochs"),
      ("methods: [lora]\ntraining: {validation_fraction: 0.1, val_size: 0.1}", "validation_fraction", "val_size"),
      ("methods: [lora]\ndata: {max_samples: 3, eval_limit: 3}", "eval_limit", "max_samples"),
    ])
  func both(text: String, one: String, other: String) {
    let message = message("model: m\n" + text)
    #expect(message.contains("\"\(one)\"") && message.contains("\(other): means the same as"), "\(message)")
  }

  @Test(
    "A value that is not supported is refused by name",
    arguments: [
      (
        "training: {optim: adafactor}",
        "training.optim: \"adafactor\" is not supported; expected one of \"adamw_torch\""
      ),
      ("training: {lr_scheduler_type: polynomial}", "lr_scheduler_type: \"polynomial\" is not supported"),
      ("training: {val_size: many}", "expected a number"), ("training: {val_size: 2.5}", "expected an integer"),
      (
        "training: {validation_fraction: 0.1, validation_rows: 4}",
        "validation_rows: means the same as validation_fraction in another unit"
      ),
    ])
  func unsupported(text: String, hint: String) {
    let message = message("model: m\nmethods: [lora]\n" + text)
    #expect(message.contains(hint), "\(message)")
  }

  @Test("A count of validation rows is held out exactly, and changes no other run's settings")
  func validationRows() throws {
    var training = TrainingConfiguration()
    #expect(training.resultJSON["validation_rows"] == nil && training.resultJSON["validation_fraction"] == 0.1)
    for rows in [1, 3, 7, 8, 20] {
      training.validationRows = rows
      for count in 2...40 {
        #expect(Int(training.heldOutShare(of: count) * Double(count)) == min(rows, count - 1), "\(rows) of \(count)")
      }
    }
    #expect(training.heldOutShare(of: 1) == 0)
    #expect(training.resultJSON["validation_rows"] == 20 && training.resultJSON["validation_fraction"] == .null)
  }

  @Test("transformers' constant has no warm-up, and one beside it is refused") func constantScheduler() throws {
    func trainings(_ training: String, _ method: String = "ia3") throws -> [TrainingConfiguration] {
      try configuration("model: m\nmethods: [\(method)]\ntraining: {\(training)}").methods.map(\.training)
    }
    let plain = try trainings("lr_scheduler_type: Constant")[0]
    #expect(plain.scheduler == .constant && plain.warmupSteps == nil && plain.warmupRatio == 0)
    #expect(try trainings("lr_scheduler_type: constant_with_warmup")[0].warmupRatio == 0.1)
    #expect(try trainings("scheduler: constant")[0].warmupRatio == 0.1)
    let own = try trainings("warmup_steps: 4", "{name: ia3, lr_scheduler_type: constant}")[0]
    #expect(own.scheduler == .constant && own.warmupSteps == nil && own.warmupRatio == 0)
    #expect(try trainings("lr_scheduler_type: constant", "{name: ia3, warmup_ratio: 0.2}")[0].warmupRatio == 0.2)
    #expect(try trainings("lr_scheduler_type: [constant, linear]").map(\.warmupRatio) == [0, 0.1])
    #expect(try trainings("lr_scheduler_type: constant, warmup_steps: 0")[0].warmupRatio == 0)
    for warmup in ["warmup_ratio: 0.1", "warmup_steps: 4"] {
      let text = message("model: m\nmethods: [ia3]\ntraining: {lr_scheduler_type: constant, \(warmup)}")
      #expect(text.contains("lr_scheduler_type: constant has no warm-up in transformers"), "\(text)")
    }
  }

  @Test("Every alias names an option that its place has")
  func table() throws {
    for group in OptionAliases.all where MethodRegistry.names.contains(group.place) {
      let options = try #require(MethodConfiguration.options(ofMethod: group.place))
      for alias in group.aliases {
        let option = try #require(options.first { $0.name == alias.key }, "\(group.place): \(alias.name)")
        #expect(option.names.contains(alias.name))
        for translation in alias.translations where option.kind == .choice && translation.ours != .null {
          #expect(option.choices.contains { translation.ours == JSONValue($0) }, "\(alias.name)")
        }
      }
    }
    for alias in OptionAliases.all.first(where: { $0.place == "training" })?.aliases ?? [] {
      #expect(TrainingConfiguration.options.contains { $0.name == alias.key }, "\(alias.name)")
    }
  }
}
