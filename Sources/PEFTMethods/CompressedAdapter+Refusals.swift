import PEFTCore

extension CompressedAdapter {
  /// Why an adapter cannot be compressed to few entries, in words that follow its path; nil where it can.
  ///
  /// What is not kept becomes zero, or one where a value scales. Values that start elsewhere would not be a smaller change
  /// of the model for that, but another model.
  ///
  /// - Parameters:
  ///   - file: The adapter.
  ///   - isLossless: Whether every value is kept as it is.
  static func refusal(of file: AdapterFile, isLossless: Bool) throws -> String? {
    guard !isLossless, !file.isVector else { return nil }
    let method = try file.method()
    let name = type(of: method).name
    let what: String? =
      switch method {
      case is LNTuning: "the norms' own weights"
      case is TrainableTokens: "the rows of trained tokens"
      case is RoAd: "angles around zero beside scales around one"
      case let method as LoRA where method.isWeightDecomposed: "the lengths of the weights too"
      default: whole(in: file)
      }
    return what.map {
      "is an adapter of \(name), which holds \($0): they start at neither zero nor one, so that leaving values out is no "
        + "compression; take int8 or bf16, or keep all values as they are (--alpha none), or compress what it gained "
        + "(adapter combine without an origin)"
    }
  }

  /// The parts of the model itself that are saved beside an adapter; nil where there are none.
  private static func whole(in file: AdapterFile) -> String? {
    if BitFit.ownTypes.contains(file.peftType) { return "the model's own biases" }
    if let modules = file.settings["modules_to_save"], modules != .null, modules != [] {
      return "whole modules (modules_to_save) too"
    }
    let names = file.tensors.map(\.name)
    if file.peftType == "LORA", names.contains(where: { $0.hasSuffix(".bias") && !$0.contains(".lora_") }) {
      return "the model's own biases too"
    }
    if names.contains(where: { $0.contains("trainable_tokens_delta") }) { return "the rows of trained tokens too" }
    return names.contains { $0.hasSuffix(".base_layer.weight") } ? "a copy of a table of the model too" : nil
  }
}
