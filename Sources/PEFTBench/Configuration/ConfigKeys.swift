import PEFTCore
import PEFTMethods

/// The keys of a config's first level, as they are read before any of them is looked into.
struct ConfigKeys {
  let name: String?
  let model: DocumentValue?
  let models: [DocumentValue]
  let presets: DocumentValue?
  let data: OptionReader
  let methods: [DocumentValue]
  let seeds: SeedChoice
  let training: DocumentValue?
  let evaluation: OptionReader
  let pscp: OptionReader
  let output: String?
  let threads: Int?

  init(reading reader: inout OptionReader) throws(DocumentError) {
    OptionAliases.add(to: &reader, section: .config)
    name = try reader.optionalString("name", about: "the experiment's name; the file's name unless given")
    model = try reader.value("model", about: "the model: its path, or an object as below")
    models = try reader.list("models", about: "several models, in place of `model`")
    presets = try reader.value(
      "presets",
      about:
        "tuned values for methods without a `learning_rate`: `auto` for the model's size, a size of `list presets`, "
        + "or an object as below; what a method's entry or `training` says itself wins")
    data = try reader.object("data", about: "the datasets, and which of their rows")
    methods = try reader.list("methods", about: "names of methods, or objects with their options; one at least")
    seeds = try SeedChoice.read("seeds", from: &reader)
    training = try reader.value("training", about: "how adapters are trained: an object as below")
    evaluation = try reader.object("evaluation", about: "how answers are made and scored")
    pscp = try reader.object("pscp", about: "constants and exponents of PSCP")
    output = try reader.optionalFilePath("output", about: "the results folder; `results/<name>` unless given")
    threads = try reader.optionalInteger(
      "threads", in: 1...4096, about: "worker threads; one per core unless given. Changes no number")
    // Editors look at it; it says nothing about the runs.
    _ = try reader.optionalString("$schema", about: "read by editors only")
  }

  /// What the first level of a config may have.
  static let options =
    (try? OptionReader.describing { reader in _ = try ConfigKeys(reading: &reader) }) ?? []
}
