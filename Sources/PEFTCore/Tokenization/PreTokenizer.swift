/// A text cut into pieces, each of which becomes tokens by itself.
struct PieceList: Sendable {
  /// UTF-8 of the text; pieces lie in it in order.
  var bytes: [UInt8]
  /// First byte of each piece and the byte after its last.
  var pieces: [(start: Int, end: Int)]
  /// Whether the text begins where the user's text begins (no added token comes before it).
  let startsText: Bool
  /// Whether it continues where another text ends, so that nothing is put before its first piece.
  let continues: Bool

  init(bytes: [UInt8], startsText: Bool, continues: Bool = false) {
    self.bytes = bytes
    self.startsText = startsText
    self.continues = continues
    pieces = bytes.isEmpty ? [] : [(0, bytes.count)]
  }
}

/// One step of cutting a text into pieces before merging; a sequence of them runs one after the other.
enum PreTokenizer: Sendable {
  /// What becomes of the separators that a split finds.
  enum SeparatorBehavior: String, Sendable, CaseIterable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
  }

  /// When a Metaspace step puts its mark before a piece.
  enum PrependScheme: String, Sendable, CaseIterable {
    case always, first, never
  }

  /// Cuts by one of the known regular expressions.
  case pattern(PieceScanner)
  /// Cuts out numbers: digit by digit, or run by run.
  case digits(individual: Bool)
  /// Cuts at a fixed text.
  case split(separator: [UInt8], behavior: SeparatorBehavior)
  /// Puts a space before each piece that does not start with one.
  case prefixSpace
  /// Writes spaces as a mark (usually `▁`), and cuts before each mark.
  case metaspace(mark: [UInt8], prepend: PrependScheme, splits: Bool)

  /// Cuts the pieces of `list` further.
  func apply(to list: inout PieceList) {
    switch self {
    case .pattern(let scanner):
      cut(&list) { bytes, start, end, emit in
        var position = start
        while position < end {
          let next = scanner.endOfPiece(at: position, end: end, of: bytes)
          emit(position, next)
          position = next
        }
      }
    case .digits(let individual): cut(&list) { Self.cutDigits($0, $1, $2, individual: individual, emit: $3) }
    case .split(let separator, let behavior):
      cut(&list) { Self.split($0, $1, $2, at: separator, behavior, emit: $3) }
    case .prefixSpace:
      let continues = list.continues
      rewrite(&list) { piece, isFirst in
        piece.first == 0x20 || (isFirst && continues) ? Array(piece) : [0x20] + piece
      }
    case .metaspace(let mark, let prepend, let splits):
      let startsText = list.startsText
      let continues = list.continues
      rewrite(&list) { piece, isFirst in
        var marked: [UInt8] = []
        marked.reserveCapacity(piece.count + 8)
        for byte in piece {
          if byte == 0x20 { marked += mark } else { marked.append(byte) }
        }
        let prepends =
          (prepend == .always && !(isFirst && continues)) || (prepend == .first && isFirst && startsText)
        return prepends && !marked.starts(with: mark) ? mark + marked : marked
      }
      if splits { cut(&list) { Self.split($0, $1, $2, at: mark, .mergedWithNext, emit: $3) } }
    }
  }

  private typealias Emit = (_ start: Int, _ end: Int) -> Void

  private func cut(
    _ list: inout PieceList, _ body: (UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, _ emit: Emit) -> Void
  ) {
    var pieces: [(start: Int, end: Int)] = []
    pieces.reserveCapacity(list.bytes.count / 4 + 1)
    list.bytes.withUnsafeBufferPointer { bytes in
      for piece in list.pieces {
        body(bytes, piece.start, piece.end) { start, end in
          if start < end { pieces.append((start, end)) }
        }
      }
    }
    list.pieces = pieces
  }

  private func rewrite(_ list: inout PieceList, _ body: (ArraySlice<UInt8>, _ isFirst: Bool) -> [UInt8]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(list.bytes.count + list.pieces.count * 3)
    for index in list.pieces.indices {
      let piece = list.pieces[index]
      let start = bytes.count
      bytes += body(list.bytes[piece.start..<piece.end], piece.start == 0)
      list.pieces[index] = (start, bytes.count)
    }
    list.bytes = bytes
  }

  private static func cutDigits(
    _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, individual: Bool, emit: Emit
  ) {
    var pieceStart = start
    var position = start
    var wasNumber = false
    while position < end {
      let (value, length) = UTF8Step.scalar(at: position, of: bytes)
      let isNumber = ScalarClass.isNumeric(value)
      if isNumber != wasNumber || (isNumber && individual) {
        emit(pieceStart, position)
        pieceStart = position
      }
      wasNumber = isNumber
      position += length
    }
    emit(pieceStart, end)
  }

  private static func split(
    _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int, at separator: [UInt8],
    _ behavior: SeparatorBehavior, emit: Emit
  ) {
    var pieceStart = start
    var position = start
    var lastWasSeparator = false
    while position < end {
      guard position + separator.count <= end, bytes[position] == separator[0],
        separator.indices.allSatisfy({ bytes[position + $0] == separator[$0] })
      else {
        if lastWasSeparator, behavior == .contiguous {
          emit(pieceStart, position)
          pieceStart = position
        }
        lastWasSeparator = false
        position += 1
        continue
      }
      let after = position + separator.count
      switch behavior {
      case .removed:
        emit(pieceStart, position)
        pieceStart = after
      case .isolated:
        emit(pieceStart, position)
        emit(position, after)
        pieceStart = after
      case .mergedWithPrevious:
        emit(pieceStart, after)
        pieceStart = after
      case .mergedWithNext:
        emit(pieceStart, position)
        pieceStart = position
      case .contiguous:
        if !lastWasSeparator {
          emit(pieceStart, position)
          pieceStart = position
        }
      }
      lastWasSeparator = true
      position = after
    }
    emit(pieceStart, end)
  }
}
