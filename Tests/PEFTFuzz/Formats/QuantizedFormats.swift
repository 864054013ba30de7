import Foundation
import PEFTCore
import PEFTMethods

/// A model's folder whose maps are in NF4.
struct NF4Format: FuzzedFormat {
  static let name = "nf4"
  let samples: [Sample]

  init(corpus: Corpus) throws {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("fuzz-nf4-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    let (plain, converted) = (root.path + "/plain", root.path + "/nf4")
    try FileManager.default.createDirectory(atPath: plain, withIntermediateDirectories: true)
    try AtomicFile.write(Self.description, to: plain + "/config.json")
    let files = try ModelFiles.open(plain)
    var writer = SafetensorsWriter()
    for slot in try files.skeleton().weightSlots {
      let count = slot.shape.reduce(1, *)
      writer.add(slot.name, SeedStream(3).child(slot.name).normals(count, standardDeviation: 0.1), shape: slot.shape)
    }
    try writer.write(to: plain + "/model.safetensors")
    _ = try ModelQuantizer.writeNF4(ModelFiles.open(plain), to: converted)
    func file(_ name: String, _ mutation: Mutation?) throws -> Sample.File {
      .init(
        name: name, bytes: Array(try Data(contentsOf: URL(fileURLWithPath: "\(converted)/\(name)"))), mutation: mutation
      )
    }
    let pieces = ["\"bnb_4bit_quant_type\": \"fp4\"", "\"quant_method\": \"gptq\"", "\"load_in_4bit\": 7"]
    samples = [
      Sample([try file("model.safetensors", .safetensors), try file("config.json", nil)]),
      Sample([try file("config.json", .text(pieces: pieces)), try file("model.safetensors", nil)]),
    ]
  }

  func read(_ sample: Sample, in folder: String) throws {
    let files = try ModelFiles.open(folder)
    _ = try files.weightBytes(as: .auto)
    let context = ComputeContext(threads: 1)
    let model = try files.load(as: .auto, context: context)
    var forest = TokenForest()
    forest.add(.tokens([1, 2, 3]), under: nil)
    _ = model.hiddenStates(forest, reading: [2], on: Tape(context: context, recording: false))
  }

  /// One layer, rows of 32.
  private static let description = """
    {"model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
     "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 8, "max_position_embeddings": 16,
     "rms_norm_eps": 1e-5, "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": 2}
    """
}
