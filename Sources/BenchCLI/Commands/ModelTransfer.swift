import Foundation
import PEFTCore

extension ModelCommand {
  static let fetch = Command(
    name: "model fetch", summary: "Fetch a model from the Hugging Face Hub.",
    discussion: [
      "Puts description, tokenizer and safetensors weights, or a GGUF file, into the Hub's cache; a config then names "
        + "the model by its id. An interrupted transfer resumes where it stopped; large files are checked by their "
        + "SHA-256. HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE count as for the Hub's own tools."
    ],
    positionals: [PositionalSpec(name: "ID", help: "The repository: org/name.")],
    options: [
      OptionSpec(
        long: "file", valueName: "NAME", isRepeated: true, help: "Only these files, such as one of several GGUF files."),
      OptionSpec(long: "revision", valueName: "R", help: "A branch, tag or commit; main unless given."), .json, .quiet,
    ],
    examples: [
      .init(line: "peft-bench model fetch HuggingFaceTB/SmolLM2-135M-Instruct", meaning: "A model's folder."),
      .init(line: "peft-bench model fetch org/name-GGUF --file name-q8_0.gguf", meaning: "One GGUF file."),
    ],
    run: { arguments, console in
      let id = arguments.positional("ID") ?? ""
      let revision = arguments.value("revision") ?? "main"
      let downloader = HubDownloader()
      let folder: String
      if downloader.isOffline {
        folder = try downloader.cache.snapshot(of: id, revision: arguments.value("revision"))
        console.note("note: the network is off (HF_HUB_OFFLINE); this is what the cache has")
      } else {
        let names = try choice(
          among: try downloader.files(of: id, revision: revision), wanted: arguments.all("file"), of: id)
        let transfer = TransferLine(id, console: console)
        defer { transfer.finish() }
        for name in names {
          _ = try downloader.download(name, of: id, revision: revision) { transfer.update(name, $0, $1) }
        }
        folder = try downloader.cache.snapshot(of: id, revision: revision)
      }
      var problem: String?
      do {
        _ = try ModelFiles.open(
          arguments.all("file").first { $0.hasSuffix(".gguf") }.map { folder + "/" + $0 } ?? folder)
      } catch {
        problem = "\(error)"
      }
      if arguments.flag("json") {
        console.print(json: ["id": JSONValue(id), "path": JSONValue(folder), "problem": JSONValue(problem)])
      } else {
        console.print(folder)
        if let problem { console.warning("this model cannot be used: \(problem)") }
      }
      return .done
    })

  /// The files of a repository that a run needs.
  ///
  /// - Parameters:
  ///   - names: All files of the repository.
  ///   - wanted: The files that the user asks for; what is needed unless there are any.
  ///   - id: The repository, for errors.
  static func choice(among names: [String], wanted: [String], of id: String) throws -> [String] {
    guard wanted.isEmpty else {
      for name in wanted where !names.contains(name) {
        let hint = NearestName.of(name, among: names).map { "; did you mean \($0)?" } ?? ""
        throw FileError(path: id, "has no file \(name)\(hint)")
      }
      return wanted
    }
    let described = [
      "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
      "chat_template.jinja", SafetensorsCheckpoint.indexName,
    ]
    let weights = names.filter { $0.hasSuffix(".safetensors") && !$0.contains("/") }
    if !weights.isEmpty {
      // Beside shards some repositories keep the same weights in one file of another program's form.
      let isModel = { (name: String) in name == SafetensorsCheckpoint.fileName || name.hasPrefix("model-") }
      let own = weights.filter(isModel)
      return described.filter(names.contains) + (own.isEmpty ? weights : own)
    }
    let packed = names.filter { $0.hasSuffix(".gguf") }
    guard packed.count == 1 else {
      throw FileError(
        path: id,
        packed.isEmpty
          ? "has neither safetensors nor GGUF files"
          : "has several GGUF files; choose one with --file: \(packed.joined(separator: ", "))")
    }
    return packed
  }

