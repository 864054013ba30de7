import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import PEFTMethods

@Suite("Compressed tensors") struct CompressedTensorsTests {
  /// A LoRA-like set of tensors with `count` elements in all, normally distributed.
  private static func tensors(_ count: Int, seed: Int = 1) -> [AdapterArray] {
    let half = count / 2
    let values = SeedStream(seed).normals(count, standardDeviation: 0.02)
    return [
      AdapterArray(key: "m.layers.0.q.lora_A.weight", shape: [half], values: Array(values[..<half])),
      AdapterArray(key: "m.layers.0.q.lora_B.weight", shape: [1, count - half], values: Array(values[half...])),
    ]
  }

  /// The bytes of the paper's table: bits for each entry by entropy and by the Golomb code.
  @Test(
    "Measured sizes are within 2 % of the published table",
    arguments: [
      (0.05, 0.3364, 4, 0.3393), (0.1, 0.5690, 3, 0.5756), (0.2, 0.9219, 2, 0.9388), (0.3, 1.1813, 1, 1.1882),
      (0.5, 1.5, 0, 1.5),
    ])
  func sizes(density: Double, entropy: Double, remainder: Int, golomb: Double) {
    let count = 200_000
    #expect(GolombCode(density: density).remainderBits == remainder)
    #expect(abs(density * (GolombCode(density: density).bitsPerEntry(density: density) + 1) - golomb) < 1e-3)
    let coded = CompressedTensors(
      Self.tensors(count), keeping: density, as: .deviation(alpha: 1), codec: .sparseGolomb, isAroundOne: { _ in false }
    )
    let bits = 8 * Double(coded.valueBytes) / Double(count)
    #expect(abs(bits / golomb - 1) < 0.02, "\(bits) bits for each entry")
    #expect(bits > entropy * 0.99)
    #expect(abs(SparseEntropy.bitsPerValue(keeping: density) - entropy) < 5.1e-5)
    #expect(SparseEntropy.bitsPerValue(keeping: 1) == 1 && SparseEntropy.bitsPerValue(keeping: 0) == 0)
    let masks = CompressedTensors(
      Self.tensors(count), keeping: density, as: .deviation(alpha: 1), codec: .sparseMask, isAroundOne: { _ in false })
    #expect(abs(8 * Double(masks.valueBytes) / Double(count) - 2) < 0.01)
    #expect(coded.tensors == masks.tensors)
  }

  @Test("What is read is what was written", arguments: CompressedTensors.Codec.allCases)
  func roundTrip(codec: CompressedTensors.Codec) throws {
    for count in [0, 1, 2, 7, 8, 9, 1000] {
      for share in [0, 0.01, 0.3, 1] {
        for magnitude in [SparseVector.Magnitude.deviation(alpha: 3), .mean, .own] {
          let tensors = Self.tensors(count)
          let written =
            codec == .int8
            ? CompressedTensors(roundingToBytes: tensors, isAroundOne: { $0.contains("lora_B") })
            : CompressedTensors(
              tensors, keeping: share, as: magnitude, codec: codec, isAroundOne: { $0.contains("lora_B") })
          let read = try CompressedTensors(written.serialized)
          #expect(read == written)
          #expect(read.tensors == written.tensors)
          #expect(read.tensors.map(\.key) == tensors.map(\.key) && read.tensors.map(\.shape) == tensors.map(\.shape))
        }
      }
    }
  }

  @Test("As many entries are kept as the share says, 1 % is one per cent, and signs stay")
  func kept() {
    let tensors = Self.tensors(1000)
    let values = tensors.flatMap(\.values)
    for share in [0.01, 0.05, 0.3333, 1] {
      let coded = CompressedTensors(
        tensors, keeping: share, as: .deviation(alpha: 2), codec: .sparseGolomb, isAroundOne: { _ in false })
      #expect(coded.keptCount == Int((share * 1000).rounded()))
      let decoded = coded.tensors.flatMap(\.values)
      #expect(decoded.count(where: { $0 != 0 }) == coded.keptCount)
      let smallestKept = zip(values, decoded).filter { $0.1 != 0 }.map { abs($0.0) }.min() ?? 0
      #expect(zip(values, decoded).allSatisfy { $0.1 != 0 || abs($0.0) <= smallestKept })
      #expect(zip(values, decoded).allSatisfy { $0.1 == 0 || ($0.0 < 0) == ($0.1 < 0) })
      let mean = values.reduce(0.0) { $0 + Double($1) } / 1000
      let deviation = (values.reduce(0.0) { $0 + pow(Double($1) - mean, 2) } / 999).squareRoot()
      #expect(coded.magnitude == Float(2 * deviation))
    }
  }

  @Test("All entries with their own values are the tensors themselves, also around one")
  func identity() throws {
    let tensors = Self.tensors(501).map { $0.with($0.values.map { $0 + 1 }) }
    let coded = CompressedTensors(
      tensors, keeping: 1, as: .own, codec: .sparseMask, isAroundOne: { _ in true })
    #expect(try CompressedTensors(coded.serialized).tensors == tensors)
  }

