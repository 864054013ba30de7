import PEFTCore

/// The pretraining text of the small world, `small-world`: prose, and conversations that teach the tasks' skills.
public struct SmallWorldCorpus: PretrainingCorpus {
  /// The name in configs.
  public static let name = "small-world"

  private let stream: SeedStream

  /// The corpus of a seed.
  public init(seed: Int = SmallWorld.defaultSeed) {
    stream = SeedStream(seed).child(Self.name).child("corpus")
  }

  /// The document of a number.
  public func document(_ index: UInt64) -> PretrainingDocument {
    var draws = Draws(stream.child(Int(truncatingIfNeeded: index)))
    let lessons = SmallWorld.datasets
    if lessons.isEmpty || draws.chance(Self.commonShare) { return WorldText.document(&draws) }
    return draws.pick(weighted: lessons.map { ($0, $0.lessonWeight) }).lesson(&draws)
  }

  /// The share of documents that belong to no task.
  private static let commonShare = 0.12
}
