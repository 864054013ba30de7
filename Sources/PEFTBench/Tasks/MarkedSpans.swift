import PEFTCore
import TableFiles

/// Puts marks around spans of a text that are given by the number of their first word, as WSC gives them.
enum MarkedSpans {
  /// A span to be marked.
  struct Span {
    /// The mark to put before and after it.
    let mark: String
    /// The words, as the dataset spells them.
    let text: String
    /// The number of its first word, counting what comes between white space from 0.
    let word: Int
  }

  /// How many words an index may be off; some of the official ones are by one.
  private static let tolerance = 2

  /// The text with its spans marked.
  ///
  /// A span is sought at its index first, so that a pronoun that occurs several times is marked where it is meant.
  ///
  /// - Throws: `TableError` where the span's words do not stand there.
  static func mark(_ text: String, _ spans: [Span], in row: TableRow) throws(TableError) -> String {
    let bytes = Array(text.utf8)
    var starts: [Int] = []
    for (index, byte) in bytes.enumerated() where !isSpace(byte) && (index == 0 || isSpace(bytes[index - 1])) {
      starts.append(index)
    }
    var marks: [(position: Int, mark: String)] = []
    for span in spans {
      // Also keeps what is added to it from overflowing.
      guard 0...bytes.count ~= span.word else {
        throw row.error("the text has no word \(span.word)")
      }
      let wanted = Array(span.text.utf8)
      var found: Int?
      for distance in 0...tolerance where found == nil {
        for word in Set([span.word - distance, span.word + distance]).sorted() where found == nil {
          guard starts.indices.contains(word) else { continue }
          found = occurrence(of: wanted, from: starts[word], in: bytes)
        }
      }
      guard let found else {
        throw row.error("the words \"\(span.text)\" do not stand at word \(span.word) of the text")
      }
      marks += [(found, span.mark), (found + wanted.count, span.mark)]
    }
    var result: [UInt8] = []
    var position = 0
    for mark in marks.enumerated().sorted(by: { ($0.element.position, $0.offset) < ($1.element.position, $1.offset) }) {
      result += bytes[position..<mark.element.position]
      result += Array(mark.element.mark.utf8)
      position = mark.element.position
    }
    return String(decoding: result + bytes[position...], as: UTF8.self)
  }

  /// Where `wanted` begins within the word at `start`: at once, or after opening quotes and brackets.
  private static func occurrence(of wanted: [UInt8], from start: Int, in bytes: [UInt8]) -> Int? {
    var position = start
    while position + wanted.count <= bytes.count, !wanted.isEmpty {
      if equal(bytes[position..<(position + wanted.count)], wanted[...]) {
        let end = position + wanted.count
        if end == bytes.count || !isLetter(bytes[end]) { return position }
      }
      guard !isLetter(bytes[position]), !isSpace(bytes[position]) else { return nil }
      position += 1
    }
    return nil
  }

  private static func equal(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>) -> Bool {
    zip(a, b).allSatisfy { lowercased($0) == lowercased($1) || (isSpace($0) && isSpace($1)) }
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }
  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
  private static func isLetter(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte & ~0x20) || byte >= 0x80
  }
}
