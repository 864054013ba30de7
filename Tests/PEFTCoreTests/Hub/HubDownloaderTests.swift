import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

/// Downloads are done by curl, which need not be there where this package is built.
private let hasCurl = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
  FileManager.default.isExecutableFile(atPath: "\($0)/curl")
}

@Suite("Hub downloads", .enabled(if: hasCurl)) struct HubDownloaderTests {
  static let commit = String(repeating: "0123abcdef", count: 4)
  static let weights = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 2) }

  /// A Hub with one model: a small file that it serves itself, and a large one that it redirects to a store.
  static func answer(_ request: LoopbackServer.Request, store: String) -> LoopbackServer.Response {
    typealias Response = LoopbackServer.Response
    let etag = SHA256.hexadecimal(of: weights)
    switch request.target {
    case "/api/models/org/name/revision/main":
      return Response(body: Array(#"{"siblings": [{"rfilename": "config.json"}, {"rfilename": "a/w.bin"}, {}]}"#.utf8))
    case "/org/name/resolve/main/config.json", "/org/name/resolve/refs%2Fpr%2F1/config.json":
      return Response(fields: ["ETag": "\"abc123\"", "X-Repo-Commit": commit], body: Array("{}".utf8))
    case "/org/name/resolve/main/a/w.bin":
      return Response(
        status: 302,
        fields: [
          "Location": store, "X-Repo-Commit": commit, "X-Linked-Etag": "\"\(etag)\"", "ETag": "\"other\"",
          "X-Linked-Size": "\(weights.count)",
        ], body: Array("moved".utf8))
    case "/old/name/resolve/main/config.json":
      return Response(status: 307, fields: ["Location": "/org/name/resolve/main/config.json"])
    case "/org/name/resolve/main/private":
      return Response(status: 401, fields: ["X-Error-Code": "GatedRepo", "X-Error-Message": "ask first"])
    default:
      return Response(status: 404, fields: ["X-Error-Code": "EntryNotFound"])
    }
  }

  /// Serves the large file; `cut` is where the first answer breaks off.
  static func part(_ request: LoopbackServer.Request, of content: [UInt8], cut: Int?) -> LoopbackServer.Response {
    guard let range = request.fields["range"], let start = Int(range.dropFirst(6).dropLast()) else {
      return .init(body: content, cutAfter: cut)
    }
    guard start < content.count else { return .init(status: 416) }
    return .init(status: 206, body: Array(content[start...]))
  }

  func withHub(
    store: @escaping @Sendable (LoopbackServer.Request) -> LoopbackServer.Response, environment: [String: String] = [:],
    _ body: (_ downloader: HubDownloader, _ root: String, _ hub: LoopbackServer, _ store: LoopbackServer) throws -> Void
  ) throws {
    try withTemporaryFolder { root in
      let store = try LoopbackServer(store)
      defer { store.stop() }
      let address = store.address + "/blob?signature=1"
      let hub = try LoopbackServer { Self.answer($0, store: address) }
      defer { hub.stop() }
      let variables = [
        "HF_HUB_CACHE": root + "/hub", "HF_HOME": root, "HF_ENDPOINT": hub.address + "/", "HF_TOKEN": "hf_x",
      ]
      let downloader = HubDownloader(environment: variables.merging(environment) { $1 }, retryDelay: 0.01)
      try body(downloader, root + "/hub", hub, store)
    }
  }

  @Test("Files land in the layout of the Hub's cache, and the token stays with the Hub") func layout() throws {
    try withHub(store: { Self.part($0, of: Self.weights, cut: nil) }) { downloader, root, hub, store in
      let snapshot = try downloader.snapshot(of: "org/name", wanted: { _ in true })
      #expect(snapshot == "\(root)/models--org--name/snapshots/\(Self.commit)")
      #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: snapshot + "/a/w.bin"))) == Self.weights)
      #expect(try String(contentsOfFile: snapshot + "/config.json", encoding: .utf8) == "{}")
      let link = try FileManager.default.destinationOfSymbolicLink(atPath: snapshot + "/a/w.bin")
      #expect(link == "../../../blobs/" + SHA256.hexadecimal(of: Self.weights))
      let blobs = try FileManager.default.contentsOfDirectory(atPath: root + "/models--org--name/blobs").sorted()
      #expect(blobs == ["abc123", SHA256.hexadecimal(of: Self.weights)].sorted())
      #expect(try String(contentsOfFile: root + "/models--org--name/refs/main", encoding: .utf8) == Self.commit)
      #expect(hub.requests.allSatisfy { $0.fields["authorization"] == "Bearer hf_x" })
      #expect(store.requests.map(\.method) == ["GET"])
      #expect(store.requests.allSatisfy { $0.fields["authorization"] == nil })
      _ = try downloader.download("a/w.bin", of: "org/name")
      #expect(store.requests.count == 1)
      _ = try downloader.download("config.json", of: "org/name", revision: "refs/pr/1")
      #expect(try downloader.cache.snapshot(of: "org/name", revision: "refs/pr/1") == snapshot)
      _ = try downloader.download("config.json", of: "old/name")
    }
  }

  @Test("A broken transfer goes on where it stopped") func resume() throws {
    try withHub(store: { Self.part($0, of: Self.weights, cut: 100_000) }) { downloader, _, _, store in
      var progress: [Int] = []
      let path = try downloader.download("a/w.bin", of: "org/name") { bytes, total in
        #expect(total == Self.weights.count)
        progress.append(bytes)
      }
      #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == Self.weights)
      #expect(store.requests.map { $0.fields["range"] } == [nil, "bytes=100000-"])
      #expect(progress == progress.sorted() && progress.last == Self.weights.count)
    }
  }

  @Test("Content with the wrong digest is refused and not kept") func damage() throws {
    var damaged = Self.weights
    damaged[7] ^= 1
    let content = damaged
    try withHub(store: { Self.part($0, of: content, cut: nil) }) { downloader, root, _, _ in
      let error = #expect(throws: FileError.self) { try downloader.download("a/w.bin", of: "org/name") }
      #expect(error?.message.contains("SHA-256") == true)
      #expect(!FileManager.default.fileExists(atPath: "\(root)/models--org--name/snapshots"))
    }
    try withHub(store: { Self.part($0, of: content + [1], cut: nil) }) { downloader, _, _, _ in
      let error = #expect(throws: FileError.self) { try downloader.download("a/w.bin", of: "org/name") }
      #expect(error?.message.contains("more than the 300000 bytes") == true)
    }
    try withHub(store: { _ in .init(status: 503) }) { downloader, _, _, store in
      let error = #expect(throws: FileError.self) { try downloader.download("a/w.bin", of: "org/name") }
      #expect(error?.message.contains("503") == true)
      #expect(store.requests.count == 5)
    }
  }

  @Test("Refusals say what to do") func refusals() throws {
    try withHub(store: { _ in .init(status: 404) }) { downloader, _, _, _ in
      func message(_ file: String, _ id: String = "org/name") -> String {
        let error = #expect(throws: FileError.self) { try downloader.download(file, of: id) }
        return error?.message ?? ""
      }
      #expect(message("absent").contains("no such file"))
      #expect(message("private").contains("gated"))
      #expect(message("private").contains("ask first"))
      #expect(message("a/w.bin").contains("404"))
      #expect(message("../x").contains("not the path"))
      #expect(message("x", "../x").contains("not the id"))
    }
    let nobody = HubDownloader(environment: ["HF_ENDPOINT": "http://127.0.0.1:1", "HF_HOME": "/nonexistent"])
    let unreachable = #expect(throws: FileError.self) { try nobody.files(of: "org/name") }
    #expect(unreachable?.message.contains("cannot be fetched") == true)
    let wrong = HubDownloader(environment: ["HF_ENDPOINT": "hub", "HF_HOME": "/nonexistent"])
    #expect(throws: FileError.self) { try wrong.files(of: "org/name") }
  }

  @Test("With the network off, only what is cached is found") func offline() throws {
    try withHub(store: { _ in .init(status: 404) }) { downloader, root, hub, _ in
      let path = try downloader.download("config.json", of: "org/name")
      let count = hub.requests.count
      let offline = HubDownloader(
        environment: ["HF_HUB_CACHE": root, "HF_ENDPOINT": hub.address, "HF_HUB_OFFLINE": "yes", "HF_HOME": root])
      #expect(try offline.download("config.json", of: "org/name") == path)
      let error = #expect(throws: FileError.self) { try offline.download("a/w.bin", of: "org/name") }
      #expect(error?.message.contains("HF_HUB_OFFLINE") == true)
      #expect(throws: FileError.self) { try offline.files(of: "org/name") }
      #expect(hub.requests.count == count)
    }
  }
}
