/// Random numbers of one case: a function of the campaign's seed, the format and the case's number alone, so that any
/// case can be made again by itself.
///
/// Source: SplitMix64 (Steele, Lea and Flood, 2014).
struct CaseRandom {
  private var state: UInt64

  init(seed: UInt64, format: String, number: Int) {
    state = seed
    for byte in format.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    state = state &+ UInt64(number) &* 0x9E37_79B9_7F4A_7C15
    _ = next()
  }

  mutating func next() -> UInt64 {
    state = state &+ 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// A number below `bound`, which is positive.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  /// True once in `count` times.
  mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

  /// One of `choices`, of which there is at least one.
  mutating func pick<Choice>(_ choices: [Choice]) -> Choice { choices[below(choices.count)] }

  /// A place in `range`, which is not empty; short distances from its ends are likelier than others.
  mutating func place(in count: Int) -> Int {
    switch below(4) {
    case 0: below(min(count, 16))
    case 1: count - 1 - below(min(count, 16))
    default: below(count)
    }
  }
}
