import Foundation
import PEFTCore
import Testing

@testable import PEFTBench
@testable import TableFiles

/// A described dataset on disk, for tests that read its files.
enum DescribedDataset {
  /// Loads a part of a dataset described by `members`, with `files` in a folder; the paths in it are below the folder.
  static func load(
    _ members: String, _ files: [String: String], _ part: DatasetPart = .training, nulls: NullPolicy = .empty
  ) throws -> LoadedDataset {
    try TaskRows.withFolder(files) { root in
      let text = DocumentText(name: "config.json", bytes: Array("{\"name\": \"x\", \(members)}".utf8))
      let dataset = try CustomDataset.read(try JSONParser.parse(text), of: text, at: "data.datasets[0]") {
        root + "/" + $0
      }
      let loader = DatasetLoader(locator: DatasetLocator(root: nil, cache: nil), nulls: nulls)
      return try loader.load(dataset, part)
    }
  }

  /// What is wrong with it, with the names of files only; "nothing" where nothing is.
  static func complaint(
    _ members: String, _ files: [String: String], _ part: DatasetPart = .training, nulls: NullPolicy = .empty
  ) throws -> String {
    do {
      _ = try load(members, files, part, nulls: nulls)
      return "nothing"
    } catch let error as any InputError {
      return error.description.replacing(/\/[^ ]*tasks-[^ \/]*\//, with: "")
    }
  }

  /// `files` with one file for both parts.
  static let one = #""files": {"train": "rows.jsonl", "validation": "rows.jsonl"}"#
}

@Suite("Columns of described datasets") struct CustomRowTests {
  private func prompts(_ loaded: LoadedDataset) -> [String] {
    loaded.examples.map { loaded.dataset.prompt(for: $0).text }
  }

