/// How much may come out of a file: what any text or table compresses to is allowed, what only a bomb does is not.
///
/// Texts shrink to a tenth, seldom to a thirtieth. A small file may still unpack to 64 MiB, which costs nobody anything.
package enum UnpackingLimit {
  /// What any file may unpack to, whatever its size.
  static let harmlessBytes = 64 << 20
  /// How many times its size a larger file may unpack to.
  static let maximumRatio = 100

  /// The bytes that `count` packed bytes may become.
  package static func bytes(forPacked count: Int) -> Int {
    let (product, overflow) = count.multipliedReportingOverflow(by: maximumRatio)
    return max(harmlessBytes, overflow ? .max : product)
  }
}
