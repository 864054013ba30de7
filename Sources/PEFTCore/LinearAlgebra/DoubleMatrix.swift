/// A dense matrix in double precision, row-major: what decompositions take and give.
public struct DoubleMatrix: Sendable, Equatable {
  /// Number of rows.
  public let rows: Int
  /// Number of columns.
  public let columns: Int
  /// The elements, row by row.
  public internal(set) var elements: [Double]

  /// Takes elements in row-major order.
  ///
  /// - Precondition: There are `rows · columns` of them.
  public init(_ elements: [Double], rows: Int, columns: Int) {
    precondition(elements.count == rows * columns, "\(elements.count) elements for a [\(rows), \(columns)] matrix")
    (self.elements, self.rows, self.columns) = (elements, rows, columns)
  }

  /// Widens single-precision elements, in row-major order.
  public init(_ elements: some Collection<Float>, rows: Int, columns: Int) {
    self.init(elements.map(Double.init), rows: rows, columns: columns)
  }

  /// A matrix of zeros.
  public init(zeros rows: Int, _ columns: Int) {
    self.init([Double](repeating: 0, count: rows * columns), rows: rows, columns: columns)
  }

  /// The identity.
  public init(identity size: Int) {
    self.init(zeros: size, size)
    for index in 0..<size { elements[index * size + index] = 1 }
  }

  /// One element.
  public subscript(row: Int, column: Int) -> Double {
    get { elements[row * columns + column] }
    set { elements[row * columns + column] = newValue }
  }

  /// The elements rounded to single precision, row by row.
  public var floats: [Float] { elements.map { Float($0) } }

  /// A run of rows.
  public func rows(_ range: Range<Int>) -> DoubleMatrix {
    DoubleMatrix(
      Array(elements[range.lowerBound * columns..<range.upperBound * columns]), rows: range.count, columns: columns)
  }

  /// Rows in an order of the caller's.
  public func rows(_ order: [Int]) -> DoubleMatrix {
    var result: [Double] = []
    result.reserveCapacity(order.count * columns)
    for row in order { result += elements[row * columns..<(row + 1) * columns] }
    return DoubleMatrix(result, rows: order.count, columns: columns)
  }

  /// The transpose.
  public var transposed: DoubleMatrix {
    var result = DoubleMatrix(zeros: columns, rows)
    for row in 0..<rows {
      for column in 0..<columns { result.elements[column * rows + row] = elements[row * columns + column] }
    }
    return result
  }

  /// The square root of the sum of squares (Frobenius norm).
  public var norm: Double {
    elements.withUnsafeBufferPointer { $0.baseAddress.map { DoubleVectors.dot($0, $0, count: elements.count) } ?? 0 }
      .squareRoot()
  }

  /// `self · other`; each element is summed in the order of the depth, for any number of threads.
  ///
  /// - Precondition: `other` has as many rows as this matrix has columns.
  public func times(_ other: DoubleMatrix, workers: Workers) -> DoubleMatrix {
    precondition(columns == other.rows, "[\(rows), \(columns)] · [\(other.rows), \(other.columns)]")
    var result = DoubleMatrix(zeros: rows, other.columns)
    let (depth, width) = (columns, other.columns)
    guard depth > 0, width > 0 else { return result }
    result.elements.withUnsafeMutableBufferPointer { target in
      elements.withUnsafeBufferPointer { left in
        other.elements.withUnsafeBufferPointer { right in
          guard let target = target.baseAddress, let left = left.baseAddress, let right = right.baseAddress else {
            return
          }
          // A few rows of the result at a time share each row of `other` while it is in cache.
          workers.run(count: rows, grain: 8) { start, count in
            for index in 0..<depth {
              for row in start..<start + count {
                DoubleVectors.add(
                  right + index * width, times: left[row * depth + index], to: target + row * width, count: width)
              }
            }
          }
        }
      }
    }
    return result
  }

  /// `self · selfᵀ`, symmetric to the bit, for any number of threads.
  public func timesOwnTransposed(workers: Workers) -> DoubleMatrix {
    let (size, depth) = (rows, columns)
    var result = DoubleMatrix(zeros: size, size)
    let whole = size & ~3
    result.elements.withUnsafeMutableBufferPointer { result in
      elements.withUnsafeBufferPointer { elements in
        guard let result = result.baseAddress, let elements = elements.baseAddress else { return }
        // Tiles of four by four rows share what they read; piece i has the tiles of four rows up to the diagonal.
        workers.run(pieces: whole / 4, scratchBytes: 16 * MemoryLayout<Double>.stride) { piece, scratch in
          let tile = scratch.bindMemory(to: Double.self, capacity: 16)
          let row = 4 * piece
          for column in stride(from: 0, through: row, by: 4) {
            DoubleVectors.dots(
              elements + row * depth, elements + column * depth, stride: depth, count: depth, into: tile)
            for i in 0..<4 {
              for j in 0..<4 where column + j <= row + i {
                result[(row + i) * size + column + j] = tile[4 * i + j]
                result[(column + j) * size + row + i] = tile[4 * i + j]
              }
            }
          }
        }
        for row in whole..<size {
          for column in 0...row {
            let product = DoubleVectors.dot(elements + row * depth, elements + column * depth, count: depth)
            result[row * size + column] = product
            result[column * size + row] = product
          }
        }
      }
    }
    return result
  }
}
