import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Fetches files of the Hugging Face Hub into its local cache, in the layout that its Python tools share.
///
/// The content goes to `blobs/<etag>.incomplete`, is resumed there after an interruption, is checked (length, and
/// for large files the SHA-256 that is their etag), and takes its final name only then. Processes that fetch
/// the same file wait for each other by the lock file that the Hub's own tools use.
public struct HubDownloader: Sendable {
  /// Where files are kept.
  public let cache: HubCache
  /// Address of the Hub or of a mirror.
  public let endpoint: String
  /// Whether the user has forbidden the network (`HF_HUB_OFFLINE`, `TRANSFORMERS_OFFLINE`, `HF_DATASETS_OFFLINE`).
  public let isOffline: Bool

  private let token: String?
  private let transport: HTTPTransport
  private let retryDelay: Double
  /// What is wrong with a variable that matters once something is fetched.
  private let settingProblem: FileError?
  private static let timeouts = 1.0...86_400.0
  /// Most bytes of a file: where the server says how many there are, and where it does not.
  private static let (mostBytes, mostUnknownBytes) = (1 << 40, 4 << 30)

  /// What a file's address says about it before it is fetched.
  private struct RemoteFile {
    let url: URL
    let commit: String
    let etag: String
    let byteCount: Int?
  }

  /// Reads `HF_ENDPOINT`, `HF_TOKEN` (or the file at `HF_TOKEN_PATH`, or `$HF_HOME/token`), the variables that forbid
  /// the network, and `HF_HUB_DOWNLOAD_TIMEOUT` (seconds, 10 unless given).
  ///
  /// - Parameters:
  ///   - environment: The variables.
  ///   - retryDelay: Seconds before a broken transfer is taken up again; doubled each time.
  public init(
    environment: [String: String] = ProcessInfo.processInfo.environment, retryDelay: Double = 1
  ) {
    func value(_ name: String) -> String? {
      let text = environment[name]?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ""
      return text.isEmpty ? nil : text
    }
    cache = HubCache(environment: environment)
    var address = value("HF_ENDPOINT") ?? "https://huggingface.co"
    while address.hasSuffix("/") { address.removeLast() }
    endpoint = address
    isOffline = ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE"].contains { name in
      ["1", "ON", "YES", "TRUE"].contains(value(name)?.uppercased() ?? "")
    }
    var timeout = 10.0
    var problem: FileError?
    if let text = value("HF_HUB_DOWNLOAD_TIMEOUT") {
      if let seconds = Double(text), Self.timeouts.contains(seconds) {
        timeout = seconds
      } else {
        problem = FileError(
          path: "HF_HUB_DOWNLOAD_TIMEOUT", "expected seconds from 1 to 86400, found \(text.debugDescription)")
      }
    }
    settingProblem = problem
    transport = HTTPTransport(timeout: timeout)
    self.retryDelay = retryDelay
    if let given = value("HF_TOKEN") {
      token = given
    } else {
      let path = value("HF_TOKEN_PATH") ?? HubCache.home(of: environment) + "/token"
      let content = FileManager.default.contents(atPath: HubCache.expanded(path, environment)) ?? Data()
      let text = String(decoding: content, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
      token = text.isEmpty ? nil : text
    }
  }

  /// Names of the files of a repository, as the Hub lists them.
  ///
  /// - Throws: `FileError` or `DocumentError`.
  public func files(of id: String, kind: HubRepositoryKind = .model, revision: String = "main") throws -> [String] {
    _ = try cache.folder(of: id, kind: kind)
    try requireOnline(id)
    let url = try url("/api/\(kind.rawValue)s/\(id)/revision/\(Self.escaped(revision, keeping: ""))")
    var content: [UInt8] = []
    let reply = try get(url) { reply, bytes in
      guard content.count + bytes.count <= 64 << 20 else {
        throw FileError(path: url.absoluteString, "the list of files is longer than 64 MiB")
      }
      if reply.status == 200 { content.append(contentsOf: bytes) }
    }
    guard reply.status == 200 else { throw Self.refusal(reply, of: id) }
    let list = try JSONParser.parse(DocumentText(name: url.absoluteString, bytes: content))
    guard let siblings = list["siblings"]?.array else {
      throw FileError(path: url.absoluteString, "the answer lists no files (siblings)")
    }
    return siblings.compactMap { $0["rfilename"]?.string }
  }

