extension Collection where Element == [Int32] {
  /// Length of the longest beginning that all have, at most one less than the shortest is long.
  var sharedPrefixCount: Int {
    guard let first else { return 0 }
    var count = Swift.max(0, first.count - 1)
    for other in dropFirst() {
      count = Swift.min(count, other.count - 1)
      var same = 0
      while same < count, other[same] == first[same] { same += 1 }
      count = same
    }
    return Swift.max(0, count)
  }
}
