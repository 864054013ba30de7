import Foundation
import PEFTCore
import Testing

@Suite("GGUF") struct GGUFTests {
  let tiny = fixtures.appendingPathComponent("gguf/tiny.gguf").path

  @Test("Values of every type are read") func metadata() throws {
    let metadata = try GGUFCheckpoint.open(path: tiny).metadata
    #expect(try metadata.string("general.architecture") == "llama")
    #expect(try metadata.integer("t.uint8") == 200)
    #expect(try metadata.integer("t.int8") == -100)
    #expect(try metadata.integer("t.uint16") == 60000)
    #expect(try metadata.integer("t.int16") == -30000)
    #expect(try metadata.integer("t.uint32") == 4_000_000_000)
    #expect(try metadata.integer("t.int32") == -2_000_000_000)
    #expect(try metadata.integer("t.uint64") == 1 << 40)
    #expect(try metadata.integer("t.int64") == -(1 << 40))
    #expect(try metadata.number("t.float32") == Double(Float(0.1)))
    #expect(try metadata.number("t.float64") == 0.1)
    #expect(try metadata.number("t.uint8") == 200)
    #expect(try metadata.bool("t.bool") == true)
    #expect(try metadata.string("t.string") == "né ▁")
    #expect(try metadata.strings("t.strings") == ["a", "", "▁b"])
    #expect(try metadata.integers("t.integers") == [1, -2, 3])
    #expect(try metadata.numbers("t.numbers") == [0.5, -1.5])
    #expect(metadata["t.bools"] == .array(.bools([true, false])))
    #expect(metadata["t.nested"] == .array(.arrays([.integers([1, 2]), .integers([3])])))
    #expect(try metadata.string("absent") == nil)
    #expect(throws: CheckpointError.self) { try metadata.string("t.uint8") }
    #expect(metadata.missing("t.unit8").description.contains("\"t.uint8\""))
  }

  @Test("Tensors have rows first, and their values") func tensors() throws {
    let model = try GGUFCheckpoint.open(path: tiny)
    #expect(model.tensors.map(\.name) == ["plain.weight", "half.weight", "blocks.weight", "unreadable.weight"])
    #expect(try model.tensor(named: "plain.weight").shape == [2, 64])
    #expect(try model.tensor(named: "plain.weight").floats() == ramp(128))
    #expect(try model.tensor(named: "half.weight").shape == [3, 5])
    #expect(try model.tensor(named: "half.weight").floats() == ramp(15))
    let blocks = try model.tensor(named: "blocks.weight")
    #expect(try blocks.weightFormat() == .q80)
    let worst = zip(try blocks.floats(), ramp(128)).map { abs($0 - $1) }.max()
    #expect(try #require(worst) < 0.26)
    #expect(throws: CheckpointError.self) { try model.tensor(named: "plain.wieght") }
  }

  @Test("A tensor of a type that cannot be read is refused by the type's name, when used") func unreadable() throws {
    let tensor = try GGUFCheckpoint.open(path: tiny).tensor(named: "unreadable.weight")
    let error = #expect(throws: CheckpointError.self) { try tensor.floats() }
    #expect(error?.tensor == "unreadable.weight")
    #expect(error?.message.contains("IQ4_XS") == true)
  }

  @Test("A split model opens by any of its parts", arguments: [1, 2, 3]) func split(part: Int) throws {
    let path = fixtures.appendingPathComponent("gguf/split-0000\(part)-of-00003.gguf").path
    let model = try GGUFCheckpoint.open(path: path)
    #expect(model.files.count == 3)
    #expect(model.tensors.map(\.name) == (0..<5).map { "t\($0).weight" })
    #expect(try model.tensor(named: "t4.weight").floats() == ramp(64).map { $0 + 4 })
    #expect(try model.metadata.string("general.architecture") == "llama")
  }

  @Test("A split model with a part missing or misnamed is an error that names the file") func brokenSplit() throws {
    try withTemporaryFolder { folder in
      let parts = fixtures.appendingPathComponent("gguf").path
      for part in ["split-00001-of-00003.gguf", "split-00002-of-00003.gguf"] {
        try FileManager.default.copyItem(atPath: "\(parts)/\(part)", toPath: "\(folder)/\(part)")
      }
      let first = "\(folder)/split-00001-of-00003.gguf"
      let missing = #expect(throws: FileError.self) { try GGUFCheckpoint.open(path: first) }
      #expect(missing?.path.hasSuffix("split-00003-of-00003.gguf") == true)
      try FileManager.default.copyItem(atPath: first, toPath: "\(folder)/other.gguf")
      #expect(throws: CheckpointError.self) { try GGUFCheckpoint.open(path: "\(folder)/other.gguf") }
      try FileManager.default.copyItem(atPath: first, toPath: "\(folder)/split-00003-of-00003.gguf")
      #expect(throws: CheckpointError.self) { try GGUFCheckpoint.open(path: first) }
    }
  }

  // MARK: Hostile files

  func head(version: UInt32 = 3, tensors: UInt64 = 0, keys: UInt64 = 0) -> [UInt8] {
    Array("GGUF".utf8) + littleEndian(version) + littleEndian(tensors) + littleEndian(keys)
  }

  func text(_ text: String) -> [UInt8] { littleEndian(UInt64(text.utf8.count)) + Array(text.utf8) }

  func tensor(_ name: String, _ dimensions: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) -> [UInt8] {
    text(name) + littleEndian(UInt32(dimensions.count)) + dimensions.flatMap { littleEndian($0) } + littleEndian(type)
      + littleEndian(offset)
  }

