import Foundation
import Testing

@testable import PEFTCore

@Suite("Paths") struct FilePathTests {
  /// Odd paths with their folder, name, extension and stem.
  static let odd: [(path: String, folder: String, name: String, ending: String, stem: String)] = [
    ("x", ".", "x", "", "x"), ("-", ".", "-", "", "-"), ("1", ".", "1", "", "1"), (".", ".", ".", "", "."),
    ("..", ".", "..", "", "."), ("/", "/", "/", "", "/"), ("//", "/", "/", "", "/"), ("", ".", "", "", ""),
    ("a/", ".", "a", "", "a"), ("a//", ".", "a", "", "a"), ("/a", "/", "a", "", "a"), ("/a/", "/", "a", "", "a"),
    ("a/b", "a", "b", "", "b"), ("a//b", "a", "b", "", "b"), ("a/../b", "a/..", "b", "", "b"),
    ("../x", "..", "x", "", "x"), ("./x", ".", "x", "", "x"), ("/a/b//", "/a", "b", "", "b"), ("~", ".", "~", "", "~"),
    ("a.json", ".", "a.json", "json", "a"), (".json", ".", ".json", "", ".json"), ("a.", ".", "a.", "", "a"),
    ("a.b.c", ".", "a.b.c", "c", "a.b"), ("a.d/b", "a.d", "b", "", "b"), ("ü/日本.yaml", "ü", "日本.yaml", "yaml", "日本"),
    (" ", ".", " ", "", " "), ("a\u{301}/e\u{301}", "a\u{301}", "e\u{301}", "", "e\u{301}"),
  ]

  @Test("Every path has a folder, a name, an ending and a stem", arguments: odd.indices) func parts(index: Int) {
    let odd = Self.odd[index]
    #expect(FilePath.folder(of: odd.path) == odd.folder)
    #expect(FilePath.name(of: odd.path) == odd.name)
    #expect(FilePath.fileExtension(of: odd.path) == odd.ending)
    // `..` ends in a dot after one, and is not a name that anything would be called by.
    #expect(FilePath.stem(of: odd.path) == odd.stem)
  }

  @Test("Folder and name are those of POSIX") func posix() throws {
    for odd in Self.odd where !odd.path.isEmpty {
      for (program, own) in [("dirname", odd.folder), ("basename", odd.name)] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program, "--", odd.path]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(text == own + "\n", "\(program) \(odd.path)")
      }
    }
  }

  @Test("Paths are joined with one slash") func joined() {
    #expect(FilePath.joined("a", "b") == "a/b" && FilePath.joined("a/", "b/") == "a/b")
    #expect(FilePath.joined(".", "b") == "b" && FilePath.joined("", "b") == "b" && FilePath.joined("/", "b") == "/b")
    #expect(FilePath.joined("a", "") == "a" && FilePath.joined("a", "/b") == "/b" && FilePath.joined("", "") == "")
    #expect(FilePath.joined("..", "../x") == "../../x")
  }

  @Test("A folder is called by its own name, however it is reached") func fullNames() throws {
    let own = FilePath.name(of: FileManager.default.currentDirectoryPath)
    for path in [".", "", "./", "x/.."] where path != "x/.." { #expect(FilePath.fullName(of: path) == own, "\(path)") }
    #expect(FilePath.fullName(of: "/") == "/" && FilePath.fullName(of: "a/b/") == "b")
  }
}
