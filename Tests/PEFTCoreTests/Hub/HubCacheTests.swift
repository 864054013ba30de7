import Foundation
import PEFTCore
import Testing

@Suite("Hub cache") struct HubCacheTests {
  let commit = String(repeating: "0123abcdef", count: 4)
  let other = String(repeating: "f", count: 40)

  func make(_ root: String, _ folder: String, snapshots: [String], references: [String: String]) throws {
    for snapshot in snapshots {
      try FileManager.default.createDirectory(
        atPath: "\(root)/\(folder)/snapshots/\(snapshot)", withIntermediateDirectories: true)
    }
    for (name, content) in references {
      let path = URL(fileURLWithPath: "\(root)/\(folder)/refs/\(name)")
      try FileManager.default.createDirectory(at: path.deletingLastPathComponent(), withIntermediateDirectories: true)
      try content.write(to: path, atomically: false, encoding: .utf8)
    }
  }

  @Test("The folder follows the environment as the Hub's own tools do") func environment() {
    let cases: [([String: String], String)] = [
      (["HOME": "/h"], "/h/.cache/huggingface/hub"), (["HOME": "/h", "XDG_CACHE_HOME": "/x"], "/x/huggingface/hub"),
      (["HOME": "/h", "XDG_CACHE_HOME": "/x", "HF_HOME": "~/hf"], "/h/hf/hub"),
      (["HOME": "/h", "HF_HOME": "/f", "HUGGINGFACE_HUB_CACHE": "/old", "HF_HUB_CACHE": "/new"], "/new"),
      (["HOME": "/h", "HF_HUB_CACHE": "", "HF_HOME": "/f"], "/f/hub"),
    ]
    for (environment, expected) in cases {
      #expect(HubCache(environment: environment).path == expected)
    }
    let expanded = HubCache(environment: ["HF_HUB_CACHE": "$D/${E}x/$NO/${E", "D": "/d", "E": "e"])
    #expect(expanded.path == "/d/ex/$NO/${E")
    #expect(expanded.origin == "HF_HUB_CACHE")
  }

  @Test("A snapshot is found by branch, nested reference, full commit, and as the only one") func lookup() throws {
    try withTemporaryFolder { root in
      try make(
        root, "models--org--name", snapshots: [commit, other],
        references: ["main": commit, "v1": other + "\n", "refs/convert/parquet": commit])
      try make(root, "models--gpt2", snapshots: [commit], references: [:])
      try make(root, "datasets--org--data", snapshots: [other], references: ["main": other])
      let cache = HubCache(path: root)
      let folder = root + "/models--org--name/snapshots/"
      #expect(try cache.snapshot(of: "org/name") == folder + commit)
      #expect(try cache.snapshot(of: "org/name", revision: "v1") == folder + other)
      #expect(try cache.snapshot(of: "org/name", revision: other) == folder + other)
      #expect(try cache.snapshot(of: "org/name", revision: "refs/convert/parquet") == folder + commit)
      #expect(try cache.snapshot(of: "gpt2") == root + "/models--gpt2/snapshots/" + commit)
      #expect(try cache.snapshot(of: "org/data", kind: .dataset) == root + "/datasets--org--data/snapshots/" + other)
      #expect(cache.repositories(kind: .model) == ["gpt2", "org/name"])
      #expect(cache.repositories(kind: .dataset) == ["org/data"])
    }
  }

  @Test("What is not there is an error that says where it was looked for") func missing() throws {
    try withTemporaryFolder { root in
      try make(root, "models--org--name", snapshots: [commit], references: ["v1": other, "v2": "../../etc"])
      let cache = HubCache(path: root)
      func message(_ id: String, _ revision: String? = nil) -> String {
        let error = #expect(throws: FileError.self) { try cache.snapshot(of: id, revision: revision) }
        return error?.description ?? ""
      }
      #expect(message("org/nam").contains("did you mean org/name?"))
      #expect(message("org/nam").contains(root + "/models--org--nam"))
      #expect(message("org/name", "main").contains("[v1, v2]"))
      #expect(message("org/name", "0123abc").contains("/refs/0123abc"))
      #expect(message("org/name", other).contains("/snapshots/" + other))
      #expect(message("org/name", "v1").contains("names the commit " + other))
      #expect(message("org/name", "v2").contains("no commit"))
      #expect(message("org/name", "../snapshots").contains("not the name of a revision"))
      for id in ["", "a/b/c", "../x", "a//b", "/a", "a b", "a--b", ".a", "é"] {
        #expect(message(id).contains("not the id of a Hub repository"))
      }
    }
  }
}
