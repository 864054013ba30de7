import PEFTCore
import SmallWorld

/// Hands out training documents in order, encoded some at a time on all threads.
struct DocumentQueue {
  /// Where the queue stands: what was handed out.
  struct Position: Equatable {
    /// Documents that were handed out in full.
    var document = 0
    /// Pieces of the next document that were.
    var piece = 0
  }

  private let corpus: any PretrainingCorpus
  private let encoder: DocumentEncoder
  private let pieceLength: Int
  private let workers: Workers
  private var order: DocumentOrder
  private var buffer: ArraySlice<[EncodedDocument]> = []
  private(set) var position: Position

  /// Documents that are encoded at once.
  private static let chunk = 256

  /// A queue that continues at `position`.
  init(
    corpus: any PretrainingCorpus, order: DocumentOrder, encoder: DocumentEncoder, pieceLength: Int,
    position: Position, workers: Workers
  ) {
    (self.corpus, self.order, self.encoder, self.pieceLength) = (corpus, order, encoder, pieceLength)
    (self.position, self.workers) = (position, workers)
  }

  /// Pieces of documents until there are at least `count` tokens.
  mutating func next(_ count: Int) -> [EncodedDocument] {
    var pieces: [EncodedDocument] = []
    var tokens = 0
    while tokens < count {
      if buffer.isEmpty { fill() }
      guard let document = buffer.first else { return pieces }
      while tokens < count, position.piece < document.count {
        pieces.append(document[position.piece])
        tokens += document[position.piece].tokens.count
        position.piece += 1
      }
      if position.piece >= document.count {
        buffer.removeFirst()
        position = Position(document: position.document + 1, piece: 0)
      }
    }
    return pieces
  }

  private mutating func fill() {
    buffer =
      Self.encode(
        order.training(position.document..<position.document + Self.chunk), of: corpus, by: encoder,
        pieceLength: pieceLength, workers: workers)[...]
  }

  /// Encodes documents on all threads.
  static func encode(
    _ numbers: [UInt64], of corpus: any PretrainingCorpus, by encoder: DocumentEncoder, pieceLength: Int,
    workers: Workers
  ) -> [[EncodedDocument]] {
    let grain = 8
    var encoded = [[EncodedDocument]](repeating: [], count: numbers.count)
    encoded.withUnsafeMutableBufferPointer { encoded in
      nonisolated(unsafe) let encoded = encoded
      workers.run(pieces: (numbers.count + grain - 1) / grain) { piece in
        for index in piece * grain..<min(numbers.count, (piece + 1) * grain) {
          encoded[index] = encoder.encode(corpus.document(numbers[index])).pieces(of: pieceLength)
        }
      }
    }
    return encoded
  }
}
