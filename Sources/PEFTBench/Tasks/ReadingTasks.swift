import PEFTCore
import TableFiles

extension DatasetCatalogue {
  /// ReCoRD (Zhang and others 2018): which entity of a passage the gap of a query stands for.
  static let record = DatasetDescription(
    id: "record", group: .superglue, title: "ReCoRD", source: superGLUEPart("record", "ReCoRD"),
    columns: [["passage"], ["query"], ["entities"], ["answers"], ["idx"], ["qas"]],
    layout: .lines(
      instruction: "Which of the entities does @placeholder in the query stand for? Reply with that entity as it is "
        + "written in the list."),
    metric: metric("record"), maximumNewTokens: 32, isOneRowPerGroup: true
  ) { row in
    guard let passage = row.row["passage"], passage.object != nil else {
      let entities = try row.texts(of: row.row["entities"], "column \"entities\"")
      let answers = try row.texts(of: row.row["answers"], "column \"answers\"")
      let group = try row.row["idx"]?["query"].map { value in "\(try row.integer(of: value, "column \"idx\""))" }
      return [
        try recordExample(
          row, passage: try row.text("passage"), query: try row.text("query"), entities: entities, answers: answers,
          group: group)
      ]
    }
    // The official file has one passage a row, entities as places in its text, and all queries.
    let text = try row.text(of: passage["text"], "\"passage.text\"")
    guard let queries = row.row["qas"]?.array else { throw row.row.error("expected \"qas\" as a list") }
    let entities = try recordEntities(of: passage, row)
    return try queries.enumerated().map { index, query in
      guard let answers = query["answers"]?.array else {
        throw row.row.error("\"qas[\(index)]\" has no answers; use a split whose answers are published")
      }
      return try recordExample(
        row, passage: text, query: try row.text(of: query["query"], "\"qas[\(index)].query\""), entities: entities,
        answers: try answers.map { try row.text(of: $0["text"], "\"qas[\(index)].answers\"") },
        group: try query["idx"].map { "\(try row.integer(of: $0, "\"qas[\(index)].idx\""))" })
    }
  }

  /// The entities of an official passage, which gives them as places in its text.
  static func recordEntities(of passage: DocumentValue, _ row: SourceRow) throws(TableError) -> [String] {
    let raw = Array((passage["text"]?.string ?? "").unicodeScalars)
    guard let places = passage["entities"]?.array else {
      throw row.row.error("expected \"passage.entities\" as a list")
    }
    var entities: [String] = []
    for (index, place) in places.enumerated() {
      let start = try row.integer(of: place["start"], "\"passage.entities[\(index)].start\"")
      let end = try row.integer(of: place["end"], "\"passage.entities[\(index)].end\"")
      guard start >= 0, start <= end, end < raw.count else {
        throw row.row.error("\"passage.entities[\(index)]\" lies outside of the passage")
      }
      var entity = String.UnicodeScalarView()
      entity.append(contentsOf: raw[start...end])
      entities.append(String(entity))
    }
    return entities
  }

  private static func recordExample(
    _ row: SourceRow, passage: String, query: String, entities: [String], answers: [String], group: String?
  ) throws(TableError) -> Example {
    let answers = unique(answers)
    guard let answer = answers.first else {
      throw row.row.error("column \"answers\" is empty; use a split whose answers are published")
    }
    return Example(
      fields: [
        .init("Passage", passage), .init("Entities", unique(entities).joined(separator: "; ")),
        .init("Query", query, isQuestion: true),
      ], answer: answer, group: group ?? StableHash.hexadecimal(passage + "\u{0}" + query), allAnswers: answers)
  }

  /// The texts without repetitions, in the order of their first appearance.
  static func unique(_ texts: [String]) -> [String] {
    var seen: Set<String> = []
    return texts.filter { seen.insert($0).inserted }
  }

  /// MultiRC (Khashabi and others 2018): whether an answer to a question about a paragraph is right.
  static let multirc = DatasetDescription(
    id: "multirc", group: .superglue, title: "MultiRC", source: superGLUEPart("multirc", "MultiRC"),
    columns: [["paragraph"], ["question"], ["answer"], ["label"], ["idx"], ["passage"]],
    layout: .lines(
      instruction: "Is this answer to the question right, going by the paragraph? Reply with True or False."),
    metric: metric("multirc")
  ) { row in
    guard let passage = row.row["passage"], passage.object != nil else {
      let paragraph = try row.text("paragraph")
      let question = try row.text("question")
      var group = StableHash.hexadecimal(paragraph + "\u{0}" + question)
      if let place = row.row["idx"], let first = place["paragraph"], let second = place["question"] {
        group = "\(try row.integer(of: first, "column \"idx\""))-\(try row.integer(of: second, "column \"idx\""))"
      }
      return [
        row.example(
          multircFields(paragraph, question, try row.text("answer")), label: try row.label("label"), group: group)
      ]
    }
    // The official file has one paragraph a row, with its questions and their answers inside.
    let text = try row.text(of: passage["text"], "\"passage.text\"")
    let number = try row.row["idx"].map { try row.integer(of: $0, "column \"idx\"") } ?? row.row.index
    guard let questions = passage["questions"]?.array else {
      throw row.row.error("expected \"passage.questions\" as a list")
    }
    var examples: [Example] = []
    for (index, question) in questions.enumerated() {
      let place = "passage.questions[\(index)]"
      let asked = try row.text(of: question["question"], "\"\(place).question\"")
      let group = "\(number)-\(try row.integer(of: question["idx"] ?? .init(.integer(index)), "\"\(place).idx\""))"
      for (position, answer) in (question["answers"]?.array ?? []).enumerated() {
        let fields = multircFields(text, asked, try row.text(of: answer["text"], "\"\(place).answers[\(position)]\""))
        guard let label = answer["label"] else {
          throw row.row.error(
            "\"\(place).answers[\(position)]\" has no label; use a split whose labels are published")
        }
        examples.append(row.example(fields, label: try row.label(label, "label"), group: group))
      }
    }
    return examples
  }

  private static func multircFields(_ paragraph: String, _ question: String, _ answer: String) -> [Example.Field] {
    [
      .init("Paragraph", paragraph), .init("Question", question, isQuestion: true),
      .init("Answer", answer, isQuestion: true),
    ]
  }
}

/// A hash that is the same in every process, for names that need no secrecy.
enum StableHash {
  /// FNV-1a of the UTF-8 bytes, 64 bits as 16 hexadecimal digits.
  static func hexadecimal(_ text: String) -> String {
    let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
