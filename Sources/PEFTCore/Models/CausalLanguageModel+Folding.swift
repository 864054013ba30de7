extension CausalLanguageModel {
  /// Folds all adapters that can be into their weights, for evaluation.
  ///
  /// - Returns: What takes it back, bit for bit; to be called before training goes on, saving or detaching.
  public func foldAdapters(context: ComputeContext) -> () -> Void {
    let restore = (linears + [head]).compactMap { $0.foldAdapter(context: context) }
    return { for restore in restore { restore() } }
  }
}