  @Test("Text reaches the model as it is: white space at both ends of prompt and answer stays")
  func whiteSpace() throws {
    let rows = #"{"q": "  indented\n", "a": "    c = a + b\n    return c\n"}"#
    let loaded = try DescribedDataset.load(
      #"\#(DescribedDataset.one), "prompt": "{q}", "answer": "a", "metric": "code""#, ["rows.jsonl": rows])
    #expect(prompts(loaded) == ["  indented\n"])
    #expect(loaded.examples[0].answer == "    c = a + b\n    return c\n")
    let csv = try DescribedDataset.load(
      #""files": {"train": "t.csv", "validation": "t.csv"}, "prompt": "{q}", "answer": "a""#,
      ["t.csv": "q,a\n\"  two\n lines \",  reply \n"])
    #expect(prompts(csv) == ["  two\n lines "])
    #expect(csv.examples[0].answer == "  reply ")
  }

  @Test("Numbers and truth values are spelled as in JSON, and large integers keep every digit")
  func values() throws {
    let rows = #"""
      {"q": [1.0, 12.5, 18446744073709551615, -7, true, 1e-7, -123456789012345678901234567890], "a": 2.0}
      """#
    let texts = ["1.0", "12.5", "18446744073709551615", "-7", "true", "1e-07", "-123456789012345678901234567890"]
    for (index, text) in texts.enumerated() {
      let loaded = try DescribedDataset.load(
        #"\#(DescribedDataset.one), "prompt": "{q[\#(index)]}", "answer": "a""#, ["rows.jsonl": rows])
      #expect(prompts(loaded) == [text])
      #expect(loaded.examples[0].answer == "2.0")
    }
  }

  @Test("Dates, times, decimals and unsigned numbers of a Parquet file are read as people write them")
  func calendar() throws {
    let columns = ["utc", "old", "time", "price", "seen", "milli"]
    let template = columns.map { "{\($0)}" }.joined(separator: "|")
    let path = "\(ParquetFixtures.folder)/times.parquet"
    let text = DocumentText(
      name: "config.json",
      bytes: Array(
        #"""
        {"name": "x", "files": {"train": "\#(path)", "validation": "\#(path)"}, "prompt": "\#(template)",
         "answer": "single", "metric": "correlation"}
        """#.utf8))
    let dataset = try CustomDataset.read(try JSONParser.parse(text), of: text, at: "d")
    let loaded = try DatasetLoader(locator: DatasetLocator(root: nil, cache: nil)).load(dataset, .training)
    #expect(
      prompts(loaded) == [
        "2024-05-01 13:45:00+00:00|0001-01-01|13:45:00|12.50|18446744073709551615|2024-05-01 13:45:00.250000",
        "|9999-12-31||-0.05|9223372036854775808|",
        "2000-02-29 00:00:00.000001+00:00|1600-02-29|23:59:59.999000||9223372036854775807|1900-03-01 00:00:00",
      ])
    #expect(loaded.examples.map(\.answer) == ["3.8", "0.1", "1e+20"])
    #expect(loaded.emptyCounts.map(\.column) == ["milli", "price", "time", "utc"])
    #expect(loaded.emptyCounts.map(\.count) == [1, 1, 1, 1])
  }

  @Test("Every stored timestamp has a text, the extreme ones too")
  func extremes() {
    for units in [Int64.min, -1, 0, Int64.max] {
      for unit in [ParquetTimeUnit.milliseconds, .microseconds, .nanoseconds] {
        let text = CalendarText.timestamp(units, perSecond: unit.perSecond, isUTC: false)
        #expect(text.split(separator: " ").count == 2, "\(text)")
      }
    }
    #expect(CalendarText.timestamp(-1, perSecond: 1_000, isUTC: true) == "1969-12-31 23:59:59.999000+00:00")
    #expect(CalendarText.time(86_400_000, perSecond: 1_000) == nil)
    #expect(CalendarText.time(-1, perSecond: 1_000) == nil)
    #expect(CalendarText.date(day: -719_529) == "-0001-12-31")
  }

  @Test("A null and an empty field of the prompt are the same: an empty text that is counted, or an error")
  func nulls() throws {
    let members = #""columns": ["q", "r"], "answer": "a""#
    let json = [
      "rows.jsonl":
        "{\"q\": null, \"r\": \"x\", \"a\": \"b\"}\n{\"q\": \"y\", \"r\": \"\", \"a\": \"b\"}\n{\"q\": \"y\", \"r\": null, \"a\": \"b\"}"
    ]
    let csv = ["rows.jsonl": "q,r,a\n,x,b\ny,,b\ny,\"\",b\n"]
    for files in [json, csv] {
      let loaded = try DescribedDataset.load("\(DescribedDataset.one), \(members)", files)
      #expect(prompts(loaded) == ["q: \nr: x", "q: y\nr: ", "q: y\nr: "])
      #expect(loaded.emptyCounts.map(\.column) == ["q", "r"])
      #expect(loaded.emptyCounts.map(\.count) == [1, 2])
      let error = try DescribedDataset.complaint("\(DescribedDataset.one), \(members)", files, nulls: .error)
      #expect(error.contains("column \"q\" is null or empty here") && error.contains("data.null"), "\(error)")
    }
  }

  @Test("An answer that is null or empty is an error with its file and row, in every format")
  func nullAnswers() throws {
    for (rows, place) in [
      ("{\"q\": \"x\", \"a\": \"b\"}\n{\"q\": \"x\", \"a\": null}", "rows.jsonl:2: "),
      ("{\"q\": \"x\", \"a\": \"b\"}\n{\"q\": \"x\", \"a\": \"\"}", "rows.jsonl:2: "),
      ("q,a\nx,b\nx,\n", "rows.jsonl:3: "),
    ] {
      for labels in ["", #", "labels": ["b", "c"]"#] {
        let error = try DescribedDataset.complaint(
          #"\#(DescribedDataset.one), "prompt": "{q}", "answer": "a"\#(labels)"#, ["rows.jsonl": rows])
        #expect(error.hasPrefix("\(place)column \"a\" is null or empty, so this row has no"), "\(error)")
      }
    }
  }

  @Test("Nulls of published datasets are counted too, and the answer must be there")
  func publishedNulls() throws {
    let example = try TaskRows.example("rte", #"{"sentence1": null, "sentence2": "b", "label": 1}"#)
    #expect(example.emptyColumns == ["sentence1"])
    #expect(example.fields[0].text.isEmpty)
    let error = #expect(throws: TableError.self) {
      try TaskRows.example("gsm8k", #"{"question": "q", "answer": null}"#)
    }
    #expect(error?.message == "column \"answer\" is null here")
  }

  @Test("A part of a nested column is named by a path; a column that is called like one goes first")
  func paths() throws {
    let row = #"""
      {"answers": {"text": ["one", "two"], "start": [3]}, "q.r": "plain", "q": {"r": "nested", "s": null}, "l": [{"t": 5}]}
      """#
    func text(_ path: String) throws -> String {
      try prompts(
        DescribedDataset.load(
          #"\#(DescribedDataset.one), "prompt": "{\#(path)}", "answer": "answers.text[0]""#, ["rows.jsonl": row]))[0]
    }
    #expect(try text("answers.text[1]") == "two")
    #expect(try text("answers.start[0]") == "3")
    #expect(try text("q.r") == "plain")
    #expect(try text("l[0].t") == "5")
    #expect(try text("q.s") == "")
    #expect(try text("answers.text[7]") == "")
    func complaint(_ path: String) throws -> String {
      try DescribedDataset.complaint(
        #"\#(DescribedDataset.one), "prompt": "{\#(path)}", "answer": "answers.text[0]""#, ["rows.jsonl": row])
    }
    #expect(try complaint("answers.txt").contains("\"answers\" has no member \"txt\"; did you mean \"text\"?"))
    #expect(try complaint("answers.text").contains("found a list; name a part of it, such as answers.text[0]"))
    #expect(try complaint("l.t").contains("name an element, such as l[0].t"))
    #expect(try complaint("answer.text").contains("there is no column \"answer.text\""))
    #expect(try complaint("q.r[0]").contains("\"q.r\": expected a list"))
  }

  @Test("A list of texts is every accepted answer of a text metric, and Parquet's nested columns have paths too")
  func acceptedAnswers() throws {
    let squad = try DescribedDataset.load(
      #"\#(DescribedDataset.one), "prompt": "{q}", "answer": "answers.text", "metric": "text""#,
      ["rows.jsonl": #"{"q": "x", "answers": {"text": ["in Rome", "Rome"]}}"#])
    #expect(squad.examples[0].answer == "in Rome")
    #expect(squad.examples[0].allAnswers == ["in Rome", "Rome"])
    let path = "\(ParquetFixtures.folder)/nested-v2.parquet"
    let text = DocumentText(
      name: "config.json",
      bytes: Array(
        #"""
        {"name": "x", "files": {"train": "\#(path)", "validation": "\#(path)"},
         "prompt": "{choices.label[1]}{spans[0].text}", "answer": "idx.a.b"}
        """#.utf8))
    let dataset = try CustomDataset.read(try JSONParser.parse(text), of: text, at: "d")
    #expect(
      dataset.columns.map(\.first) == ["choices.label[1]", "choices", "spans[0].text", "spans", "idx.a.b", "idx"])
    let error = #expect(throws: TableError.self) {
      try DatasetLoader(locator: DatasetLocator(root: nil, cache: nil)).load(dataset, .training)
    }
    // Its third row has no answer, and only the columns that are asked for are read.
    #expect(
      error?.description.hasSuffix("row 2: column \"idx.a.b\" is null or empty, so this row has no answer") == true)
  }

  @Test("A chat in one column is a question with its answer, in both spellings")
  func chats() throws {
    let rows = #"""
      {"m": [{"role": "user", "content": " Hi?\n"}, {"role": "assistant", "content": "Yes. "}]}
      {"m": [{"from": "human", "value": "Two?"}, {"from": "gpt", "value": "No."}]}
      {"m": [{"role": "user", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]}, {"role": "assistant", "content": "C"}]}
      """#
    let loaded = try DescribedDataset.load(#"\#(DescribedDataset.one), "messages": "m""#, ["rows.jsonl": rows])
    #expect(prompts(loaded) == [" Hi?\n", "Two?", "AB"])
    #expect(loaded.examples.map(\.answer) == ["Yes. ", "No.", "C"])
    let labelled = try DescribedDataset.load(
      #"\#(DescribedDataset.one), "messages": "m", "labels": ["c", "No.", "Yes."]"#, ["rows.jsonl": rows])
    #expect(labelled.examples.map(\.labelIndex) == [2, 1, 0])
  }

  @Test(
    "A chat that is not one question with its answer is refused with its place",
    arguments: [
      (#"[{"role": "user", "content": "a"}]"#, "ends with a turn of the user"),
      ("[]", "has no turns"),
      (#""text""#, "expected a list of turns"),
      (#"[{"role": "user", "content": "a"}, {"role": "tool", "content": "b"}]"#, "the role \"tool\" is not read"),
      (
        #"[{"role": "system", "content": "s"}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]"#,
        "found 3 turns (system, user, assistant)"
      ),
      (#"[{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}]"#, "the last turn is empty"),
      (
        #"[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b", "tool_calls": [{}]}]"#,
        "turn 2 has \"tool_calls\""
      ),
      (
        #"[{"role": "user", "content": [{"type": "image_url"}]}, {"role": "assistant", "content": "b"}]"#,
        "turn 1: expected text, found image_url"
      ), (#"[{"text": "a"}, {"role": "assistant", "content": "b"}]"#, "turn 1: expected \"role\" and \"content\""),
    ]) func refusedChats(chat: String, message: String) throws
  {
    let error = try DescribedDataset.complaint(
      #"\#(DescribedDataset.one), "messages": "m""#, ["rows.jsonl": "{\"m\": \(chat)}"])
    #expect(error.hasPrefix("rows.jsonl:1: column \"m\"") && error.contains(message), "\(error)")
  }

  @Test("A chat leaves no room for a prompt, and a description without an answer says what is missing")
  func chatKeys() throws {
    func complaint(_ members: String) throws -> String {
      try DescribedDataset.complaint("\(DescribedDataset.one), \(members)", [:])
    }
    #expect(try complaint(#""messages": "m", "prompt": "{q}""#).contains("a chat has prompt and answer in itself"))
    #expect(try complaint(#""prompt": "{q}""#).contains(".answer: missing; expected the column with the answer"))
    #expect(try complaint(#""prompt": "{q}", "anser": "a""#).contains("did you mean \"answer\"?"))
  }

  @Test("A prompt that says a part of the answer is refused, one of another turn or column is not")
  func partsOfAnswers() throws {
    func complaint(_ column: String, _ answer: String) throws -> String {
      let row = #"{"m": [{"c": "x"}, {"c": "y"}], "a.b": "z", "a": ["v"]}"#
      return try DescribedDataset.complaint(
        #"\#(DescribedDataset.one), "prompt": "{\#(column)}", "answer": "\#(answer)""#, ["rows.jsonl": row])
    }
    let said = "so that every prompt would say it"
    #expect(try complaint("a[0]", "a").contains("holds the column \"a[0]\", and the answer is \"a\", \(said)"))
    #expect(try complaint("m[0].c", "m[0]").contains(said))
    #expect(try complaint("m[0].c", "m[1].c") == "nothing")
    #expect(try complaint("a.b", "a") == "nothing")
  }

  @Test("Patterns and folders stand for their files, sorted")
  func namedFiles() throws {
    func row(_ text: String) -> String { "{\"q\": \"\(text)\", \"a\": \"b\"}\n" }
    let files = [
      "data/b.jsonl": row("b"), "data/a.jsonl": row("a"), "data/README.md": "# rows", "dev[1]/c.jsonl": row("c"),
      "mixed/a.jsonl": row("a"), "mixed/b.csv": "q,a\nx,b\n", "none/x.txt": "x", "data/sub/d.jsonl": row("d"),
    ]
    func load(_ train: String) throws -> [String] {
      prompts(
        try DescribedDataset.load(
          #""files": {"train": \#(train), "validation": "data/a.jsonl"}, "prompt": "{q}", "answer": "a""#, files))
    }
    #expect(try load(#""data/*.jsonl""#) == ["a", "b"])
    #expect(try load(#""data""#) == ["a", "b"])
    #expect(try load(#""data/""#) == ["a", "b"])
    #expect(try load(#""*/[bc].jsonl""#) == ["b", "c"])
    #expect(try load(#""dev[1]/*.jsonl""#) == ["c"])
    #expect(try load(#"["data/?.jsonl", "data/sub"]"#) == ["a", "b", "d"])
    func complaint(_ train: String) throws -> String {
      try DescribedDataset.complaint(
        #""files": {"train": "\#(train)", "validation": "data/a.jsonl"}, "prompt": "{q}", "answer": "a""#, files)
    }
    #expect(
      try complaint("data/*.parquet")
        == "data/*.parquet: no file fits this pattern, which the dataset x has for training")
    #expect(try complaint("data/z.jsonl").hasPrefix("data/z.jsonl: there is no such file"))
    #expect(try complaint("mixed").contains("tables of several kinds (1 .csv, 1 .jsonl); name one, such as"))
    #expect(try complaint("none").contains("the folder has no readable table"))
  }
}
