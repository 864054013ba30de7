/// The small world: everyday English about a few people, animals, things, places and times.
///
/// A lexicon and a grammar make sentences out of facts. Pretraining text and the rows of the mini datasets come from the
/// same world, but tell different facts of it (`WorldSplit`).
package enum SmallWorld {
  /// The seed of the suite and of the corpus that come with the program.
  package static let defaultSeed = 20_251

  /// The mini datasets in the order of the catalogue.
  package static let datasets: [any MiniDataset] = glue + superGLUE + reasoning + mathematics + code

  static let glue: [any MiniDataset] = [
    MiniMNLI(), MiniQQP(), MiniQNLI(), MiniSST2(), MiniSTSB(), MiniMRPC(), MiniRTE(), MiniCoLA(),
  ]
  static let superGLUE: [any MiniDataset] = [
    MiniReCoRD(), MiniMultiRC(), MiniBoolQ(), MiniWiC(), MiniWSC(), MiniCB(), MiniCOPA(),
  ]

  /// The mini dataset of a name of the catalogue, or nil.
  package static func dataset(_ name: String) -> (any MiniDataset)? { datasets.first { $0.name == name } }
}