  /// Fetches the files of a repository whose names are `wanted`, and returns the snapshot's folder.
  ///
  /// - Throws: `FileError` or `DocumentError`.
  public func snapshot(
    of id: String, kind: HubRepositoryKind = .model, revision: String = "main", wanted: (String) -> Bool,
    progress: (_ file: String, _ bytes: Int, _ total: Int?) -> Void = { _, _, _ in }
  ) throws -> String {
    let names = try files(of: id, kind: kind, revision: revision).filter(wanted)
    for name in names {
      _ = try download(name, of: id, kind: kind, revision: revision) { progress(name, $0, $1) }
    }
    return try cache.snapshot(of: id, kind: kind, revision: revision)
  }

  /// Fetches one file unless the cache has it, and returns its path in the snapshot.
  ///
  /// - Parameters:
  ///   - file: Its path in the repository.
  ///   - id: `org/name`.
  ///   - kind: Model or dataset.
  ///   - revision: A branch, a tag or a full commit.
  ///   - progress: Called with the bytes there so far and, where known, the total.
  /// - Throws: `FileError`.
  public func download(
    _ file: String, of id: String, kind: HubRepositoryKind = .model, revision: String = "main",
    progress: (_ bytes: Int, _ total: Int?) -> Void = { _, _ in }
  ) throws -> String {
    let folder = try cache.folder(of: id, kind: kind)
    guard HubCache.isSafe(file) else { throw FileError(path: file, "is not the path of a file in a repository") }
    guard HubCache.isSafe(revision) else { throw FileError(path: revision, "is not the name of a revision") }
    if isOffline || HubCache.isCommit(revision),
      let snapshot = try? cache.snapshot(of: id, kind: kind, revision: revision)
    {
      let path = snapshot + "/" + file
      if FileManager.default.fileExists(atPath: path) { return path }
    }
    try requireOnline("\(id)/\(file)")
    let prefix = kind == .dataset ? "/datasets" : ""
    let address = try url(
      "\(prefix)/\(id)/resolve/\(Self.escaped(revision, keeping: ""))/\(Self.escaped(file, keeping: "/"))")
    let remote = try metadata(of: file, in: id, at: address)
    let blob = folder + "/blobs/" + remote.etag
    let lock = "\(cache.path)/.locks/\(folder.dropFirst(cache.path.count + 1))/\(remote.etag).lock"
    try AtomicFile.makeFolder(folder + "/blobs")
    try withLock(lock) {
      if !FileManager.default.fileExists(atPath: blob) {
        try retrying { try fetch(remote, to: blob, progress: progress) }
      }
    }
    let path = "\(folder)/snapshots/\(remote.commit)/\(file)"
    try link(path, toBlob: remote.etag, depth: 2 + file.utf8.filter { $0 == 0x2F }.count)
    if revision != remote.commit {
      let reference = folder + "/refs/" + revision
      try AtomicFile.makeFolder(FilePath.folder(of: reference))
      try AtomicFile.write(remote.commit, to: reference)
    }
    return path
  }

  // MARK: Asking

  /// What the Hub says of a file: its redirect to the store is not followed, since its own answer has the facts.
  private func metadata(of file: String, in id: String, at address: URL) throws -> RemoteFile {
    var url = address
    for _ in 0..<10 {
      let reply = try transport.send("HEAD", url, fields: fields(for: url))
      let target = reply["Location"].flatMap { URL(string: $0, relativeTo: url)?.absoluteURL }
      let isRedirect = (300..<400).contains(reply.status)
      if isRedirect, let target, reply["X-Repo-Commit"] == nil, target.host == url.host {
        // A renamed repository.
        url = target
        continue
      }
      guard isRedirect || reply.status == 200 else { throw Self.refusal(reply, of: "\(file) of \(id)") }
      guard let commit = reply["X-Repo-Commit"], HubCache.isCommit(commit) else {
        throw FileError(path: url.absoluteString, "the answer names no commit (X-Repo-Commit): is this a Hub?")
      }
      guard let etag = (reply["X-Linked-Etag"] ?? reply["ETag"]).flatMap(Self.normalized) else {
        throw FileError(path: url.absoluteString, "the answer has no usable ETag")
      }
      let length = reply["X-Linked-Size"] ?? (isRedirect ? nil : reply["Content-Length"])
      return RemoteFile(
        url: isRedirect ? target ?? url : url, commit: commit, etag: etag, byteCount: length.flatMap { Int($0) })
    }
    throw FileError(path: address.absoluteString, "is redirected in circles")
  }