  @Test("Of equal magnitudes the first are kept, and zeros never")
  func ties() {
    let vector: [Float] = [1, -1, 0, 1, -2, 0]
    #expect(SparseVector(vector, keeping: 0.5, as: .own).positions == [0, 1, 4])
    #expect(SparseVector(vector, keeping: 1, as: .own).positions == [0, 1, 3, 4])
    #expect(SparseVector([0, 0, 0], keeping: 1, as: .mean).dense == [0, 0, 0])
  }

  @Test("A control keeps as many, drawn by its seed, with their own signs")
  func control() {
    let vector = SeedStream(3).normals(1000, standardDeviation: 1)
    func kept(_ seed: Int) -> SparseVector {
      SparseVector(vector, keeping: 0.1, as: .deviation(alpha: 1), control: SeedStream(seed))
    }
    let largest = SparseVector(vector, keeping: 0.1, as: .deviation(alpha: 1))
    #expect(kept(1).positions.count == 100 && kept(1) == kept(1) && kept(1) != kept(2))
    #expect(kept(1).positions == kept(1).positions.sorted() && kept(1).positions != largest.positions)
    #expect(zip(vector, kept(1).dense).allSatisfy { $0.1 == 0 || ($0.0 < 0) == ($0.1 < 0) })
    #expect(Set(kept(1).dense.map(abs)) == Set(largest.dense.map(abs)))
  }

  @Test("Of a LoRA alpha acts on both factors: twice the alpha is four times the update")
  func alphaActsTwice() throws {
    let folder = try TemporaryFolder()
    let file = try MethodBench.trainedLoRA(in: folder)
    func updates(_ alpha: Double) throws -> [[Float]] {
      let small = try CompressedAdapter(file, keeping: 1, as: .deviation(alpha: alpha)).file(named: "small")
      return try LowRankUpdate.all(of: small, for: "").map { $0.dense(workers: .one).elements.map { Float($0) } }
    }
    for (one, two) in zip(try updates(1), try updates(2)) {
      #expect(one.contains { $0 != 0 })
      expectClose(two, one.map { 4 * $0 }, relative: 1e-5, absolute: 1e-9)
    }
  }

  @Test("The mean is that of the magnitudes")
  func meanMagnitude() {
    #expect(SparseVector([3, -1, 0.5], keeping: 0.67, as: .mean).dense == [2, -2, 0])
  }

  @Test("Bytes are the nearest of 255 steps")
  func bytes() {
    let tensors = Self.tensors(300)
    let coded = CompressedTensors(roundingToBytes: tensors, isAroundOne: { _ in false })
    for (before, after) in zip(tensors, coded.tensors) {
      let step = (before.values.map(abs).max() ?? 0) / 127
      #expect(zip(before.values, after.values).allSatisfy { abs($0 - $1) <= step * 0.5001 })
    }
    #expect(coded.valueBytes == 300 + 2 * 4)
  }

  @Test("A file that is damaged, cut short or longer is refused at every byte")
  func damage() throws {
    let coded = CompressedTensors(
      Self.tensors(200), keeping: 0.2, as: .deviation(alpha: 1), codec: .sparseGolomb, isAroundOne: { _ in false })
    let bytes = coded.serialized
    for index in bytes.indices {
      var damaged = bytes
      damaged[index] ^= 0x10
      #expect(throws: CompressedTensors.Fault.self) { try CompressedTensors(damaged) }
      #expect(throws: CompressedTensors.Fault.self) { try CompressedTensors(Array(bytes[..<index])) }
    }
    #expect(throws: CompressedTensors.Fault.self) { try CompressedTensors(bytes + [0]) }
  }

  @Test("A file whose checksum fits is read within its bounds, whatever it says")
  func resealed() {
    for codec in CompressedTensors.Codec.allCases {
      let coded =
        codec == .int8
        ? CompressedTensors(roundingToBytes: Self.tensors(40), isAroundOne: { _ in false })
        : CompressedTensors(
          Self.tensors(40), keeping: 0.3, as: .mean, codec: codec, isAroundOne: { _ in false })
      let body = coded.serialized.dropLast(CompressedTensors.checksumBytes)
      for index in body.indices.dropFirst(9) {
        for flip in [0x01, 0x10, 0x80, 0xFF] as [UInt8] {
          var bytes = Array(body)
          bytes[index] ^= flip
          // Either refused, or what it says fits into memory and can be written again.
          let sealed = CompressedTensors.sealed(bytes)
          if let read = try? CompressedTensors(sealed) {
            #expect(read.count <= CompressedTensors.mostElements(inBytes: sealed.count))
          }
        }
      }
    }
  }

