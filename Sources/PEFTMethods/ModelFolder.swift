import Foundation
import PEFTCore

/// The files of a model's folder that are not weights, when its weights are written anew.
enum ModelFolder {
  /// Copies what lies beside a model's weights: description, tokenizer, templates.
  static func copyFiles(beside source: ModelFiles, to folder: String) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: source.path).sorted() where isKept(name) {
      // The Hub's cache has links that lead nowhere from another place.
      let file = FilePath.resolved(source.path + "/" + name) ?? source.path + "/" + name
      try FileManager.default.copyItem(atPath: file, toPath: folder + "/" + name)
    }
  }

  /// Sets members of a description.
  static func set(_ members: [(String, JSONValue)], in file: String) throws {
    var object = JSONObject()
    for member in try JSONParser.parse(file: file).value.object?.members ?? [] {
      object[member.key] = JSONValue(member.value)
    }
    for (key, value) in members {
      // Older descriptions call the type so.
      object[key == "dtype" && object["torch_dtype"] != nil ? "torch_dtype" : key] = value
    }
    try AtomicFile.write(JSONValue.object(object).prettyText + "\n", to: file)
  }

  /// Whether a file of the source belongs beside other weights: everything but weights.
  private static func isKept(_ name: String) -> Bool {
    let weights = [".safetensors", ".bin", ".pt", ".pth", ".gguf", ".h5", ".msgpack", ".onnx", ".index.json"]
    return !name.hasPrefix(".") && !weights.contains { name.hasSuffix($0) }
      && (name.hasSuffix(".json") || name.hasSuffix(".txt") || name.hasSuffix(".jinja") || name.hasSuffix(".model"))
  }
}
