import Foundation
import PEFTCore
import SmallWorld
import TableFiles

/// Documents that were read from files.
package struct TextCorpus: PretrainingCorpus {
  /// The documents in the order of the files.
  package let documents: [PretrainingDocument]

  /// Reads files: `.txt` with one document a line, or tables (JSONL, Parquet …) with a column `text` or `messages`.
  ///
  /// - Throws: `FileError` or `TableError` that names the file and line of what cannot be read.
  package init(files: [String]) throws {
    documents = try files.flatMap { path in
      path.hasSuffix(".txt") ? try Self.lines(path) : try Self.rows(path)
    }
    guard documents.count > 1 else {
      throw FileError(path: files.first ?? "", "has \(documents.count) documents; pretraining needs at least 2")
    }
  }

  /// The document of a number; after the last one the first follows again.
  package func document(_ index: UInt64) -> PretrainingDocument {
    documents[Int(index % UInt64(documents.count))]
  }

  private static func lines(_ path: String) throws -> [PretrainingDocument] {
    let bytes = try MemoryMappedFile(path: path).contents
    return try bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated().compactMap { number, line in
      let line = line.last == 0x0D ? line.dropLast() : line
      guard !line.isEmpty else { return nil }
      guard let text = String(validating: line, as: UTF8.self) else {
        throw FileError(path: "\(path):\(number + 1)", "is not UTF-8 text")
      }
      return .prose(text)
    }
  }

  private static func rows(_ path: String) throws -> [PretrainingDocument] {
    try TableFile.open(path: path).allRows().map { row in
      if let text = row["text"], !text.isNull {
        guard let string = text.string else {
          throw row.error("\"text\": expected a string, found \(text.kindName)")
        }
        return .prose(string)
      }
      guard let messages = row["messages"]?.array, !messages.isEmpty else {
        throw row.error("expected a column \"text\" or a list \"messages\"; there are \(row.columns.names)")
      }
      return .conversation(try messages.map { try message($0, of: row) })
    }
  }

  private static func message(_ value: DocumentValue, of row: TableRow) throws -> ChatMessage {
    guard let role = value["role"]?.string, let content = value["content"]?.string else {
      throw row.error("\"messages\": expected objects with \"role\" and \"content\"")
    }
    guard MiniChat.roles.contains(role) else {
      let nearest = NearestName.of(role, among: MiniChat.roles).map { "; did you mean \"\($0)\"?" } ?? ""
      throw row.error(
        "\"messages\": the role \"\(role)\" is none of \(MiniChat.roles.joined(separator: ", "))\(nearest)")
    }
    return ChatMessage(role: role, content: content)
  }
}
