import Foundation
import Testing

@testable import PEFTCore

@Suite("Folders that are written") struct OutputFolderTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "output-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  @Test("A folder that is new, empty or our own is taken, and marked once") func own() throws {
    try withFolder { folder in
      for path in [folder + "/new/deep", folder + "/new/deep", folder + "/new/deep/"] {
        try OutputFolder(path, .results).claim()
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder + "/new/deep") == [".peft-bench"])
      try AtomicFile.makeFolder(folder + "/empty")
      try OutputFolder(folder + "/empty", .export).claim()
      // What a killed writer left is nothing.
      try AtomicFile.makeFolder(folder + "/left")
      try AtomicFile.write("", to: folder + "/left/..peft-bench.abc.tmp")
      try OutputFolder(folder + "/left", .dataset).claim()
      try OutputFolder(folder + "/empty", .export).check()
      OutputFolder(folder + "/empty", .export).removeIfEmpty()
      #expect(!FileManager.default.fileExists(atPath: folder + "/empty"))
    }
  }

  @Test("Anything else is refused with what is in it, and stays as it was") func foreign() throws {
    try withFolder { folder in
      func refusal(_ path: String, _ kind: OutputFolder.Kind) -> String {
        do { try OutputFolder(path, kind).claim() } catch { return error.description }
        return ""
      }
      try AtomicFile.makeFolder(folder + "/model")
      for name in ["config.json", "a", "b", "c", ".hidden"] {
        try AtomicFile.write(name, to: folder + "/model/" + name)
      }
      #expect(
        refusal(folder + "/model", .results).hasSuffix(
          "/model: is not a results folder that peft-bench wrote: it has .hidden, a, b and 2 more; choose a new or empty "
            + "folder"))
      #expect(!FileManager.default.fileExists(atPath: folder + "/model/.peft-bench"))
      try OutputFolder(folder + "/data", .dataset).claim()
      #expect(refusal(folder + "/data", .results).contains("is the folder of a dataset, expected a results folder"))
      #expect(refusal(folder + "/model/a", .results).hasSuffix("is a file, expected a folder"))
      #expect(refusal("", .results).contains("empty path"))
      #expect(refusal(folder + "/" + String(repeating: "x", count: 256), .results).contains("a name of 256 bytes"))
      try AtomicFile.write(#"{"format": "peft-bench.folder/2", "holds": "results"}"#, to: folder + "/data/.peft-bench")
      #expect(refusal(folder + "/data", .results).contains("newer version"))
      try AtomicFile.write("x", to: folder + "/data/.peft-bench")
      #expect(refusal(folder + "/data", .results).contains("is not the marker"))
      // A folder of an older version is known by its files.
      try OutputFolder(folder + "/model", .results, recognizes: { true }).claim()
      try OutputFolder(folder + "/model", .results).check()
    }
  }

  @Test("Links stay, devices and pipes are written to, and folders and circles refused") func targets() throws {
    try withFolder { folder in
      func content(_ name: String) -> String {
        String(decoding: FileManager.default.contents(atPath: folder + "/" + name) ?? Data(), as: UTF8.self)
      }
      func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: folder + "/" + name, withDestinationPath: target)
      }
      try AtomicFile.makeFolder(folder + "/deep")
      try AtomicFile.write("old", to: folder + "/deep/file")
      try link("first", to: "second")
      try link("second", to: "deep/file")
      try link("dangling", to: "deep/new")
      try link("circle", to: "circle")
      try link("null", to: "/dev/null")
      for name in ["first", "dangling", "null"] { try AtomicFile.write("new", to: folder + "/" + name) }
      #expect(content("deep/file") == "new" && content("deep/new") == "new" && content("first") == "new")
      for (name, target) in [
        ("first", "second"), ("second", "deep/file"), ("dangling", "deep/new"), ("null", "/dev/null"),
      ] {
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + name) == target)
      }
      #expect(throws: FileError.self) { try AtomicFile.write("x", to: folder + "/circle") }
      #expect(throws: FileError.self) { try AtomicFile.write("x", to: folder + "/deep") }
      #expect(throws: FileError.self) { try AtomicFile.write("x", to: "") }
      try AtomicFile.write("x", to: "/dev/null")
      let type = try FileManager.default.attributesOfItem(atPath: "/dev/null")[.type] as? FileAttributeType
      #expect(type == .typeCharacterSpecial)

      mkfifo(folder + "/pipe", 0o600)
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/cat")
      process.arguments = [folder + "/pipe"]
      let output = Pipe()
      process.standardOutput = output
      try process.run()
      try AtomicFile.write("through", to: folder + "/pipe")
      #expect(output.fileHandleForReading.readDataToEndOfFile() == Data("through".utf8))
      process.waitUntilExit()
      let kind = try FileManager.default.attributesOfItem(atPath: folder + "/pipe")[.type] as? FileAttributeType
      #expect(kind != .typeRegular)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).allSatisfy { !AtomicFile.isLeftover($0) })
    }
  }
}
