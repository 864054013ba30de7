import PEFTTestSupport
import Testing

@testable import PEFTCore

@Suite("8-bit dynamic codes") struct DynamicCodeTests {
  private static let codes: [(name: String, code: DynamicCode)] = [("signed", .signed), ("unsigned", .unsigned)]

  private static func golden() throws -> GoldenTensors {
    try GoldenFixture("optimizers").tensors("adamw8bit.safetensors")
  }

  @Test("The maps are bitsandbytes', bit for bit") func maps() throws {
    let golden = try Self.golden()
    for (name, code) in Self.codes {
      #expect(code.values.bits == (try golden.tensor("\(name).map").values.bits), "\(name)")
    }
  }

  @Test("Blocks have the codes, scales and values of the golden ones, a shorter last one too") func blocks() throws {
    let golden = try Self.golden()
    for (name, code) in Self.codes {
      let values = try golden.tensor("\(name).values").values
      let (codes, scales) = Self.encoded(values, by: code)
      #expect(codes.map(Int.init) == (try golden.integers("\(name).codes")), "\(name)")
      #expect(scales == (try golden.tensor("\(name).scales").values), "\(name)")
      var back: [Float] = []
      for (block, scale) in zip(Self.blocks(of: codes), scales) {
        var part = [Float](repeating: .nan, count: block.count)
        code.decode(block, scale: scale, into: &part, count: block.count)
        back += part
      }
      // As numbers: a zero may have either sign.
      #expect(back == (try golden.tensor("\(name).back").values), "\(name)")
    }
  }

  @Test("Every code is that of the nearest value, next to every middle and over all magnitudes") func nearest() {
    for (name, code) in Self.codes {
      let middles = code.middles.dropLast()
      var numbers = middles.flatMap { [$0.nextDown, $0, $0.nextUp] } + code.values
      numbers += SeedStream(3).uniforms(4000, in: -1...1).map { $0 * $0 * $0 * $0 * $0 }
      // One is the scale of every block, so that numbers are coded as they are.
      for start in stride(from: 0, to: numbers.count, by: 255) {
        let part = [1] + numbers[start..<min(numbers.count, start + 255)]
        let (codes, scales) = Self.encoded(part, by: code)
        #expect(scales == [1])
        for (number, found) in zip(part, codes) {
          let expected = middles.count { $0 < number }
          #expect(Int(found) == expected, "\(name): \(number)")
        }
      }
    }
  }

  @Test("Numbers of equal upper bits have one middle between them at most") func cells() {
    for (name, code) in Self.codes {
      let places = code.middles.dropLast().map { $0.bitPattern >> 16 }
      #expect(Set(places).count == places.count, "\(name)")
    }
  }

  @Test("Zeros, the least numbers and what is not a number stay within the map") func extremes() {
    for (_, code) in Self.codes {
      #expect(Self.encoded([0, -0.0, 0], by: code).scales == [0])
      #expect(Self.encoded([.leastNonzeroMagnitude, 0], by: code).scales == [0])
      #expect(Self.encoded([.leastNormalMagnitude, 0], by: code).scales == [.leastNormalMagnitude])
      _ = Self.encoded([.nan, .infinity, -.infinity, 1, -.nan], by: code)
    }
  }

  private static func encoded(_ values: [Float], by code: DynamicCode) -> (codes: [UInt8], scales: [Float]) {
    var codes: [UInt8] = []
    let scales = blocks(of: values).map { block in
      var part = [UInt8](repeating: 0, count: block.count)
      defer { codes += part }
      return code.encode(block, into: &part, count: block.count)
    }
    return (codes, scales)
  }

  private static func blocks<Element>(of elements: [Element]) -> [[Element]] {
    stride(from: 0, to: elements.count, by: DynamicCode.blockLength).map {
      Array(elements[$0..<min(elements.count, $0 + DynamicCode.blockLength)])
    }
  }
}