  /// An etag without quotes; nil if it could not be a file's name.
  private static func normalized(_ etag: String) -> String? {
    var text = etag[...]
    if text.hasPrefix("W/") { text = text.dropFirst(2) }
    let name = text.filter { $0 != "\"" }
    let isName = name.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
      default: false
      }
    }
    return isName && (1...128).contains(name.utf8.count) ? name : nil
  }

  /// Follows redirects; the token stays with the Hub's own host.
  private func get(
    _ url: URL, fields more: [String: String] = [:],
    receive: (HTTPReply, UnsafeRawBufferPointer) throws -> Void
  ) throws -> HTTPReply {
    var url = url
    for _ in 0..<10 {
      let reply = try transport.send("GET", url, fields: fields(for: url).merging(more) { $1 }, receive: receive)
      guard (300..<400).contains(reply.status), let location = reply["Location"],
        let target = URL(string: location, relativeTo: url)?.absoluteURL
      else { return reply }
      url = target
    }
    throw FileError(path: url.absoluteString, "is redirected in circles")
  }

  private func fields(for url: URL) -> [String: String] {
    var fields = ["User-Agent": "peft-bench", "Accept-Encoding": "identity"]
    let hub = URL(string: endpoint)
    if let token, url.host == hub?.host, url.port == hub?.port, url.scheme == hub?.scheme {
      fields["Authorization"] = "Bearer \(token)"
    }
    return fields
  }

  private func url(_ path: String) throws(FileError) -> URL {
    guard let url = URL(string: endpoint + path), let scheme = url.scheme, ["http", "https"].contains(scheme),
      url.host != nil
    else { throw FileError(path: endpoint, "is not an http(s) address (HF_ENDPOINT)") }
    return url
  }

  private func requireOnline(_ what: String) throws(FileError) {
    if let settingProblem { throw settingProblem }
    guard !isOffline else {
      throw FileError(path: what, "is not in the Hub cache (\(cache.path)), and the network is off (HF_HUB_OFFLINE)")
    }
  }

  private static func refusal(_ reply: HTTPReply, of what: String) -> FileError {
    let reason =
      switch reply["X-Error-Code"] {
      case "RepoNotFound": "there is no such repository, or it is private: set HF_TOKEN"
      case "RevisionNotFound": "there is no such revision"
      case "EntryNotFound": "there is no such file"
      case "GatedRepo": "the repository is gated: ask for access on its page and set HF_TOKEN"
      default:
        switch reply.status {
        case 401, 403: "access is denied: set HF_TOKEN"
        case 404: "there is no such file"
        default: "the server refuses"
        }
      }
    let detail = reply["X-Error-Message"].map { " (\($0))" } ?? ""
    return FileError(path: reply.url.absoluteString, "cannot fetch \(what): \(reason), status \(reply.status)\(detail)")
  }

  private static func escaped(_ text: String, keeping kept: String) -> String {
    var allowed = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    allowed.insert(charactersIn: kept)
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text
  }

  // MARK: Fetching

  /// A transfer that broke, to be taken up again.
  private struct Broken: Error {
    let reason: FileError
  }

  private func retrying<Result>(_ body: () throws -> Result) throws -> Result {
    var delay = retryDelay
    for _ in 0..<4 {
      do { return try body() } catch is Broken {
        Thread.sleep(forTimeInterval: delay)
        delay *= 2
      }
    }
    do { return try body() } catch let broken as Broken { throw broken.reason }
  }

  private func fetch(
    _ remote: RemoteFile, to blob: String, progress: (Int, Int?) -> Void
  ) throws {
    let part = try PartialFile(path: blob + ".incomplete")
    let start = part.count
    let total = remote.byteCount
    try checkSize(of: remote, present: start)
    // A leftover longer than the file is not ours; and one of exactly its length is checked without asking.
    if let total, start > total { try part.truncate() }
    if total == nil || part.count < total ?? 0 || part.count == 0 {
      let offset = part.count
      let reply = try broken {
        try get(remote.url, fields: offset > 0 ? ["Range": "bytes=\(offset)-"] : [:]) { reply, bytes in
          switch reply.status {
          case 200:
            // The server sends the whole although a part was asked for.
            if !part.hasStarted, part.count > 0 { try part.truncate() }
          case 206: break
          default: return
          }
          try part.append(bytes, limit: total ?? Self.mostUnknownBytes, isAnnounced: total != nil)
          progress(part.count, total)
        }
      }
      switch reply.status {
      case 200, 206: break
      case 416:
        try part.truncate()
        throw Broken(reason: Self.refusal(reply, of: remote.etag))
      case 429, 500..<600: throw Broken(reason: Self.refusal(reply, of: remote.etag))
      default: throw Self.refusal(reply, of: remote.etag)
      }
    }
    if let total, part.count != total {
      throw Broken(
        reason: FileError(path: remote.url.absoluteString, "ended after \(part.count) of \(total) bytes"))
    }
    try part.synchronize()
    // Large files have the digest of their content for an etag; small ones that of a git object.
    if remote.etag.utf8.count == 64, part.count > 0 {
      let digest = try SHA256.hexadecimal(ofFile: part.path)
      guard digest == remote.etag else {
        try part.truncate()
        throw FileError(
          path: remote.url.absoluteString, "is damaged: its SHA-256 is \(digest), expected \(remote.etag)")
      }
    }
    guard rename(part.path, blob) == 0 else { throw FileError(path: blob, cannot: "put the file in place") }
  }

  /// Refuses a file that cannot be meant, or that the disk has no room for.
  private func checkSize(of remote: RemoteFile, present: Int) throws(FileError) {
    guard let total = remote.byteCount else { return }
    guard (0...Self.mostBytes).contains(total) else {
      throw FileError(
        path: remote.url.absoluteString, "the server announces \(total) bytes; at most \(Self.mostBytes) are fetched")
    }
    var system = statvfs()
    guard statvfs(cache.path, &system) == 0 else { return }
    let (free, isLarge) = UInt64(system.f_bavail).multipliedReportingOverflow(by: UInt64(system.f_frsize))
    guard isLarge || UInt64(max(0, total - present)) <= free else {
      throw FileError(
        path: cache.path, "has room for \(free) bytes, and \(remote.url.absoluteString) has \(total - present) more",
        errorNumber: ENOSPC)
    }
  }

  /// Marks failures of the connection as such; others pass.
  private func broken<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as FileError where error.path.hasPrefix("http") {
      throw Broken(reason: error)
    }
  }

  private func link(_ path: String, toBlob etag: String, depth: Int) throws(FileError) {
    guard !FileManager.default.fileExists(atPath: path) else { return }
    try AtomicFile.makeFolder(FilePath.folder(of: path))
    // A link whose blob has gone may stand in the way.
    unlink(path)
    let target = String(repeating: "../", count: depth) + "blobs/" + etag
    guard symlink(target, path) == 0 || errno == EEXIST else { throw FileError(path: path, cannot: "create the link") }
  }

  private func withLock(_ path: String, _ body: () throws -> Void) throws {
    try AtomicFile.makeFolder(FilePath.folder(of: path))
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError(path: path, cannot: "create the lock") }
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw FileError(path: path, cannot: "lock") }
    }
    try body()
  }
}

