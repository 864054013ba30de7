extension Collection where Element: FloatingPoint {
  /// The positions of the values from the largest to the smallest, counted from 0; of equal ones the earlier comes first.
  public var descendingOrder: [Int] {
    let values = Array(self)
    return values.indices.sorted { (first: Int, second: Int) -> Bool in
      let (one, other) = (values[first], values[second])
      return one == other ? first < second : one > other
    }
  }
}