  @Test("As few values as may be kept are read again, and of fewer nothing is written")
  func fewest() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    var values = [Float](repeating: 0, count: 1_000_000)
    func file() throws -> AdapterFile {
      let arrays = [
        AdapterArray(
          key: "base_model.model.m.lora_A.weight", shape: [1, values.count / 2], values: Array(values[..<500_000])),
        AdapterArray(key: "base_model.model.m.lora_B.weight", shape: [500_000, 1], values: Array(values[500_000...])),
      ]
      let settings = JSONObject(distinct: [
        ("peft_type", "LORA"), ("r", 1), ("lora_alpha", 1), ("target_modules", ["m"]),
      ])
      return try AdapterFile(named: "many", settings: settings, tensors: arrays)
    }
    // One of a thousand, all at the beginning: the shortest code that there is.
    for index in 0..<1000 { values[index] = index % 2 == 0 ? 1 : -1 }
    let small = try CompressedAdapter(file(), keeping: 0.001, as: .deviation(alpha: 1))
    try file().write(to: "\(folder.path)/small", as: .compressed(small.tensors))
    #expect(try AdapterFile.open("\(folder.path)/small").arrays() == small.tensors.tensors)
    values = [Float](repeating: 0, count: 1_000_000)
    let none = try CompressedAdapter(file(), keeping: 0.5, as: .deviation(alpha: 1))
    let error = #expect(throws: CheckpointError.self) {
      try file().write(to: "\(folder.path)/none", as: .compressed(none.tensors))
    }
    #expect(error?.description.contains("take the codec bitmask") == true, "\(error?.description ?? "")")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/none"))
    let masks = try CompressedAdapter(file(), keeping: 0.5, as: .deviation(alpha: 1), codec: .sparseMask)
    try file().write(to: "\(folder.path)/masks", as: .compressed(masks.tensors))
    #expect(try AdapterFile.open("\(folder.path)/masks").arrays() == masks.tensors.tensors)
  }

  @Test("Values that a type has no number for are refused before anything is written")
  func outOfRange() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    let settings = JSONObject(distinct: [
      ("peft_type", "LORA"), ("r", 1), ("lora_alpha", 1), ("target_modules", ["m"]),
    ])
    func file(_ value: Float) throws -> AdapterFile {
      try AdapterFile(
        named: "large", settings: settings,
        tensors: [
          AdapterArray(key: "base_model.model.m.lora_A.weight", shape: [1, 2], values: [1, value]),
          AdapterArray(key: "base_model.model.m.lora_B.weight", shape: [1, 1], values: [1]),
        ])
    }
    let path = "\(folder.path)/half"
    let error = #expect(throws: CheckpointError.self) { try file(70_000).write(to: path, as: .safetensors(.float16)) }
    #expect(error?.description.contains("holds 70000.0, which F16 has no number for; take float32 or bf16") == true)
    #expect(throws: CheckpointError.self) {
      try file(.greatestFiniteMagnitude).write(to: path, as: .safetensors(.bfloat16))
    }
    // A magnitude of many deviations.
    let scaled = try CompressedAdapter(file(1e38), keeping: 1, as: .deviation(alpha: 1e6))
    #expect(throws: CheckpointError.self) { try file(1e38).write(to: path, as: .compressed(scaled.tensors)) }
    #expect(!FileManager.default.fileExists(atPath: path))
    try file(65_504).write(to: path, as: .safetensors(.float16))
    #expect(try AdapterFile.open(path).arrays() == file(65_504).arrays())
  }

  @Test("Names that are alike take few bytes")
  func names() throws {
    let entries = (0..<30).flatMap { layer in
      ["q_proj", "v_proj"].flatMap { map in
        ["A", "B"].map { factor in
          TensorTable.Entry(
            key: "base_model.model.model.layers.\(layer).self_attn.\(map).lora_\(factor).weight",
            shape: factor == "A" ? [8, 576] : [map == "q_proj" ? 576 : 192, 8], isAroundOne: false)
        }
      }
    }
    var writer = ByteWriter()
    TensorTable(entries).write(to: &writer)
    #expect(writer.bytes.count < 7 * entries.count)
    var reader = ByteReader(writer.bytes[...])
    #expect(try TensorTable(&reader, mostElements: 10_000_000).entries == entries)
    #expect(reader.remaining == 0)
  }

  @Test("A compressed adapter loads wherever an adapter does")
  func loading() throws {
    let method = try #require(MethodCase.all.first { $0.name == "ia3" })
    let bench = try MethodBench(method)
    let attachment = try bench.attach()
    bench.train(attachment, steps: 2)
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
    try AdapterFile.save(attachment, to: folder.path + "/plain", baseModel: "tiny")
    let plain = try AdapterFile.open(folder.path + "/plain")
    let compressed = CompressedTensors(
      try plain.arrays(), keeping: 1, as: .own, codec: .sparseGolomb, isAroundOne: { $0.hasSuffix(IA3.scaleSuffix) })
    try plain.write(to: folder.path + "/small", as: .compressed(compressed))
    let small = try AdapterFile.open(folder.path + "/small")
    #expect(small.compression == compressed && plain.compression == nil)
    let (before, again) = (bench.logits, try MethodBench(bench.method))
    try small.load(into: again.attach(seed: 5))
    #expect(again.logits == before)
    #expect(AdapterFile.files(in: folder.path + "/small").contains { $0.hasSuffix(CompressedTensors.fileName) })
    try plain.write(to: folder.path + "/both")
    try AtomicFile.write(compressed.serialized, to: "\(folder.path)/both/\(CompressedTensors.fileName)")
    #expect(throws: FileError.self) { try AdapterFile.open(folder.path + "/both") }
  }
}
