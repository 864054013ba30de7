import Foundation
import PEFTCore
import TableFiles

/// A `dataset_info.json` of LLaMA-Factory or PEFT-Bench, whose wording can take the place of ours.
///
/// An entry names the columns of prompt, query and response, and, in PEFT-Factory's form, an instruction.
package struct DatasetInfo: Sendable {
  /// One entry.
  package struct Entry: Sendable, Equatable {
    /// Its name, such as `sst2` or `sst2_eval`.
    package let name: String
    /// The instruction; empty where there is none.
    package let instruction: String
    /// The column with the prompt.
    package let prompt: String?
    /// The column whose text follows the prompt.
    package let query: String?
    /// The column with the answer.
    package let response: String?
  }

  /// The entries in the order of the file.
  package let entries: [Entry]
  private let file: String

  /// Reads the file at `path`.
  ///
  /// - Throws: `FileError` or `DocumentError`.
  package init(path: String) throws {
    let (document, text) = try JSONParser.parse(file: path)
    try self.init(document, text: text)
  }

  /// Reads a parsed file.
  ///
  /// - Throws: `DocumentError` for a member of the wrong kind.
  package init(_ document: DocumentValue, text: DocumentText) throws(DocumentError) {
    file = text.name
    guard let object = document.object else {
      throw DocumentError("expected an object of datasets, found \(document.shown)", at: document.offset, of: text)
    }
    var entries: [Entry] = []
    for member in object.members {
      guard member.value.object != nil else {
        throw DocumentError(
          "\(member.key): expected an object, found \(member.value.shown)", at: member.value.offset, of: text)
      }
      func string(_ value: DocumentValue?, _ place: String) throws(DocumentError) -> String? {
        guard let value else { return nil }
        guard let string = value.string else {
          throw DocumentError("\(place): expected a string, found \(value.shown)", at: value.offset, of: text)
        }
        return string
      }
      let columns = member.value["columns"]
      entries.append(
        Entry(
          name: member.key,
          instruction: try string(member.value["instruction"], "\(member.key).instruction") ?? "",
          prompt: try string(columns?["prompt"], "\(member.key).columns.prompt"),
          query: try string(columns?["query"], "\(member.key).columns.query"),
          response: try string(columns?["response"], "\(member.key).columns.response")))
    }
    self.entries = entries
  }

  /// The dataset with the file's wording for its instruction, and its columns where the table has them.
  ///
  /// The entry for training counts for both parts, so that a model is asked as it was trained; where its instruction
  /// is empty (WinoGrande's is, in the published file), that of the evaluation entry is used.
  func applied(to dataset: DatasetDescription, columns: [String], notes: inout [String]) -> DatasetDescription {
    let entry = entries.first { $0.name == dataset.id }
    let evaluation = entries.first { $0.name == dataset.id + "_eval" }
    guard let chosen = entry ?? evaluation else {
      notes.append("\(dataset.id): \(file) has no entry for it, so the built-in instruction is used")
      return dataset
    }
    let instruction = [entry?.instruction, evaluation?.instruction].compactMap(\.self).first { !$0.isEmpty }
    var result = dataset
    if let instruction {
      result.layout = .lines(instruction: instruction)
    } else {
      notes.append("\(dataset.id): \(file) gives no instruction, so the built-in one is used")
    }
    guard let prompt = chosen.prompt, let response = chosen.response else { return result }
    let named = [prompt, chosen.query, response].compactMap(\.self)
    guard named.allSatisfy(columns.contains) else {
      notes.append(
        "\(dataset.id): the columns that \(file) names (\(named.joined(separator: ", "))) are not in the data, so the "
          + "fields are the built-in ones")
      return result
    }
    // What the values of the dataset's own columns mean its own reader knows: SIQA counts its labels from 1.
    let ownColumns = dataset.columns.joined()
    let hasOwnLabel =
      !dataset.labels.isEmpty && ownColumns.contains(response)
      && dataset.columns.allSatisfy { $0.contains(where: columns.contains) }
    var read: Set<String> = []
    result.columns = (named + (hasOwnLabel ? Array(ownColumns) : [])).filter { read.insert($0).inserted }.map { [$0] }
    result.read = { row in
      let texts = try [prompt, chosen.query].compactMap(\.self).map { Example.Field(nil, try row.text($0)) }
      if hasOwnLabel, let label = try dataset.read(row).first?.labelIndex { return [row.example(texts, label: label)] }
      if !row.labels.isEmpty { return [row.example(texts, label: try row.label(response))] }
      let value = try row.row.required(response)
      if let number = value.number { return [Example(fields: texts, answer: "\(number)")] }
      return [Example(fields: texts, answer: try row.code(value, "column \"\(response)\""))]
    }
    return result
  }
}
