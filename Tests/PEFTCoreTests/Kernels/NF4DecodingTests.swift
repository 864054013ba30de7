import Testing

@testable import PEFTCore

@Suite("The decoding of NF4") struct NF4DecodingTests {
  @Test("Every byte of codes gives the two levels that it names, times the scale, to the bit")
  func everyByte() {
    for first in stride(from: 0, to: 256, by: 16) {
      let codes = (first..<first + 16).map { UInt8($0) }
      let scale: Float = 0.037 * Float(first + 1)
      let block = codes.withUnsafeBytes { NF4.blocks(codes: $0, scales: [scale], count: 32) }
      var decoded = [Float](repeating: .nan, count: 32)
      block.withUnsafeBytes { block in
        decoded.withUnsafeMutableBufferPointer { target in
          guard let block = block.baseAddress, let target = target.baseAddress else { return }
          StoredBlock.decode(.nf4, block: block, run: 0, into: target)
        }
      }
      #expect(decoded == codes.flatMap { [NF4.levels[Int($0 >> 4)] * scale, NF4.levels[Int($0 & 15)] * scale] })
    }
  }
}
