/// A value that a backward pass needs: kept, or computed again from what is kept anyway.
///
/// The output of a norm or of a gated activation is a cheap function of tensors that its own backward pass keeps. Whoever
/// reads it (a trained map, LoRA, IA3) need not keep it too: of the activations of LoRA on a Llama-style model that saves
/// a quarter.
struct SavedValue {
  private let compute: () -> Tensor

  init(_ variable: Variable) {
    let value = variable.value
    compute = variable.recipe ?? { value }
  }

  /// The value; if it is not kept, computed at each call.
  func get() -> Tensor { compute() }
}
