import PEFTCore

/// The keys of a dataset's description, as they are read before they are held against each other.
struct CustomDatasetKeys {
  let name: String
  let title: String?
  let files: OptionReader?
  let prompt: String?
  let instruction: String
  let columns: [String]
  let messages: String?
  let answer: String?
  let labels: DocumentValue?
  let metric: MetricChoice?
  let range: [Double]
  let positive: String?
  let maximumNewTokens: Int?
  let group: String?
  let furtherSets: DocumentValue?

  init(reading reader: inout OptionReader) throws(DocumentError) {
    name = try reader.string("name", about: "what results call it")
    title = try reader.optionalString("title", about: "a name for people; `name` unless given")
    files = try reader.optionalObject("files", about: "where its rows are: an object as below, which must be given")
    prompt = try reader.optionalString(
      "prompt", about: "text with `{column}` where a column goes (`{{` is a brace); or give the next two keys")
    instruction = try reader.string("instruction", default: "", about: "what stands before the columns")
    columns = try reader.strings("columns", default: [], about: "columns of the prompt, one per line")
    messages = try reader.optionalString(
      "messages", about: "in place of prompt and answer, the column with a chat that ends with the answer")
    answer = try reader.optionalString("answer", about: "the column with the answer; needed unless there is a chat")
    labels = try reader.value(
      "labels", about: "the label words in the order of class ids, or an object from the column's values to words")
    metric = try reader.optionalChoice(
      "metric", as: MetricChoice.self,
      about: "the headline score (see `list metrics`); `accuracy` with labels, else `text`, unless given")
    range = try reader.numbers(
      "range", default: [0, 5], count: 2, about: "the least and the greatest number of a correlation")
    positive = try reader.optionalString(
      "positive", about: "the label that F1, precision and recall are about; the second one unless given")
    maximumNewTokens = try reader.optionalInteger(
      "max_new_tokens", in: 1...100_000, about: "the longest answer; 8 with labels, else 256, unless given")
    group = try reader.optionalString("group", about: "a column that ties rows together")
    furtherSets = try reader.value(
      "evaluate_on", about: "further sets of rows to score: an object from names to files as `files` has them")
  }

  /// What each key of `files` takes.
  static let filesText = "a file, a pattern such as \"data/*.jsonl\", a folder, or a list of these"

  /// The files of each part; none for a key that is not given.
  static func files(
    _ reader: inout OptionReader
  ) throws(DocumentError) -> (training: [String], evaluation: [String], test: [String]) {
    (
      try reader.optionalFilePaths("train", about: "\(filesText); must be given") ?? [],
      try reader.optionalFilePaths("validation", about: "the same, for the rows that are scored; must be given") ?? [],
      try reader.optionalFilePaths("test", about: "the same, for rows on which nothing is chosen") ?? []
    )
  }

  /// What a description may have.
  static let options =
    (try? OptionReader.describing { reader in _ = try CustomDatasetKeys(reading: &reader) }) ?? []

  /// What its `files` may have.
  static let fileOptions = (try? OptionReader.describing { reader in _ = try files(&reader) }) ?? []
}
