/// Where a fact may be told: in the pretraining text, in training rows, or in validation rows.
///
/// Each fact belongs to one of them by a hash of its key, so that no generated text needs to know the others. The key
/// of what somebody does is who and what (`Tom`, `feed`): everything that is said of Tom's feeding — where, when, in
/// other words, denied or asked — stays on one side. What everybody knows (a hen is a bird) is told in the pretraining
/// text only, in sentences of its own.
package enum WorldSplit: String, Sendable, CaseIterable {
  case pretraining, train, validation

  /// The split of the fact with this key.
  package static func of(_ key: String) -> WorldSplit {
    var hash = key.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    // The low bits of FNV-1a are weak for short keys.
    hash ^= hash >> 29
    hash = hash &* 0xBF58_476D_1CE4_E5B9
    switch (hash >> 32) % 100 {
    case ..<60: return .pretraining
    case ..<82: return .train
    default: return .validation
    }
  }
}
