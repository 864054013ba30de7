import Foundation
import PEFTCore
import Testing

@Suite("Weight formats") struct WeightFormatTests {
  @Test("Every format decodes to the bits of the reference", arguments: WeightFormat.ggml)
  func decoding(format: WeightFormat) throws {
    let path = fixtures.appendingPathComponent("gguf/blocks.json").path
    let text = try DocumentText(name: path, bytes: Array(Data(contentsOf: URL(fileURLWithPath: path))))
    let entries = try #require(try JSONParser.parse(text)["formats"]?.array)
    let entry = try #require(entries.first { $0["format"]?.string == format.name })
    let blocks = bytes(hexadecimal: try #require(entry["blocks"]?.string))
    let expected = bytes(hexadecimal: try #require(entry["floats"]?.string)).withUnsafeBytes { bytes in
      (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
    }
    let blockCount = blocks.count / format.blockBytes
    #expect(blockCount > 0 && blocks.count % format.blockBytes == 0)
    #expect(expected.count == blockCount * format.blockLength)
    #expect(format.byteCount(outputs: 1, inputs: expected.count) == blocks.count)
    // One byte off, because nothing promises alignment in a file.
    let actual = ([0] + blocks).withUnsafeBytes { source in
      [Float](unsafeUninitializedCapacity: expected.count) { output, count in
        if let source = source.baseAddress, let target = output.baseAddress {
          format.decode(source + 1, blockCount: blockCount, into: target)
        }
        count = expected.count
      }
    }
    #expect(actual.map(\.bitPattern) == expected)
  }

  @Test("A format's block size agrees with the table of tensor types") func sizes() throws {
    for id in UInt32(0)..<64 {
      guard let type = GGUFTensorType(id: id), let format = type.weightFormat else { continue }
      #expect(type.elementsPerBlock == format.blockLength, "\(type.name)")
      #expect(type.bytesPerBlock == format.blockBytes, "\(type.name)")
    }
    #expect((0..<64).compactMap { GGUFTensorType(id: $0)?.weightFormat }.count == WeightFormat.ggml.count)
  }
}

@Suite("Half precision") struct HalfPrecisionTests {
  @Test("Every binary16 survives widening and narrowing") func float16() {
    for bits in UInt16.min...UInt16.max {
      let value = HalfPrecision.float(float16: bits)
      if bits & 0x7FFF > 0x7C00 {
        #expect(value.isNaN && HalfPrecision.float16(value) == bits | 0x200)
      } else {
        #expect(HalfPrecision.float16(value) == bits)
      }
    }
    #expect(HalfPrecision.float(float16: 0x3C01) == 1 + 0x1p-10)
    #expect(HalfPrecision.float(float16: 0x8001) == -0x1p-24)
    #expect(HalfPrecision.float(float16: 0xFC00) == -Float.infinity)
  }

  @Test(
    "Narrowing to binary16 rounds to nearest, ties to even",
    arguments: [
      (1 + 0x1p-11, 0x3C00), (1 + 0x1p-11 + 0x1p-20, 0x3C01), (1 + 3 * 0x1p-11, 0x3C02), (65519.996, 0x7BFF),
      (65520, 0x7C00), (1e30, 0x7C00), (0x1p-25, 0x0000), (0x1.8p-25, 0x0001), (3 * 0x1p-25, 0x0002),
      (0x1.ffap-15, 0x03FF), (0x1.ffcp-15, 0x0400), (-0x1p-14, 0x8400), (-0.0, 0x8000), (1e-30, 0x0000),
    ] as [(Float, UInt16)]) func rounding16(value: Float, bits: UInt16)
  {
    #expect(HalfPrecision.float16(value) == bits)
  }

  @Test(
    "Narrowing to bfloat16 rounds to nearest, ties to even",
    arguments: [
      (1 + 0x1p-8, 0x3F80), (1 + 0x1p-8 + 0x1p-20, 0x3F81), (1 + 3 * 0x1p-8, 0x3F82), (-.infinity, 0xFF80),
      (.greatestFiniteMagnitude, 0x7F80), (Float(bitPattern: 0x7F80_0001), 0x7FC0), (-0.0, 0x8000),
      (Float(bitPattern: 0x0001_8000), 0x0002), (Float(bitPattern: 0x0000_8000), 0x0000),
    ] as [(Float, UInt16)]) func roundingBrain(value: Float, bits: UInt16)
  {
    #expect(HalfPrecision.bfloat16(value) == bits)
  }
}
