/// All formats, in the order of the table.
enum AllFormats {
  static let all: [any FuzzedFormat.Type] = [
    SafetensorsFormat.self, ShardedFormat.self, NF4Format.self, GGUFFormat.self, TokenizerFormat.self,
    ModelDescriptionFormat.self,
    ChatTemplateFormat.self, AdapterFormat.self, CompressedAdapterFormat.self,
    ParquetFormat.self, ParquetPagesFormat.self, TextTableFormat.self,
    DatasetRowsFormat.self, DatasetInfoFormat.self, JSONConfigFormat.self, YAMLConfigFormat.self, ResultsFormat.self,
    TrainingCheckpointFormat.self, AnswerCheckpointFormat.self, LocksFormat.self, CommandLineFormat.self,
  ]

  static func named(_ name: String) -> (any FuzzedFormat.Type)? { all.first { $0.name == name } }
}