/// A file that is being fetched, kept between attempts.
private final class PartialFile {
  let path: String
  private(set) var count: Int
  /// Whether bytes of this transfer have arrived.
  private(set) var hasStarted = false
  private let descriptor: Int32

  init(path: String) throws(FileError) {
    self.path = path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw FileError(path: path, cannot: "create") }
    count = max(0, Int(lseek(descriptor, 0, SEEK_END)))
  }

  deinit { close(descriptor) }

  func truncate() throws(FileError) {
    guard ftruncate(descriptor, 0) == 0 else { throw FileError(path: path, cannot: "empty") }
    count = 0
  }

  func append(_ bytes: UnsafeRawBufferPointer, limit: Int, isAnnounced: Bool) throws(FileError) {
    hasStarted = true
    if bytes.count > limit - count {
      try truncate()
      throw FileError(
        path: path,
        isAnnounced
          ? "the server sends more than the \(limit) bytes that it announced"
          : "the server does not say how large the file is, and sends more than \(limit) bytes")
    }
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest)
      let written = write(descriptor, piece.baseAddress, piece.count)
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw FileError(path: path, cannot: "write") }
      count += written
      rest = rest.dropFirst(written)
    }
  }

  func synchronize() throws(FileError) {
    guard fsync(descriptor) == 0 else { throw FileError(path: path, cannot: "write to the disk") }
  }
}
