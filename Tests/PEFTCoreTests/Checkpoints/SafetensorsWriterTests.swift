import Foundation
import PEFTCore
import Testing

@Suite("Writing safetensors") struct SafetensorsWriterTests {
  @Test("The same content gives the bytes of the reference writer") func bytesOfReference() throws {
    let reference = fixtures.appendingPathComponent("safetensors/tiny.safetensors")
    var writer = SafetensorsWriter()
    writer.add("né \"quoted\"\n\t\u{1}\\/", ramp(1), shape: [1], as: .bfloat16)
    writer.add("flags", shape: [3], as: .bool) { [0, 1, 0] }
    writer.add("half", ramp(5), shape: [5], as: .float16)
    writer.add("names", integers: [0, 1, 2, 3], shape: [4])
    writer.add("empty", [], shape: [0, 4])
    writer.add("scalar", ramp(1), shape: [])
    writer.add("double", ramp(4), shape: [2, 2], as: .float64)
    writer.add("weight", Tensor(ramp(6), shape: [2, 3], in: MemoryPool()))
    writer.add("brain", ramp(6), shape: [3, 2], as: .bfloat16)
    let expected = try [UInt8](Data(contentsOf: reference))
    #expect(writer.serialized() == expected)
    try withTemporaryFolder { folder in
      try writer.write(to: folder + "/copy.safetensors")
      #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: folder + "/copy.safetensors"))) == expected)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["copy.safetensors"])
    }
  }

  @Test("A file without tensors and metadata can be written and read") func empty() throws {
    let writer = SafetensorsWriter(metadata: [:])
    try withFile(writer.serialized()) { path in
      let file = try SafetensorsFile(path: path)
      #expect(file.tensors.isEmpty && file.metadata.isEmpty)
    }
  }
}

@Suite("Atomic files") struct AtomicFileTests {
  @Test("A file is replaced whole, and stays as it was when writing fails") func replacing() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/\(String(repeating: "é", count: 120)).json"
      try AtomicFile.write("old", to: path)
      try AtomicFile.write([0x6E, 0x65, 0x77], to: path)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
      #expect(throws: FileError.self) {
        try AtomicFile.write(to: path) { output throws(FileError) in
          try output.write([0x78])
          throw FileError(path: "x", "stop")
        }
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).count == 1)
    }
  }

  @Test("A folder is replaced whole, and stays as it was when writing fails") func folders() throws {
    struct Stop: Error {}
    try withTemporaryFolder { folder in
      let path = folder + "/run"
      for content in ["old", "new"] {
        try AtomicFile.writeFolder(to: path) { try AtomicFile.write(content, to: $0 + "/\(content).txt") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["\(content).txt"])
      }
      #expect(throws: Stop.self) {
        try AtomicFile.writeFolder(to: path) { temporary in
          try AtomicFile.write("x", to: temporary + "/x")
          throw Stop()
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["new.txt"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["run"])
    }
  }

  @Test("A target that cannot be written is an error with path and reason") func refusals() throws {
    try withTemporaryFolder { folder in
      let absent = folder + "/absent/file"
      let error = #expect(throws: FileError.self) { try AtomicFile.write("x", to: absent) }
      #expect(error?.description == "\(absent): cannot create: No such file or directory")
      try FileManager.default.createDirectory(atPath: folder + "/taken", withIntermediateDirectories: false)
      #expect(throws: FileError.self) { try AtomicFile.write("x", to: folder + "/taken") }
      try AtomicFile.write("x", to: folder + "/file")
      #expect(throws: FileError.self) { try AtomicFile.writeFolder(to: folder + "/file") { _ in } }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["file", "taken"])
    }
  }
}

@Suite("SHA-256") struct SHA256Tests {
  // The examples of FIPS 180-4, and digests of sha256sum.
  @Test(
    "Known digests",
    arguments: [
      ("", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
      ("a", 1_000_000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]) func known(text: String, repeats: Int, digest: String)
  {
    #expect(SHA256.hexadecimal(of: Array(String(repeating: text, count: repeats).utf8)) == digest)
  }

  @Test("Pieces of any length give the digest of the whole") func pieces() throws {
    let content = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    for length in [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 121, 1000] {
      let whole = SHA256.hexadecimal(of: Array(content[..<length]))
      for step in [1, 3, 63, 64, 65, 200] {
        var hash = SHA256()
        for start in stride(from: 0, to: length, by: step) {
          hash.update(Array(content[start..<min(start + step, length)]))
        }
        #expect(hash.hexadecimalDigest == whole)
        #expect(hash.hexadecimalDigest == whole)
      }
    }
    let digest = try withFile(content) { try SHA256.hexadecimal(ofFile: $0) }
    #expect(digest == SHA256.hexadecimal(of: content))
  }
}
