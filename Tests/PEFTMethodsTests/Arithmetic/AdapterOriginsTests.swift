import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

/// Origins that are looked up in other folders, and files that cannot be taken.
@Suite("Origins of saved adapters") struct AdapterOriginsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// An adapter that says that it started from another one.
  private func adapter(startingFrom source: String, hash: String, options: JSONValue = ["tokens": 3]) throws
    -> AdapterFile
  {
    let trained = try CombinationIdentityTests.Trained("prompt-tuning", #"{"tokens": 3}"#, steps: 2, in: folder)
    var document: JSONValue = [
      "schema": "peft-bench.adapter-origin/1", "method": "prompt-tuning", "options": options, "seed": 1,
    ]
    if !source.isEmpty { document["init_from"] = ["source": JSONValue(source), "sha256": JSONValue(hash)] }
    try document.compactText.write(
      toFile: "\(trained.file.path)/\(AdapterOrigin.fileName)", atomically: true, encoding: .utf8)
    return try AdapterFile.open(trained.file.path)
  }

  private func values(of file: AdapterFile) throws -> [AdapterArray] {
    let context = ComputeContext(threads: 1)
    return try AdapterOrigins(
      common: nil,
      base: { _ in
        let model = try ModelFiles.open(GoldenFixture("models/llama").folder.path).load(as: .auto, context: context)
        return LoadedBase(model: model, tokenizer: nil, context: context)
      }, modelHash: { _ in nil }
    ).values(of: file)
  }

  @Test("A start is found beside the adapter whatever the working folder is, and one that is missing is called so")
  func places() throws {
    let start = try CombinationIdentityTests.Trained("prompt-tuning", #"{"tokens": 3}"#, seed: 2, steps: 1, in: folder)
    let hash = try AdapterFile.contentHash(of: start.file.path)
    let name = URL(filePath: start.file.path).lastPathComponent
    for source in [start.file.path, "../\(name)"] {
      #expect(try values(of: adapter(startingFrom: source, hash: hash)) == start.file.arrays(), "\(source)")
    }
    for source in ["\(folder.path)/gone", "../gone"] {
      let error = #expect(throws: CheckpointError.self) {
        try values(of: try adapter(startingFrom: source, hash: hash))
      }
      let message = error?.description ?? ""
      #expect(message.contains("is not there; looked for it in"), "\(message)")
      #expect(message.contains("/out/gone"), "\(message)")
    }
    let changed = #expect(throws: CheckpointError.self) {
      try values(of: try adapter(startingFrom: start.file.path, hash: "0"))
    }
    #expect(changed?.description.contains("which has another content now") == true)
  }

  @Test("An option that the method does not have is refused, with the file and the nearest one")
  func unknownOption() throws {
    let file = try adapter(startingFrom: "", hash: "", options: ["tokens": 3, "inti": "random"])
    let error = #expect(throws: DocumentError.self) { try values(of: file) }
    let message = error?.description ?? ""
    #expect(
      message.contains("\(file.path)/\(AdapterOrigin.fileName)") && message.contains("options.inti"), "\(message)")
    #expect(message.contains("did you mean \"init\"?"), "\(message)")
  }
}