  func message(_ bytes: [UInt8]) throws -> String {
    try withFile(bytes) { path in
      let error = #expect(throws: CheckpointError.self) { try GGUFFile(path: path) }
      return error?.description ?? "no error"
    }
  }

  @Test("Other versions and byte orders are refused by name") func versions() throws {
    #expect(try message(head(version: 1)).contains("version 1"))
    #expect(try message(head(version: 0x0300_0000)).contains("big-endian"))
    #expect(try message(head(version: 77)).contains("77"))
    #expect(try message(Array("GGML0000000000000000000".utf8)).contains("not a GGUF file"))
  }

  @Test("Counts and lengths beyond the file are refused before anything is allocated") func counts() throws {
    let huge = UInt64.max / 2
    #expect(try message(head(tensors: huge)).contains("tensors, more than"))
    #expect(try message(head(keys: huge)).contains("keys, more than"))
    #expect(
      try message(head(keys: 1) + littleEndian(huge) + [UInt8](repeating: 0, count: 20)).contains("bytes of text"))
    for type: UInt32 in [0, 5, 6, 7, 8, 9, 10, 12] {
      let array = text("k") + littleEndian(UInt32(9)) + littleEndian(type) + littleEndian(huge)
      #expect(try message(head(keys: 1) + array).contains("elements, more than"))
    }
  }

  @Test("Wrong types, nesting, keys and texts are located") func values() throws {
    #expect(try message(head(keys: 1) + text("k") + littleEndian(UInt32(13)) + [0, 0]).contains("value type 13"))
    #expect(try message(head(keys: 1) + text("k") + littleEndian(UInt32(7)) + [2]).contains("the byte 2"))
    let list = littleEndian(UInt32(9)) + littleEndian(UInt64(1))
    let nested =
      head(keys: 1) + text("k") + littleEndian(UInt32(9)) + [[UInt8]](repeating: list, count: 100).flatMap { $0 }
    #expect(try message(nested).contains("deeper than"))
    let pair = text("k") + littleEndian(UInt32(7)) + [1]
    #expect(try message(head(keys: 2) + pair + pair).contains("duplicate key"))
    let broken = littleEndian(UInt64(2)) + [0xC3, 0x28] + littleEndian(UInt32(7)) + [1]
    #expect(try message(head(keys: 1) + broken).contains("UTF-8"))
    let big = text("k") + littleEndian(UInt32(10)) + littleEndian(UInt64.max)
    #expect(try message(head(keys: 1) + big).contains("larger than"))
    for alignment: UInt32 in [0, 4, 33] {
      let key = text("general.alignment") + littleEndian(UInt32(4)) + littleEndian(alignment)
      #expect(try message(head(keys: 1) + key).contains("general.alignment is \(alignment)"))
    }
  }

  @Test("Wrong shapes and places of tensors are located") func places() throws {
    let data = [UInt8](repeating: 0, count: 256)
    #expect(try message(head(tensors: 1) + tensor("t", [1, 1, 1, 1, 1]) + data).contains("5 dimensions"))
    #expect(try message(head(tensors: 1) + tensor("t", [1 << 40, 1 << 40]) + data).contains("too large"))
    #expect(try message(head(tensors: 1) + tensor("t", [1 << 61]) + data).contains("too large"))
    #expect(try message(head(tensors: 1) + tensor("t", [UInt64.max]) + data).contains("too large"))
    #expect(try message(head(tensors: 1) + tensor("t", [48], type: 2) + data).contains("blocks of 32"))
    #expect(try message(head(tensors: 1) + tensor("t", [], type: 2) + data).contains("blocks of 32"))
    #expect(try message(head(tensors: 1) + tensor("t", [4], offset: 4) + data).contains("multiple of the alignment"))
    #expect(try message(head(tensors: 1) + tensor("t", [4], offset: 1 << 20) + data).contains("cut short"))
    #expect(try message(head(tensors: 1) + tensor("t", [4], offset: 1 << 63) + data).contains("cut short"))
    #expect(try message(head(tensors: 1) + tensor("t", [4096]) + data).contains("cut short"))
    let twice = head(tensors: 2) + tensor("t", [4]) + tensor("t", [4], offset: 32) + data
    #expect(try message(twice).contains("duplicate tensor"))
    #expect(try message(head(tensors: 2) + tensor("a", [16]) + tensor("b", [4], offset: 32) + data).contains("overlap"))
  }

  @Test("A type nobody has heard of is no obstacle to the other tensors") func unknownType() throws {
    let data = [UInt8](repeating: 0, count: 256)
    let bytes = head(version: 2, tensors: 2) + tensor("odd", [7], type: 99) + tensor("good", [4], offset: 32) + data
    try withFile(bytes) { path in
      let model = try GGUFCheckpoint.open(path: path)
      #expect(try model.tensor(named: "good").floats() == [0, 0, 0, 0])
      let error = #expect(throws: CheckpointError.self) { try model.tensor(named: "odd").floats() }
      #expect(error?.message.contains("99") == true)
    }
  }

  @Test("No damage to a file can crash the reader") func damage() throws {
    let valid = try [UInt8](Data(contentsOf: URL(fileURLWithPath: tiny)))
    try expectNoCrash(valid, headBytes: 900) { path in
      for tensor in try GGUFCheckpoint.open(path: path).tensors { _ = try tensor.floats() }
    }
  }
}
