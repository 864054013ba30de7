import CodeMetrics
import PEFTCore
import TableFiles

/// Turns rows of a dataset's published forms into rows with the columns of the Hugging Face Hub.
///
/// Other names of a column become the Hub's; what the official SuperGLUE archive nests (passages with their
/// questions, spans in an object) is spread out over rows and columns; classes become the Hub's ids.
struct HubRows {
  let dataset: DatasetDescription
  /// Whether the source is text with tabs or commas, whose further columns are left out.
  let isDelimited: Bool

  /// The rows that `row` stands for, normally one.
  ///
  /// - Throws: `TableError` for a nested form that is not as it should be.
  func rows(of row: TableRow) throws(TableError) -> [TableRow] {
    let source = SourceRow(row, labels: dataset.labels)
    switch dataset.id {
    case "multirc" where row["passage"]?.object != nil: return try multirc(row, source)
    case "record" where row["passage"]?.object != nil: return try record(row, source)
    case "wsc": return [spread(row, "target")]
    case "mmlu": return [renamed(spread(row, "train"))]
    case "openbookqa": return [try openBook(row, source)]
    default: return [renamed(row)]
    }
  }

  /// `row` with the class of its only example in the place where the Hub has a class id.
  func withClassID(_ row: TableRow, of example: Example) -> TableRow {
    var values = row.values
    if let column = classColumn, let index = example.labelIndex, let place = row.columns.position(of: column) {
      values[place] = DocumentValue(.integer(index))
    } else if dataset.id == "stsb", let place = row.columns.position(of: "label"),
      let score = values[place].string.flatMap({ Double($0.trimmingWhiteSpace()) })
    {
      values[place] = DocumentValue(.number(score))
    }
    return TableRow(index: row.index, location: row.location, columns: row.columns, values: values)
  }

  /// The column in which the Hub has a class id; the other datasets have letters or words there.
  private var classColumn: String? {
    switch dataset.group {
    case .glue, .superglue: dataset.labels.isEmpty ? nil : "label"
    case .reasoning: dataset.id == "mmlu" ? "answer" : dataset.id == "piqa" ? "label" : nil
    case .studies:
      switch dataset.id {
      case "trec": "coarse_label"
      case "yahoo_answers_topics": "topic"
      case "snips", "scitail": nil
      default: "label"
      }
    case .math, .code, .custom: nil
    }
  }

  /// The row under the Hub's names.
  private func renamed(_ row: TableRow) -> TableRow {
    var members: [(String, DocumentValue)] = []
    var taken: Set<String> = []
    for names in dataset.columns {
      guard let name = names.first(where: { row.columns.position(of: $0) != nil }),
        let place = row.columns.position(of: name)
      else { continue }
      // Of `question1` and its like there is one column only, so the first name is the Hub's.
      members.append((names[0], row.values[place]))
      taken.formUnion([name, names[0]])
    }
    for (name, value) in zip(row.columns.names, row.values) where !taken.contains(name) {
      if isDelimited {
        guard ["idx", "index", "id"].contains(name), let number = value.string.flatMap({ Int($0) }) else { continue }
        if !taken.insert("idx").inserted { continue }
        members.append(("idx", DocumentValue(.integer(number))))
      } else {
        members.append((name, value))
      }
    }
    return made(row, members)
  }

  /// The row with the members of the object in `column` in its place.
  private func spread(_ row: TableRow, _ column: String) -> TableRow {
    guard let inner = row[column]?.object else { return row }
    var members = zip(row.columns.names, row.values).filter { $0.0 != column && inner[$0.0] == nil }.map { ($0, $1) }
    members += inner.members.map { ($0.key, $0.value) }
    return made(row, members)
  }

  private func multirc(_ row: TableRow, _ source: SourceRow) throws(TableError) -> [TableRow] {
    guard let passage = row["passage"], let text = passage["text"], let questions = passage["questions"]?.array else {
      throw row.error("expected \"passage.text\" and \"passage.questions\"")
    }
    var result: [TableRow] = []
    for (index, question) in questions.enumerated() {
      for (position, answer) in (question["answers"]?.array ?? []).enumerated() {
        let places: [(String, DocumentValue)] = [
          ("paragraph", row["idx"] ?? DocumentValue(.integer(row.index))),
          ("question", question["idx"] ?? DocumentValue(.integer(index))),
          ("answer", answer["idx"] ?? DocumentValue(.integer(position))),
        ]
        result.append(
          made(
            row,
            [
              ("paragraph", text), ("question", question["question"] ?? Self.null),
              ("answer", answer["text"] ?? Self.null),
              ("idx", Self.object(places)), ("label", answer["label"] ?? Self.null),
            ]))
      }
    }
    return result
  }

  private func record(_ row: TableRow, _ source: SourceRow) throws(TableError) -> [TableRow] {
    guard let passage = row["passage"], let text = passage["text"], let queries = row["qas"]?.array else {
      throw row.error("expected \"passage.text\" and \"qas\"")
    }
    let entities = DatasetCatalogue.unique(try DatasetCatalogue.recordEntities(of: passage, source))
    var result: [TableRow] = []
    for (index, query) in queries.enumerated() {
      let answers = DatasetCatalogue.unique((query["answers"]?.array ?? []).compactMap { $0["text"]?.string })
      let places: [(String, DocumentValue)] = [
        ("passage", row["idx"] ?? DocumentValue(.integer(row.index))),
        ("query", query["idx"] ?? DocumentValue(.integer(index))),
      ]
      result.append(
        made(
          row,
          [
            ("passage", text), ("query", query["query"] ?? Self.null), ("entities", Self.list(entities)),
            ("answers", Self.list(answers)), ("idx", Self.object(places)),
          ]))
    }
    return result
  }

  /// The authors' own file keeps stem and choices in an object, and the choices as a list of objects.
  private func openBook(_ row: TableRow, _ source: SourceRow) throws(TableError) -> TableRow {
    guard let question = row["question"]?.object, let choices = question["choices"]?.array else { return row }
    var texts: [String] = []
    var letters: [String] = []
    for choice in choices {
      texts.append(try source.text(of: choice["text"], "\"question.choices.text\""))
      letters.append(try source.text(of: choice["label"], "\"question.choices.label\""))
    }
    return made(
      row,
      [
        ("id", row["id"] ?? Self.null), ("question_stem", question["stem"] ?? Self.null),
        ("choices", Self.object([("text", Self.list(texts)), ("label", Self.list(letters))])),
        ("answerKey", row["answerKey"] ?? Self.null),
      ])
  }

  private func made(_ row: TableRow, _ members: [(String, DocumentValue)]) -> TableRow {
    TableRow(
      index: row.index, location: row.location, columns: TableColumns(members.map(\.0)), values: members.map(\.1))
  }

  private static let null = DocumentValue(.null)

  private static func list(_ texts: [String]) -> DocumentValue {
    DocumentValue(.array(texts.map { DocumentValue(.string($0)) }))
  }

  private static func object(_ members: [(String, DocumentValue)]) -> DocumentValue {
    DocumentValue(.object(DocumentObject(members.map { .init(key: $0.0, keyOffset: 0, value: $0.1) })))
  }
}
