import Foundation
import PEFTCore
import Testing

@Suite("Safetensors") struct SafetensorsTests {
  let folder = fixtures.appendingPathComponent("safetensors").path

  @Test("Tensors of every floating point type keep their values") func reading() throws {
    let checkpoint = try SafetensorsCheckpoint.open(file: folder + "/tiny.safetensors")
    #expect(checkpoint.metadata == ["format": "pt"])
    #expect(
      checkpoint.tensors.map(\.name) == [
        "names", "double", "empty", "scalar", "weight", "brain", "né \"quoted\"\n\t\u{1}\\/", "half", "flags",
      ])
    let expected: [(String, [Int])] = [
      ("weight", [2, 3]), ("brain", [3, 2]), ("half", [5]), ("double", [2, 2]), ("scalar", []), ("empty", [0, 4]),
    ]
    for (name, shape) in expected {
      let tensor = try checkpoint.tensor(named: name)
      #expect(tensor.shape == shape)
      #expect(try tensor.floats() == ramp(tensor.elementCount), "\(name)")
    }
    #expect(try checkpoint.tensor(named: "names").bytes.count == 32)
    var part = [Float](repeating: 9, count: 3)
    try part.withUnsafeMutableBufferPointer { try checkpoint.tensor(named: "brain").floats(1..<4, into: $0) }
    #expect(part == Array(ramp(6)[1..<4]))
  }

  @Test("A tensor that is missing or holds no floats is an error that names it") func misuse() throws {
    let checkpoint = try SafetensorsCheckpoint.open(file: folder + "/tiny.safetensors")
    let missing = #expect(throws: CheckpointError.self) { try checkpoint.tensor(named: "wieght") }
    #expect(missing?.message.contains("\"weight\"") == true)
    let integers = #expect(throws: CheckpointError.self) { try checkpoint.tensor(named: "names").floats() }
    #expect(integers?.message.contains("I64") == true)
  }

  @Test("Shards are found by the index") func sharded() throws {
    let checkpoint = try SafetensorsCheckpoint.open(directory: folder + "/sharded")
    #expect(checkpoint.tensors.map(\.name) == ["a", "b", "c"])
    #expect(try checkpoint.tensor(named: "c").floats() == ramp(4))
    #expect(checkpoint.files.count == 2)
  }

  @Test("A folder without a checkpoint is an error that says what was looked for") func noCheckpoint() throws {
    try withTemporaryFolder { folder in
      let error = #expect(throws: FileError.self) { try SafetensorsCheckpoint.open(directory: folder) }
      #expect(error?.message.contains("model.safetensors.index.json") == true)
    }
  }

  @Test(
    "An index that disagrees with its shards is an error",
    arguments: [
      (#"{"weight_map": {"a": "../sharded/model-00001-of-00002.safetensors"}}"#, "is not the name of a file"),
      (#"{"weight_map": {"a": "model-00001-of-00002.safetensors"}}"#, "not named in the index"),
      (#"{"weight_map": {"z": "model-00001-of-00002.safetensors"}}"#, "does not hold it"),
      (#"{"weight_map": {"a": "model-00009-of-00002.safetensors"}}"#, "cannot open"),
      (#"{"weight_map": {"a": 1}}"#, "expected a file name"), (#"{"weight_map": []}"#, "weight_map"), ("{", "expected"),
      (#"{"weight_map": {"a": ".."}}"#, "is not the name of a file"),
    ]) func brokenIndex(index: String, fault: String) throws
  {
    try withTemporaryFolder { copy in
      for shard in ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"] {
        try FileManager.default.copyItem(atPath: "\(folder)/sharded/\(shard)", toPath: "\(copy)/\(shard)")
      }
      try index.write(toFile: copy + "/model.safetensors.index.json", atomically: false, encoding: .utf8)
      let error = #expect(throws: (any Error).self) { try SafetensorsCheckpoint.open(directory: copy) }
      #expect("\(error as Any)".contains(fault), "\(error as Any)")
    }
  }

  // MARK: Hostile files

  func file(_ header: String, data: Int, length: UInt64? = nil) -> [UInt8] {
    littleEndian(length ?? UInt64(header.utf8.count)) + Array(header.utf8) + [UInt8](repeating: 0, count: data)
  }

  func one(_ type: String, _ shape: String, _ offsets: String) -> String {
    #"{"t":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":\#(offsets)}}"#
  }

  @Test("Each fault of a file has its own message") func faults() throws {
    let two = { (first: String, second: String) in
      """
      {"a":{"dtype":"U8","shape":[4],"data_offsets":\(first)},"b":{"dtype":"U8","shape":[4],"data_offsets":\(second)}}
      """
    }
    let cases: [([UInt8], String)] = [
      ([1, 2, 3], "3 bytes, too few"), (file("{}", data: 0, length: 1 << 40), "more than 100000000"),
      (file("{}", data: 0, length: 50), "cut short"), (file("{}", data: 0, length: UInt64.max), "more than"),
      (file("", data: 0), "0 bytes, expected"), (file("  {}", data: 0), "does not start with '{'"),
      (file("[]", data: 0), "does not start"), (file("{]", data: 0), ":1:2"),
      (file("{\"a\":1}", data: 0), "an integer"),
      (file("{\"__metadata__\":{\"a\":1}}", data: 0), "expected a string"),
      (file("{\"__metadata__\":[]}", data: 0), "expected an object"), (file("{} x", data: 0), "end of the file"),
      (file(one("F99", "[1]", "[0,4]"), data: 4), "unknown dtype \"F99\""),
      (file(one("f32", "[1]", "[0,4]"), data: 4), "did you mean F32"),
      (file(one("F32", "[-1]", "[0,4]"), data: 4), "expected an integer from 0"),
      (file(one("F32", "[1.5]", "[0,4]"), data: 4), "expected an integer from 0"),
      (file(one("F32", "7", "[0,4]"), data: 4), "shape is missing or not a list"),
      (file(one("F32", "[1]", "[0]"), data: 4), "list of two integers"),
      (file(one("F32", "[1]", "[4,0]"), data: 4), "invalid offsets"),
      (file(one("F32", "[1]", "[-4,0]"), data: 4), "invalid offsets"),
      (file(one("F32", "[1]", "[0,8]"), data: 4), "invalid offsets"),
      (file(one("F32", "[2]", "[0,4]"), data: 4), "takes 8 bytes"),
      (file(one("F32", "[4294967296,4294967296]", "[0,4]"), data: 4), "too large"),
      (file(one("F32", "[0,9223372036854775807,9223372036854775807]", "[0,4]"), data: 4), "takes 0 bytes"),
      (file(one("F4", "[3]", "[0,1]"), data: 1), "whole number of bytes"),
      (file(one("F32", "[1]", "[0,4]"), data: 9), "5 bytes after tensor \"t\""),
      (file("{}", data: 1), "not fully covered"),
      (file(one("F32", "[1]", "[4,8]"), data: 8), "hole after the header"),
      (file(two("[0,4]", "[5,9]"), data: 9), "hole after tensor \"a\""),
      (file(two("[0,4]", "[2,6]"), data: 6), "overlaps tensor \"a\""),
      (file(two("[4,8]", "[4,8]"), data: 8), "hole after the header"),
      (file(#"{"t":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}}"#, data: 1), "unknown key \"x\""),
      (file(#"{"t":{"shape":[1],"data_offsets":[0,1]}}"#, data: 1), "dtype is missing"),
      (file(#"{"t":{},"t":{}}"#, data: 0), "duplicate key"),
      (littleEndian(UInt64(8)) + [0x7B, 0x22, 0xC3, 0x28, 0x22, 0x3A, 0x31, 0x7D], "not valid UTF-8"),
    ]
    for (bytes, fault) in cases {
      try withFile(bytes) { path in
        let error = #expect(throws: (any Error).self) { try SafetensorsFile(path: path) }
        let description = "\(error as Any)"
        #expect(description.contains(fault), "expected \(fault)")
        #expect(description.contains(path))
      }
    }
  }

  @Test("No damage to a file can crash the reader") func damage() throws {
    let valid = try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder + "/tiny.safetensors")))
    try expectNoCrash(valid, headBytes: 760) { path in
      for tensor in try SafetensorsFile(path: path).tensors where tensor.type.isReadableAsFloat {
        _ = try tensor.floats()
      }
    }
  }
}

@Suite("Memory-mapped files") struct MemoryMappedFileTests {
  @Test("What cannot be mapped is an error with the path and the reason") func refusals() throws {
    try withTemporaryFolder { folder in
      #expect(FileManager.default.createFile(atPath: folder + "/empty", contents: Data()))
      for (path, reason) in [
        (folder + "/absent", "No such file"), (folder, "is a folder"), (folder + "/empty", "is empty"),
        ("/dev/null", "not a regular file"),
      ] {
        let error = #expect(throws: FileError.self) { try MemoryMappedFile(path: path) }
        #expect(error?.path == path)
        #expect(error?.message.contains(reason) == true)
      }
    }
  }

  @Test("An address is in the file up to the end of its last page") func place() throws {
    try withFile([1, 2, 3]) { path in
      func name(at address: UInt) -> String? { MappedFiles.path(at: address).map { String(cString: $0) } }
      let file = try MemoryMappedFile(path: path)
      let start = UInt(bitPattern: file.bytes.baseAddress)
      let page = UInt(sysconf(Int32(_SC_PAGESIZE)))
      for offset in [0, 2, page - 1] { #expect(name(at: start + offset) == path) }
      #expect(name(at: start + page) != path && name(at: start - 1) != path)
      withExtendedLifetime(file) {}
    }
  }

  @Test("Pages that were handed back return with the same bytes") func advice() throws {
    let content = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
    try withFile(content) { path in
      let file = try MemoryMappedFile(path: path)
      file.advise(.willNeed, 0..<file.count)
      #expect(Array(file.bytes) == content)
      file.advise(.dontNeed, 100..<15_000)
      file.advise(.dontNeed, -5..<1_000_000)
      #expect(Array(file.bytes) == content)
      #expect(try Array(file.slice(5..<9)) == Array(content[5..<9]))
      #expect(throws: FileError.self) { try file.slice(5..<20_001) }
      #expect(throws: FileError.self) { try file.slice(-1..<2) }
    }
  }
}
