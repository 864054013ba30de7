import Foundation

/// What kind of repository of the Hugging Face Hub.
public enum HubRepositoryKind: String, Sendable {
  case model
  case dataset

  /// What the cache's folders of this kind start with.
  var folderPrefix: String { self == .model ? "models--" : "datasets--" }
}

/// The local cache of the Hugging Face Hub, which its Python tools fill too.
///
/// A repository `org/name` is the folder `models--org--name` with `refs/<revision>` (a text file with the commit)
/// and `snapshots/<commit>/` with the files.
public struct HubCache: Sendable {
  /// The cache's folder.
  public let path: String
  /// Which environment variable named it, or a description of the default.
  public let origin: String

  /// Uses the cache in a given folder.
  public init(path: String) {
    self.path = path
    origin = "the given folder"
  }

  /// Finds the cache as the Hub's own tools do.
  ///
  /// The first of `HF_HUB_CACHE`, `HUGGINGFACE_HUB_CACHE`, `HF_HOME` (then its `hub`), `XDG_CACHE_HOME` (then its
  /// `huggingface/hub`) that is set counts, else `~/.cache/huggingface/hub`.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    func isSet(_ name: String) -> Bool { !(environment[name] ?? "").isEmpty }
    if let name = ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"].first(where: isSet), let value = environment[name] {
      path = Self.expanded(value, environment)
      origin = name
    } else {
      path = Self.home(of: environment) + "/hub"
      origin =
        ["HF_HOME", "XDG_CACHE_HOME"].first(where: isSet) ?? "the default; HF_HUB_CACHE and HF_HOME are not set"
    }
  }

  /// The folder of the snapshot of a repository at a revision.
  ///
  /// - Parameters:
  ///   - id: `org/name`, or `name` for the oldest repositories.
  ///   - kind: Model or dataset.
  ///   - revision: A branch, a tag or a full commit. When it is nil, `main` is meant; and if `refs/main` is missing and
  ///     there is one snapshot only, that one.
  /// - Throws: `FileError` that says where it was looked for and what there is.
  public func snapshot(
    of id: String, kind: HubRepositoryKind = .model, revision: String? = nil
  ) throws(FileError) -> String {
    let folder = try folder(of: id, kind: kind)
    guard FileManager.default.fileExists(atPath: folder) else {
      let cached = repositories(kind: kind)
      let guess = NearestName.of(id, among: cached).map { "; did you mean \($0)?" } ?? ""
      let list = cached.isEmpty ? "the cache holds no \(kind.rawValue)" : "cached: \(cached.joined(separator: ", "))"
      throw FileError(
        path: folder, "the \(kind.rawValue) \(id) is not in the Hub cache (\(path), from \(origin)); \(list)\(guess)")
    }
    let wanted = revision ?? "main"
    guard Self.isSafe(wanted) else { throw FileError(path: folder, "\"\(wanted)\" is not the name of a revision") }
    if Self.isCommit(wanted), let snapshot = existing(folder + "/snapshots/" + wanted) { return snapshot }
    let reference = folder + "/refs/" + wanted
    if let content = FileManager.default.contents(atPath: reference) {
      // A newline at the end is tolerated, although the Hub's own tools stumble over it.
      let commit = String(decoding: content, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      guard Self.isCommit(commit) else { throw FileError(path: reference, "holds no commit of 40 hexadecimal digits") }
      guard let snapshot = existing(folder + "/snapshots/" + commit) else {
        throw FileError(path: reference, "names the commit \(commit), which has no folder under \(folder)/snapshots")
      }
      return snapshot
    }
    let snapshots = Self.entries(of: folder + "/snapshots")
    if revision == nil, snapshots.count == 1 { return folder + "/snapshots/" + snapshots[0] }
    let references = Self.entries(of: folder + "/refs")
    throw FileError(
      path: folder,
      "no revision \(wanted) of \(id): looked for \(reference)"
        + (Self.isCommit(wanted) ? " and \(folder)/snapshots/\(wanted)" : "")
        + "; there are the references [\(references.joined(separator: ", "))]"
        + " and the snapshots [\(snapshots.joined(separator: ", "))]")
  }

  /// The repositories of a kind that have a folder in the cache, as `org/name`, sorted.
  public func repositories(kind: HubRepositoryKind) -> [String] {
    Self.entries(of: path).filter { $0.hasPrefix(kind.folderPrefix) }.map { folder in
      String(folder.dropFirst(kind.folderPrefix.count).replacing("--", with: "/", maxReplacements: 1))
    }
  }

  /// The folder in which a repository is or would be kept.
  ///
  /// - Throws: `FileError` for what is not an id of a repository.
  public func folder(of id: String, kind: HubRepositoryKind = .model) throws(FileError) -> String {
    guard Self.isRepositoryID(id) else {
      throw FileError(path: id, "is not the id of a Hub repository, expected org/name")
    }
    return path + "/" + kind.folderPrefix + id.replacing("/", with: "--")
  }

  /// Whether a text can be the id of a repository: `name` or `org/name` of letters, digits, `.`, `_` and `-`.
  public static func isRepositoryID(_ id: String) -> Bool {
    let parts = id.split(separator: "/", omittingEmptySubsequences: false)
    return (1...2).contains(parts.count) && !id.contains("--") && !id.contains("..") && id.utf8.count <= 200
      && parts.allSatisfy { part in
        !part.isEmpty && part.first != "." && part.first != "-"
          && part.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x5F, 0x2D: true
            default: false
            }
          }
      }
  }

  /// The folder that `HF_HOME` names or its default, in which the token is kept.
  static func home(of environment: [String: String]) -> String {
    if let value = environment["HF_HOME"], !value.isEmpty { return expanded(value, environment) }
    if let value = environment["XDG_CACHE_HOME"], !value.isEmpty {
      return expanded(value, environment) + "/huggingface"
    }
    return userHome(environment) + "/.cache/huggingface"
  }

  static func isCommit(_ text: String) -> Bool {
    text.utf8.count == 40
      && text.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x61...0x66: true
        default: false
        }
      }
  }

  /// Whether a path stays below the folder that it is appended to.
  static func isSafe(_ relativePath: String) -> Bool {
    !relativePath.utf8.contains(0)
      && relativePath.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0 != "." && $0 != ".."
      }
  }

  private func existing(_ folder: String) -> String? {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) && isFolder.boolValue ? folder : nil
  }

  private static func entries(of folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }

  private static func userHome(_ environment: [String: String]) -> String {
    if let home = environment["HOME"], !home.isEmpty { return home }
    return FileManager.default.homeDirectoryForCurrentUser.path
  }

  /// Replaces a leading `~` and every `$NAME` and `${NAME}`; unknown names stay as they are.
  static func expanded(_ text: String, _ environment: [String: String]) -> String {
    var rest = text[...]
    var result = ""
    if rest == "~" || rest.hasPrefix("~/") {
      result = userHome(environment)
      rest = rest.dropFirst()
    }
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[rest.index(after: dollar)...]
      let isBraced = rest.first == "{"
      let name = (isBraced ? rest.dropFirst() : rest).prefix { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
      let isClosed = !isBraced || rest[name.endIndex...].first == "}"
      if isClosed, let value = environment[String(name)] {
        result += value
        rest = rest[name.endIndex...].dropFirst(isBraced ? 1 : 0)
      } else {
        result += "$"
      }
    }
    return result + rest
  }
}
