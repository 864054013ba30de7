/// The SHA-256 digest of bytes that come piece by piece.
///
/// - Source: FIPS 180-4, sections 5.3.3 and 6.2.
public struct SHA256 {
  /// Eight words a...h.
  private var state: SIMD8<UInt32> = [
    0x6A09_E667, 0xBB67_AE85, 0x3C6E_F372, 0xA54F_F53A, 0x510E_527F, 0x9B05_688C, 0x1F83_D9AB, 0x5BE0_CD19,
  ]
  /// Bytes that do not fill a block yet.
  private var pending: [UInt8] = []
  private var byteCount: UInt64 = 0

  /// Starts with no bytes.
  public init() { pending.reserveCapacity(128) }

  /// Takes the next bytes.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    byteCount &+= UInt64(bytes.count)
    var rest = bytes[...]
    if !pending.isEmpty {
      let filling = rest.prefix(64 - pending.count)
      pending.append(contentsOf: filling)
      rest = rest.dropFirst(filling.count)
      guard pending.count == 64 else { return }
      state = pending.withUnsafeBytes { Self.compress($0, into: state) }
      pending.removeAll(keepingCapacity: true)
    }
    let whole = rest.count / 64 * 64
    if whole > 0 { state = Self.compress(UnsafeRawBufferPointer(rebasing: rest.prefix(whole)), into: state) }
    pending.append(contentsOf: rest.dropFirst(whole))
  }

  /// Takes the next bytes.
  public mutating func update(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { update($0) }
  }

  /// The digest of all bytes so far, 32 bytes; more may follow.
  public var digest: [UInt8] {
    var padding = pending + [0x80]
    padding += [UInt8](repeating: 0, count: (120 - padding.count) % 64)
    padding += withUnsafeBytes(of: (byteCount &* 8).bigEndian) { Array($0) }
    let words = padding.withUnsafeBytes { Self.compress($0, into: state) }
    return (0..<8).flatMap { word in withUnsafeBytes(of: words[word].bigEndian) { Array($0) } }
  }

  /// The digest as 64 lower-case hexadecimal digits.
  public var hexadecimalDigest: String {
    digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
  }

  /// The digest of one piece of bytes, as hexadecimal digits.
  public static func hexadecimal(of bytes: [UInt8]) -> String {
    var hash = SHA256()
    hash.update(bytes)
    return hash.hexadecimalDigest
  }

  /// The digest of a file's content, as hexadecimal digits.
  ///
  /// Pages leave the memory again as soon as they were read.
  public static func hexadecimal(ofFile path: String) throws(FileError) -> String {
    let file = try MemoryMappedFile(path: path)
    var hash = SHA256()
    var start = 0
    while start < file.count {
      let range = start..<min(start + 1 << 22, file.count)
      hash.update(UnsafeRawBufferPointer(rebasing: file.bytes[range]))
      file.advise(.dontNeed, range)
      start = range.upperBound
    }
    return hash.hexadecimalDigest
  }

  /// Fractional parts of the cube roots of the first 64 primes.
  private static let roundConstants: [UInt32] = [
    0x428A_2F98, 0x7137_4491, 0xB5C0_FBCF, 0xE9B5_DBA5, 0x3956_C25B, 0x59F1_11F1, 0x923F_82A4, 0xAB1C_5ED5,
    0xD807_AA98, 0x1283_5B01, 0x2431_85BE, 0x550C_7DC3, 0x72BE_5D74, 0x80DE_B1FE, 0x9BDC_06A7, 0xC19B_F174,
    0xE49B_69C1, 0xEFBE_4786, 0x0FC1_9DC6, 0x240C_A1CC, 0x2DE9_2C6F, 0x4A74_84AA, 0x5CB0_A9DC, 0x76F9_88DA,
    0x983E_5152, 0xA831_C66D, 0xB003_27C8, 0xBF59_7FC7, 0xC6E0_0BF3, 0xD5A7_9147, 0x06CA_6351, 0x1429_2967,
    0x27B7_0A85, 0x2E1B_2138, 0x4D2C_6DFC, 0x5338_0D13, 0x650A_7354, 0x766A_0ABB, 0x81C2_C92E, 0x9272_2C85,
    0xA2BF_E8A1, 0xA81A_664B, 0xC24B_8B70, 0xC76C_51A3, 0xD192_E819, 0xD699_0624, 0xF40E_3585, 0x106A_A070,
    0x19A4_C116, 0x1E37_6C08, 0x2748_774C, 0x34B0_BCB5, 0x391C_0CB3, 0x4ED8_AA4A, 0x5B9C_CA4F, 0x682E_6FF3,
    0x748F_82EE, 0x78A5_636F, 0x84C8_7814, 0x8CC7_0208, 0x90BE_FFFA, 0xA450_6CEB, 0xBEF9_A3F7, 0xC671_78F2,
  ]

  /// Mixes whole blocks of 64 bytes into the state.
  private static func compress(_ blocks: UnsafeRawBufferPointer, into state: SIMD8<UInt32>) -> SIMD8<UInt32> {
    var state = state
    roundConstants.withUnsafeBufferPointer { constants in
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
        guard let k = constants.baseAddress, let w = schedule.baseAddress, let bytes = blocks.baseAddress else {
          return
        }
        for block in 0..<blocks.count / 64 {
          for t in 0..<16 {
            w[t] = UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 64 * block + 4 * t, as: UInt32.self))
          }
          for t in 16..<64 {
            let early = w[t - 15]
            let late = w[t - 2]
            let s0 = rotated(early, 7) ^ rotated(early, 18) ^ early >> 3
            let s1 = rotated(late, 17) ^ rotated(late, 19) ^ late >> 10
            w[t] = w[t - 16] &+ s0 &+ w[t - 7] &+ s1
          }
          var (a, b, c, d) = (state[0], state[1], state[2], state[3])
          var (e, f, g, h) = (state[4], state[5], state[6], state[7])
          // Eight rounds at a time, so that the words trade places by name and none is moved.
          for t in stride(from: 0, to: 64, by: 8) {
            round(a, b, c, &d, e, f, g, &h, k[t] &+ w[t])
            round(h, a, b, &c, d, e, f, &g, k[t + 1] &+ w[t + 1])
            round(g, h, a, &b, c, d, e, &f, k[t + 2] &+ w[t + 2])
            round(f, g, h, &a, b, c, d, &e, k[t + 3] &+ w[t + 3])
            round(e, f, g, &h, a, b, c, &d, k[t + 4] &+ w[t + 4])
            round(d, e, f, &g, h, a, b, &c, k[t + 5] &+ w[t + 5])
            round(c, d, e, &f, g, h, a, &b, k[t + 6] &+ w[t + 6])
            round(b, c, d, &e, f, g, h, &a, k[t + 7] &+ w[t + 7])
          }
          state = state &+ SIMD8(a, b, c, d, e, f, g, h)
        }
      }
    }
    return state
  }

  @inline(__always)
  private static func rotated(_ word: UInt32, _ places: UInt32) -> UInt32 {
    word &>> places | word &<< (32 &- places)
  }

  @inline(__always)
  private static func round(
    _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
    _ h: inout UInt32, _ input: UInt32
  ) {
    let sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    let sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    let choice = g ^ (e & (f ^ g))
    let majority = (a & b) | (c & (a | b))
    let first = h &+ sum1 &+ choice &+ input
    d = d &+ first
    h = first &+ sum0 &+ majority
  }
}
