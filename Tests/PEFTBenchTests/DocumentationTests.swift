import Foundation
import PEFTTestSupport
import Testing

/// What the documents say about files, held against the files.
@Suite("Documents") struct DocumentationTests {
  static let pages =
    ["README.md", "configs/README.md", "scripts/README.md", "scripts/golden/README.md"]
    + ((try? FileManager.default.contentsOfDirectory(atPath: GoldenFixture.package.appending(path: "docs").path)) ?? [])
    .filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }

  private static func text(_ path: String) throws -> String {
    try String(contentsOf: GoldenFixture.package.appending(path: path), encoding: .utf8)
  }

  /// The headings of a page as links name them.
  private static func anchors(_ text: String) -> Set<String> {
    let headings = text.split(separator: "\n").filter { $0.hasPrefix("#") }
    return Set(
      headings.map { line in
        let title = line.drop { $0 == "#" }.drop { $0 == " " }.lowercased()
        return String(title.filter { $0.isLetter || $0.isNumber || "-_ ".contains($0) }).replacing(" ", with: "-")
      })
  }

  @Test("The README is a page, and begins with what builds and runs") func readme() throws {
    let text = try Self.text("README.md")
    #expect(text.utf8.count <= 10_000)
    let commands = text.split(separator: "\n").filter { $0.hasPrefix("    ") }.map { $0.drop { $0 == " " } }
    #expect(commands.first?.hasPrefix("swift run -c release peft-bench run configs/quick.yaml --jobs auto") == true)
    #expect(commands.dropFirst().first == "swift test")
  }

  @Test("Links lead to files and headings that exist", arguments: pages) func links(_ page: String) throws {
    let text = try Self.text(page)
    let folder = GoldenFixture.package.appending(path: page).deletingLastPathComponent()
    for match in text.matches(of: #/\]\(([^)\s]+)\)/#) where !match.output.1.hasPrefix("http") {
      let parts = match.output.1.split(separator: "#", omittingEmptySubsequences: false)
      let target = parts[0].isEmpty ? page : String(parts[0])
      let file = parts[0].isEmpty ? GoldenFixture.package.appending(path: page) : folder.appending(path: target)
      #expect(FileManager.default.fileExists(atPath: file.path), "\(page): \(match.output.1)")
      if parts.count > 1, target.hasSuffix(".md"), let other = try? String(contentsOf: file, encoding: .utf8) {
        #expect(Self.anchors(other).contains(String(parts[1])), "\(page): \(match.output.1)")
      }
    }
  }

  @Test("Files and folders of the sources that the architecture names exist") func architecture() throws {
    let sources = GoldenFixture.package.appending(path: "Sources").path
    let paths = try FileManager.default.subpathsOfDirectory(atPath: sources).map { "/\($0)" }
    var count = 0
    for match in try Self.text("docs/architecture.md").matches(of: #/`([A-Z][A-Za-z]+\/[A-Za-z+\/]+)`/#)
    where !match.output.1.hasPrefix("Tests/") {
      count += 1
      let wanted = "/\(match.output.1)"
      #expect(paths.contains { $0.hasSuffix("\(wanted).swift") || $0.hasSuffix(wanted) }, "\(match.output.1)")
    }
    #expect(count > 20)
  }

  @Test("Every script has a line in the index of the scripts") func scripts() throws {
    let index = try Self.text("scripts/README.md")
    let folder = GoldenFixture.package.appending(path: "scripts").path
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name != "README.md" {
      #expect(index.contains("`\(name)`") || index.contains("`\(name)/"), "\(name)")
    }
  }
}
