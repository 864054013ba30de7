import Foundation
import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("NF4") struct NF4Tests {
  /// The values of the golden script.
  private static let values: [Float] = (0..<280 * 64).map { index in
    let hash = UInt32(truncatingIfNeeded: UInt64(index) * 2_654_435_761)
    let factor = Float(1 + index / 64 % 37) * 0x1p-8
    return (Float(hash >> 8) * 0x1p-23 - 1) * factor
  }

  @Test("Codes, scales and their scales are those of bitsandbytes' formulae")
  func golden() throws {
    let file = try SafetensorsCheckpoint.open(file: GoldenFixture.package.path + "/Tests/Fixtures/nf4.safetensors")
    func floats(_ name: String) throws -> [Float] { try file.tensor(named: name).floats() }
    func bytes(_ name: String) throws -> [UInt8] { Array(try file.tensor(named: name).bytes) }
    let matrix = NF4.Matrix(Self.values)
    #expect(try matrix.codes == bytes("codes"))
    #expect(try NF4.scaleMap == floats("nested_quant_map"))
    #expect(try matrix.scales == bytes("absmax") && matrix.outerScales == floats("nested_absmax"))
    #expect(try [matrix.mean] == floats("mean"))
    let folder = try Self.folder { writer in
      writer.add(nf4: "model.embed_tokens.weight", Self.values, outputs: 140, inputs: 128, decodedAs: "bfloat16")
    }
    defer { try? FileManager.default.removeItem(at: folder) }
    let source = try Self.source(folder)
    let weight = try #require(
      try source.matrix("model.embed_tokens", outputs: 140, inputs: 128, context: ComputeContext(threads: 1)))
    #expect(weight.format == .nf4 && weight.byteCount == 140 * 128 / 32 * 20 && source.unusedNames.isEmpty)
    #expect(try Array(weight.values.prefix(1024)) == floats("decoded"))
  }

  @Test("No value is further from its own than half a step, and what is exact stays")
  func roundTrip() throws {
    let stream = SeedStream(5)
    var values = stream.normals(96 * 20, standardDeviation: 0.05)
    for index in 640..<704 { values[index] = 0 }
    let folder = try Self.folder { $0.add(nf4: "w.weight", values, outputs: 20, inputs: 96, decodedAs: "float32") }
    defer { try? FileManager.default.removeItem(at: folder) }
    let weight = try #require(
      try Self.source(folder).matrix("w", outputs: 20, inputs: 96, context: ComputeContext(threads: 1)))
    let decoded = weight.values
    // The widest gap of the levels is 0.304; the scale itself is kept to some percent.
    for start in stride(from: 0, to: values.count, by: 64) {
      let block = values[start..<start + 64]
      let largest = block.reduce(0) { max($0, abs($1)) }
      for index in start..<start + 64 {
        #expect(abs(decoded[index] - values[index]) <= 0.22 * largest + 1e-3, "\(index)")
      }
    }
    // The same values written again are the same codes.
    #expect(NF4.Matrix(values).codes == NF4.Matrix(values).codes)
    // As float32 it is decoded, and multiplied like any other matrix.
    let loaded = try #require(
      try Self.source(folder, as: .float32).matrix("w", outputs: 20, inputs: 96, context: ComputeContext(threads: 1)))
    #expect(loaded.format == .float32 && loaded.values == decoded)
  }

  @Test(
    "What does not fit is refused with the tensor",
    arguments: [
      (#""quant_type":"nf4""#, #""quant_type":"fp4""#, "expected a matrix of type nf4"),
      (#""blocksize":64"#, #""blocksize":32"#, "in blocks of 64"), (#"[20,96]"#, #"[20,98]"#, "but its shape is"),
      (#"[20,96]"#, #"[40,48]"#, "asks for"), (#""nested_offset""#, #""nested_offlet""#, "with their mean"),
      (#"{""#, #"[""#, "is not the JSON text"),
    ])
  func refused(old: String, new: String, reason: String) throws {
    let values = SeedStream(5).normals(96 * 20, standardDeviation: 0.05)
    let folder = try Self.folder { $0.add(nf4: "w.weight", values, outputs: 20, inputs: 96, decodedAs: "float32") }
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: SafetensorsCheckpoint.fileName).path
    var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
    let header = 8 + bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.element) << (8 * $1.offset) }
    let place = try #require(
      (header..<bytes.count - old.utf8.count).first { Array(bytes[$0..<$0 + old.utf8.count]) == Array(old.utf8) })
    bytes.replaceSubrange(place..<place + old.utf8.count, with: Array(new.utf8))
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: CheckpointError.self) {
      try Self.source(folder).matrix("w", outputs: 20, inputs: 96, context: ComputeContext(threads: 1))
    }
    #expect(error?.description.contains(reason) == true && error?.description.contains("w.weight") == true)
  }

  private static func folder(_ fill: (inout SafetensorsWriter) -> Void) throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "nf4-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var writer = SafetensorsWriter()
    fill(&writer)
    try writer.write(to: folder.appending(path: SafetensorsCheckpoint.fileName).path)
    return folder
  }

  private static func source(_ folder: URL, as type: WeightType = .auto) throws -> any WeightSource {
    try SafetensorsSource(SafetensorsCheckpoint.open(directory: folder.path), storage: WeightStorage(), type: type)
  }
}
