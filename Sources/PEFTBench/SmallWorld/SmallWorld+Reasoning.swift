extension SmallWorld {
  /// The tasks of knowledge and common sense.
  static let reasoning: [any MiniDataset] = [
    MiniMMLU(), MiniPIQA(), MiniSIQA(), MiniHellaSwag(), MiniWinoGrande(), MiniOpenBookQA(),
  ]
  /// The tasks of arithmetic.
  static let mathematics: [any MiniDataset] = [MiniMathQA(), MiniGSM8K(), MiniSVAMP()]
  /// The tasks of writing Python.
  static let code: [any MiniDataset] = [MiniCoNaLa(), MiniCodeAlpacaPy(), MiniAPPS()]
}
