extension CausalLanguageModel {
  /// Folds all adapters that can be into their weights, for evaluation.
  ///
  /// - Returns: What takes it back, bit for bit; to be called before training goes on, saving or detaching.
  public func foldAdapters(context: ComputeContext) -> () -> Void {
    let maps = sites.compactMap { if case .map(let linear) = $0.kind { linear } else { nil } }
    let restore = maps.compactMap { $0.foldAdapters(context: context) }
    return { for restore in restore { restore() } }
  }
}
