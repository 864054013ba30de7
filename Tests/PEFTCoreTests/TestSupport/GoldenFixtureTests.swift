import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Golden fixtures")
struct GoldenFixtureTests {
  /// A safetensors file of the given header and data.
  private func file(_ header: String, _ data: [UInt8]) -> [UInt8] {
    let length = UInt64(header.utf8.count)
    return (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + Array(header.utf8) + data
  }

  @Test("Every element type is read with its exact values")
  func elementTypes() throws {
    let header = """
      {"__metadata__":{"format":"pt"},"i":{"dtype":"I64","shape":[1],"data_offsets":[0,8]},\
      "f":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[16,18]},\
      "h":{"dtype":"F16","shape":[3],"data_offsets":[18,24]},"u":{"dtype":"U8","shape":[2],"data_offsets":[24,26]}}
      """
    let data: [UInt8] =
      [0x9C, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]  // -100
      + [0x00, 0x00, 0x80, 0x3F, 0x00, 0x00, 0x20, 0xC0]  // 1, -2.5
      + [0x40, 0x40]  // 3
      + [0x00, 0xBE, 0x01, 0x00, 0xFF, 0x7B]  // -1.5, the least subnormal, the largest
      + [7, 255]
    let tensors = try GoldenTensors(bytes: file(header, data), file: "test")
    #expect(tensors.names == ["b", "f", "h", "i", "u"])
    #expect(try tensors.integers("i") == [-100])
    #expect(try tensors.integers("u") == [7, 255])
    let floats = try tensors.tensor("f")
    #expect(floats.shape == [1, 2])
    #expect(floats.values == [1, -2.5])
    #expect(try tensors.tensor("b").values == [3])
    #expect(try tensors.tensor("h").values == [-1.5, 0x1p-24, 65504])
  }

  @Test(
    "A damaged file is an error",
    arguments: [
      #"{"f":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#,
      #"{"f":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
      #"{"f":{"dtype":"F64","shape":[1],"data_offsets":[0,4]}}"#,
      #"{"f":{"dtype":"F32","shape":[1]}}"#,
    ])
  func damage(header: String) throws {
    #expect(throws: GoldenFixtureError.self) { try GoldenTensors(bytes: file(header, [0, 0, 0, 0]), file: "test") }
    #expect(throws: GoldenFixtureError.self) { try GoldenTensors(bytes: [1, 2], file: "test") }
    #expect(throws: GoldenFixtureError.self) { try GoldenTensors(bytes: [9, 0, 0, 0, 0, 0, 0, 0], file: "test") }
  }

  @Test("A missing tensor is named")
  func missingTensor() throws {
    let tensors = try GoldenTensors(bytes: file("{}", []), file: "empty")
    let error = #expect(throws: GoldenFixtureError.self) { try tensors.tensor("losses") }
    #expect(error?.description.contains("losses") == true)
  }

  @Test("Each model's sequences have the rows of logits that they announce")
  func models() throws {
    let names = GoldenFixture.names(in: "models")
    #expect(names.count >= 27)
    for name in names {
      let fixture = GoldenFixture("models/\(name)")
      let vocabulary = try #require(try fixture.json("config.json").object?["vocab_size"]?.integer)
      let tensors = try fixture.tensors("expected.safetensors")
      let sequences = try #require(try fixture.json("expected.json").object?["sequences"]?.array)
      #expect(sequences.count == 5, "\(name)")
      for sequence in sequences {
        let entry = try #require(sequence.object)
        let ids = try tensors.integers(try #require(entry["ids"]?.string))
        let rows = try #require(entry["rows"]?.array).compactMap(\.integer)
        let logits = try tensors.tensor(try #require(entry["logits"]?.string))
        #expect(ids.count == entry["length"]?.integer, "\(name)")
        #expect(ids.allSatisfy { 0..<vocabulary ~= $0 }, "\(name)")
        #expect(logits.shape == [rows.count, vocabulary], "\(name)")
        #expect(logits.values.allSatisfy { $0.isFinite }, "\(name)")
      }
    }
  }
}