  static let list = Command(
    name: "model list", summary: "List the models on this machine, and which of them can be used.",
    discussion: [
      "Looks in the folder of models and in the Hub's cache, and at headers only: whether the architecture and the "
        + "tokenizer are supported, and whether all weights are there, of the right shapes and in types that are read."
    ],
    options: [
      OptionSpec(long: "root", valueName: "DIR", help: "The folder of models; models unless given."), .json,
    ],
    examples: [
      .init(line: "peft-bench model list", meaning: "All models."),
      .init(
        line: "peft-bench model list --json | jq '.[] | select(.supported) | .path'", meaning: "What configs can use."),
    ],
    run: { arguments, console in
      let models = found(below: arguments.value("root") ?? "models") + cached(in: HubCache())
      if arguments.flag("json") {
        console.print(json: .array(models.map(\.json)))
        return .done
      }
      var table = TextTable([
        .init(title: "model"), .init(title: "architecture"), .init(title: "parameters", isNumber: true),
        .init(title: "size", isNumber: true), .init(title: "usable"),
      ])
      for model in models {
        table.add([
          model.path, model.architecture ?? "", model.parameters.map { Format.count(Double($0)) } ?? "",
          Format.bytes(Double(model.bytes)), model.problem ?? "yes",
        ])
      }
      if models.isEmpty {
        console.print("no models; get one with: \(ProgramFile.name) model fetch org/name")
      } else {
        table.print(to: console)
      }
      return .done
    })

  /// One model on disk.
  private struct LocalModel {
    /// What a config calls it.
    let path: String
    let folder: String
    var architecture: String?
    var parameters: Int?
    var bytes = 0
    /// Why it cannot be used.
    var problem: String?

    /// Looks at the model at `place`, which configs call `path`.
    init(path: String, at place: String) {
      (self.path, folder) = (path, place)
      bytes = Self.size(place)
      do {
        let files = try ModelFiles.open(place)
        architecture = files.configuration.family
        parameters = try files.skeleton().parameterCount
        try files.checkWeights()
        _ = try files.tokenizer()
      } catch {
        problem = "\(error)"
      }
    }

    init(path: String, folder: String, problem: String) {
      (self.path, self.folder, self.problem) = (path, folder, problem)
    }

    var json: JSONValue {
      [
        "path": JSONValue(path), "folder": JSONValue(folder), "architecture": JSONValue(architecture),
        "parameters": JSONValue(parameters), "bytes": JSONValue(bytes), "supported": JSONValue(problem == nil),
        "problem": JSONValue(problem),
      ]
    }

    /// Bytes of a file or of the files in a folder, links followed.
    private static func size(_ path: String) -> Int {
      func bytes(_ file: String) -> Int {
        let target = FilePath.resolved(file) ?? file
        let attributes = try? FileManager.default.attributesOfItem(atPath: target)
        return attributes?[.type] as? FileAttributeType == .typeRegular ? attributes?[.size] as? Int ?? 0 : 0
      }
      let entries = try? FileManager.default.contentsOfDirectory(atPath: path)
      return entries.map { $0.reduce(0) { $0 + bytes(path + "/" + $1) } } ?? bytes(path)
    }
  }

  private static func found(below root: String) -> [LocalModel] {
    let entries = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).sorted()
    return entries.flatMap { entry -> [LocalModel] in
      let path = root + "/" + entry
      if entry.hasSuffix(".gguf") { return [LocalModel(path: path, at: path)] }
      guard let inner = try? FileManager.default.contentsOfDirectory(atPath: path) else { return [] }
      if inner.contains("config.json") { return [LocalModel(path: path, at: path)] }
      return inner.filter { $0.hasSuffix(".gguf") }.sorted().map {
        LocalModel(path: "\(path)/\($0)", at: "\(path)/\($0)")
      }
    }
  }

  private static func cached(in cache: HubCache) -> [LocalModel] {
    cache.repositories(kind: .model).map { id in
      do {
        return LocalModel(path: id, at: try cache.snapshot(of: id))
      } catch {
        return LocalModel(path: id, folder: cache.path, problem: "\(error)")
      }
    }
  }
}
