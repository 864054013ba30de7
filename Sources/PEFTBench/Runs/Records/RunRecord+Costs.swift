import PEFTCore

extension RunRecord {
  /// What a run costs, in plain counts, bytes and seconds.
  package struct Costs: RecordPart, Equatable {
    /// What the parameters of all members who vote are called in records, reports and tables.
    package static let deployedKey = "deployed_parameters"

    /// Values that are trained; of several members those of one.
    package var trainableParameters = 0.0
    /// Values that all members who vote bring along together; nil where one model answers.
    package var deployedParameters: Double?
    /// FLOPs of one forward pass over 512 tokens, in the form in which the method is deployed, by every member who votes.
    package var inferenceFLOPs = 0.0
    /// FLOPs of these passes which the base model alone does not need.
    package var addedFLOPs = 0.0
    /// Peak bytes that tensors held while the run trained or made its start, or answered if it does not train.
    package var tensorBytes = TensorBytes()
    /// Peak resident bytes of the process.
    package var residentBytes: Double?
    /// Optimizer steps.
    package var steps: Double?
    /// Seconds of training, those of its start included.
    package var trainingSeconds: Double?
    /// Seconds of evaluation, over all sets of rows.
    package var evaluationSeconds: Double?
    /// Tokens of all training batches.
    package var tokensSeen: Double?
    /// Training tokens a second; nil without training.
    package var tokensPerSecond: Double?
    /// What the start took, if it was computed from training rows.
    package var start: Start?
    /// What was left out of the frozen first layers, if their states were kept.
    package var frozenLayerCache: FrozenLayerCache?
    /// Of how many blocks activations were computed again in the backward pass; nil where the run asked for none.
    ///
    /// With `training.recompute: auto` it depends on the machine: two attempts at one run may differ in it, and in the peak.
    package var recomputedBlocks: Double?

    package init() {}

    /// The parameters that PSCP counts: all that must be kept to answer as the run did.
    package var countedParameters: Double { deployedParameters ?? trainableParameters }

    package static let members: [RecordMember<Self>] = [
      .requiredCount("trainable_parameters", \.trainableParameters),
      .optionalCount(deployedKey, \.deployedParameters),
      .requiredCount("inference_flops", \.inferenceFLOPs),
      .requiredCount("added_inference_flops", \.addedFLOPs), .required("peak_tensor_bytes", \.tensorBytes),
      .nullableCount("peak_rss_bytes", \.residentBytes), .nullableCount("steps", \.steps),
      .nullable("training_seconds", \.trainingSeconds), .nullable("evaluation_seconds", \.evaluationSeconds),
      .nullableCount("tokens_seen", \.tokensSeen), .nullable("training_tokens_per_second", \.tokensPerSecond),
      .optional("start", \.start), .optional("frozen_layer_cache", \.frozenLayerCache),
      .optionalCount("recomputed_blocks", \.recomputedBlocks),
    ]
  }

  /// What was left out of the layers below the first one that the method touches, since their states were kept.
  ///
  /// As with seconds, two attempts at one run may differ in it.
  package struct FrozenLayerCache: RecordPart, Equatable {
    /// How many layers these are.
    package var layers = 0.0
    /// Of all tokens of all training and validation passes, the share that did not have to go through them.
    package var shareLeftOut: Double?
    /// Most bytes that were kept, which are not among those of tensors.
    package var bytes: Double?

    package init() {}

    package static let members: [RecordMember<Self>] = [
      .requiredCount("layers", \.layers), .nullable("share_left_out", \.shareLeftOut),
      .nullableCount("cached_bytes", \.bytes),
    ]
  }

  /// What a start that is computed from training rows took before the first step.
  package struct Start: RecordPart, Equatable {
    /// Rows that were looked at, each as often as it was.
    package var rows = 0.0
    /// Tokens that went forward.
    package var forwardTokens = 0.0
    /// Tokens that went backward too.
    package var backwardTokens = 0.0
    /// Seconds of these passes and of what was computed from them.
    package var seconds: Double?

    package init() {}

    package static let members: [RecordMember<Self>] = [
      .requiredCount("rows", \.rows), .requiredCount("forward_tokens", \.forwardTokens),
      .requiredCount("backward_tokens", \.backwardTokens), .nullable("seconds", \.seconds),
    ]
  }

  /// The bytes that tensors held at their peak, by what they are for.
  package struct TensorBytes: RecordPart, Equatable {
    /// All together.
    package var total = 0.0
    /// Frozen weights.
    package var weights: Double?
    /// What the method trains.
    package var adapter: Double?
    /// Gradients.
    package var gradients: Double?
    /// What the optimizer keeps.
    package var optimizer: Double?
    /// Activations and caches.
    package var activations: Double?

    package init() {}

    /// A peak.
    init(_ use: MemoryUse) {
      total = Double(use.total)
      weights = Double(use[.weights])
      adapter = Double(use[.adapter])
      gradients = Double(use[.gradients])
      optimizer = Double(use[.optimizer])
      activations = Double(use[.activations])
    }

    package static let members: [RecordMember<Self>] = [
      .requiredCount("total", \.total), .nullableCount("weights", \.weights), .nullableCount("adapter", \.adapter),
      .nullableCount("gradients", \.gradients), .nullableCount("optimizer", \.optimizer),
      .nullableCount("activations", \.activations),
    ]
  }

  /// PSCP: its value, and what it was computed with.
  package struct Penalties: RecordPart {
    /// Three numbers, one for each cost.
    package struct Constants: RecordPart {
      /// Of trained parameters.
      package var parameters = 0.0
      /// Of FLOPs that the method adds.
      package var flops = 0.0
      /// Of peak memory.
      package var memory = 0.0

      package init() {}
    }

    /// The factors of the score, and the score in percent that they multiply.
    package struct Terms: RecordPart {
      /// The score in percent.
      package var performance = 0.0
      /// The factor for trained parameters.
      package var parameters = 0.0
      /// The factor for added FLOPs.
      package var flops = 0.0
      /// The factor for memory.
      package var memory = 0.0

      package init() {}
    }

    /// The score.
    package var value = 0.0
    /// The preset of the constants.
    package var preset: String?
    /// The exponents for parameters, FLOPs and memory.
    package var beta: [Double]?
    /// The constants in the units of the preset: plain counts and bytes for `relative`, TFLOP and GB for `paper`.
    package var constants: Constants?
    /// The factors.
    package var terms: Terms?

    package init() {}
  }
}

extension RunRecord.Penalties {
  package static let members: [RecordMember<Self>] = [
    .required("value", \.value), .nullable("preset", \.preset), .nullable("beta", \.beta),
    .nullable("constants", \.constants), .optional("terms", \.terms),
  ]
}

extension RunRecord.Penalties.Constants {
  package static let members: [RecordMember<Self>] = [
    .required("parameters", \.parameters), .required("flops", \.flops), .required("memory", \.memory),
  ]
}

extension RunRecord.Penalties.Terms {
  package static let members: [RecordMember<Self>] = [
    .required("performance", \.performance), .required("parameters", \.parameters), .required("flops", \.flops),
    .required("memory", \.memory),
  ]
}
