import PEFTCore
import PEFTMethods

/// Every key that a config may have, section by section.
///
/// The keys, values, defaults and descriptions are those that the readers of configs ask for, so that this list and
/// what is understood cannot differ. `list config` prints it.
package struct ConfigurationReference: Sendable {
  /// The keys of one object of the config.
  package struct Section: Sendable {
    /// Where the object stands, such as `data.datasets[…].files`; empty for the config itself.
    package let path: String
    /// What it is about, in a sentence or two.
    package let text: String
    /// Its keys in the order in which they are read.
    package let options: [OptionDescription]
  }

  /// The sections, an object before those inside it.
  package static let sections: [Section] = [
    Section(path: "", text: "The first level of the file.", options: ConfigKeys.options),
    Section(
      path: "model", text: "A path alone works too. The elements of `models` are the same.",
      options: ModelConfiguration.options),
    Section(
      path: "presets", text: "How the tuned values were found: [configs/README.md](../configs/README.md).",
      options: PresetChoice.options),
    Section(
      path: "data", text: "Formats, places and samples: [datasets.md](datasets.md).",
      options: DataConfiguration.options),
    Section(
      path: "data.datasets[…]", text: "A dataset of your own: [datasets.md](datasets.md#datasets-of-your-own).",
      options: CustomDatasetKeys.options),
    Section(
      path: "data.datasets[…].files", text: "Every kind of table that `data cat` reads.",
      options: CustomDatasetKeys.fileOptions),
    Section(
      path: "data.datasets[…] with together",
      text: "Several datasets that each run trains on together: [datasets.md](datasets.md#datasets-together).",
      options: DatasetMixture.options),
    Section(
      path: "methods[…]",
      text: "A name alone works too. Beside these keys an entry has the method's own options (below) and any key of "
        + "`training`, which then holds for this method alone.",
      options: MethodListReader.entryOptions),
    Section(
      path: "methods[…].init_from with combine",
      text: "A sum of saved adapters: [adapter-arithmetic.md](adapter-arithmetic.md#in-a-config).",
      options: AdapterChoice.options),
    Section(
      path: "seeds",
      text:
        "An object in place of a list: every combination of the seeds of its keys is run, so that the spread of scores "
        + "can be told apart by its source.",
      options: SeedChoice.options),
    Section(path: "training", text: "How adapters are trained.", options: TrainingConfiguration.options),
    Section(
      path: "training.frozen_layer_cache",
      text: "A name alone works too. What it saves, and when: [performance.md](performance.md#frozen-layers).",
      options: FrozenLayerCache.options),
    Section(
      path: "evaluation", text: "How the trained model is asked, and its answers are scored.",
      options: EvaluationConfiguration.options),
    Section(
      path: "pscp",
      text:
        "PSCP (PEFT Soft Cost Penalties) is `P · (1 + Mp/Cp)^-β₁ · (1 + Mf/Cf)^-β₂ · (1 + Mm/Cm)^-β₃`: the score P in "
        + "percent, made smaller by trainable parameters Mp, by the FLOPs Mf that the method adds to a forward pass over "
        + "512 tokens in the form in which it is deployed, and by peak training memory Mm. What can be merged into the "
        + "weights adds no FLOPs, also where merging writes another file than the model's own (bfloat16, GGUF); into maps in "
        + "NF4 nothing can be merged, so that there each method's own multiply-adds count. Where members vote, their "
        + "parameters and the passes of all of them count. With `relative`, the constants "
        + "are the base model's parameters, its forward FLOPs, and the memory that full fine-tuning on the same batches "
        + "needs; with `paper`, those of the paper.",
      options: PSCPConfiguration.options),
    Section(
      path: "pscp.constants", text: "Constants that replace those of the preset.",
      options: PSCPConfiguration.constantOptions),
  ]

  /// The methods with their own options.
  package static var methods: [(method: any PEFTMethod.Type, options: [OptionDescription])] {
    MethodRegistry.all.map { ($0, MethodConfiguration.options(ofMethod: $0.name) ?? []) }
  }
}

extension OptionDescription {
  /// What may be written as its value: its kind with the range, or the words of a choice where they are few.
  package var valueText: String {
    if choices.isEmpty {
      return [kind == .object && range != nil ? "object of numbers" : kind.rawValue, range].compactMap(\.self)
        .joined(separator: " ")
    }
    return choices.count > 8 ? "one of \(choices.count) words" : choices.joined(separator: ", ")
  }

  /// Its default as a config would have it, without the quotes of a plain word; empty where there is none or it says
  /// nothing, and "required" for a key that must be given.
  package var defaultText: String {
    if isRequired { return "required" }
    guard let defaultValue, !["[]", "{}", "\"\""].contains(defaultValue) else { return "" }
    let isWord = defaultValue.count > 2 && defaultValue.hasPrefix("\"")
    return isWord ? String(defaultValue.dropFirst().dropLast()) : defaultValue
  }
}

extension OptionAlias {
  /// How its values are read, where they are not simply taken over: `-1 = none`, `below 1`.
  package var valueText: String {
    func text(_ value: JSONValue) -> String { if case .string(let word) = value { word } else { value.compactText } }
    var parts = translations.map { "\(text($0.theirs)) = \($0.ours == .null ? "none" : text($0.ours))" }
    switch condition {
    case .always, .translated: break
    case .below(let bound): parts.append("below \(JSONValue.number(bound).compactText)")
    case .from(let bound): parts.append("from \(JSONValue.number(bound).compactText) on")
    }
    if isCommaList { parts.append("a list, also with commas") }
    return parts.joined(separator: ", ")
  }
}
