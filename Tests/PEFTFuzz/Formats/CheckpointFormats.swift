import Foundation
import PEFTCore

/// A safetensors file.
struct SafetensorsFormat: FuzzedFormat {
  static let name = "safetensors"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    samples = [
      Sample("model.safetensors", try corpus.bytes("Tests/Fixtures/safetensors/tiny.safetensors"), .safetensors),
      Sample("model.safetensors", Self.file, .safetensors),
    ]
  }

  func read(_ sample: Sample, in folder: String) throws {
    try Self.readAll(SafetensorsCheckpoint.open(file: folder + "/" + sample.main))
  }

  /// Looks at every tensor, and unpacks those that can be.
  static func readAll(_ checkpoint: SafetensorsCheckpoint) throws {
    for tensor in checkpoint.tensors {
      _ = tensor.bytes.reduce(0) { $0 &+ Int($1) }
      if tensor.type.isReadableAsFloat { _ = try tensor.floats() }
      _ = checkpoint[tensor.name]
    }
  }

  /// Two tensors and a text.
  private static var file: [UInt8] {
    let header =
      #"{"__metadata__":{"format":"pt"},"a":{"dtype":"BF16","shape":[2,3],"data_offsets":[0,12]},"#
      + #""b.c":{"dtype":"F64","shape":[2],"data_offsets":[12,28]},"e":{"dtype":"U8","shape":[0,7],"data_offsets":[28,28]}}"#
    return (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + Array(header.utf8)
      + (0..<28).map { UInt8($0 * 9) }
  }
}

/// A checkpoint in shards: the index, and the shards that it names.
struct ShardedFormat: FuzzedFormat {
  static let name = "safetensors-index"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    let folder = "Tests/Fixtures/safetensors/sharded"
    let shards = try corpus.files(in: folder, suffix: ".safetensors").map { path in
      Sample.File(
        name: (path as NSString).lastPathComponent, bytes: try corpus.bytes(path), mutation: .safetensors)
    }
    let pieces = ["\"../model-00001-of-00002.safetensors\"", "\"/etc/passwd\"", "\".\"", "\"x\\u0000y\"", "\"\""]
    let index = Sample.File(
      name: SafetensorsCheckpoint.indexName, bytes: try corpus.bytes("\(folder)/\(SafetensorsCheckpoint.indexName)"),
      mutation: .text(pieces: pieces))
    samples = [
      Sample([index] + shards.map { .init(name: $0.name, bytes: $0.bytes, mutation: nil) }), Sample([index] + shards),
    ]
  }

  func read(_ sample: Sample, in folder: String) throws {
    let checkpoint = try SafetensorsCheckpoint.open(directory: folder)
    let names = Set(sample.files.map { "\(folder)/\($0.name)" })
    for file in checkpoint.files where !names.contains(file.path) {
      throw Violation("the index made it read \(file.path), which is not in its folder")
    }
    try SafetensorsFormat.readAll(checkpoint)
  }
}

/// A GGUF file: tensors, description, tokenizer, chat template.
struct GGUFFormat: FuzzedFormat {
  static let name = "gguf"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    samples = [
      Sample("m.gguf", try corpus.bytes("Tests/Fixtures/gguf/tiny.gguf"), .gguf),
      Sample("m.gguf", try corpus.bytes("Tests/Fixtures/gguf_models/llama-q4_0.gguf"), .gguf),
      Sample("m.gguf", try corpus.bytes("Tests/Fixtures/gguf_models/qwen2-q8_0.gguf"), .gguf),
      Sample(
        try corpus.files(in: "Tests/Fixtures/gguf", suffix: "-00003.gguf").map { path in
          .init(name: (path as NSString).lastPathComponent, bytes: try corpus.bytes(path), mutation: .gguf)
        }),
    ]
  }

  func read(_ sample: Sample, in folder: String) throws {
    let path = folder + "/" + sample.main
    let checkpoint = try GGUFCheckpoint.open(path: path)
    for tensor in checkpoint.tensors where tensor.type?.weightFormat != nil { _ = try tensor.floats() }
    let files = try ModelFiles.open(path)
    try files.checkWeights()
    _ = try files.load(as: .auto, context: ComputeContext(threads: 1))
    let tokenizer = try files.tokenizer()
    _ = tokenizer.decode(tokenizer.encode("Some text, 12 of it.", addSpecialTokens: true), skipSpecialTokens: false)
    for template in try files.tokenizerConfiguration().chatTemplates {
      _ = try ChatTemplate(source: template.source, name: template.name)
    }
  }
}
