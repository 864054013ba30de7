import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The head of a server's answer.
struct HTTPReply: Sendable {
  let url: URL
  let status: Int
  /// Header fields by lower-case name.
  let fields: [String: String]

  subscript(name: String) -> String? { fields[name.lowercased()] }
}

/// Sends requests by the program `curl` and waits for their answers; the only part of the package that touches
/// the network.
///
/// Linking Foundation's networking library instead would double the start-up time of every command (measured: from 17
/// to 33 ms) and forbid a statically linked binary, for the sake of the one command that downloads. Redirects are
/// handed back, not followed: who asks decides whether a secret may go along to another host.
struct HTTPTransport: Sendable {
  /// Longest head of an answer that is read, in bytes.
  private static let maximumHeadBytes = 1 << 18

  /// Bytes a second; a transfer that is slower for `timeout` is broken off, and taken up again where it was.
  private static let leastSpeed = 1000

  /// Seconds to wait for a connection, and for a transfer that stands still or creeps; from 1 to 86,400.
  let timeout: Double

  /// Sends one request and passes the answer's body on as it arrives.
  ///
  /// - Throws: `FileError` with the URL if the server cannot be reached or the connection breaks, and whatever
  ///   `receive` throws, which ends the transfer.
  func send(
    _ method: String, _ url: URL, fields: [String: String],
    receive: (HTTPReply, UnsafeRawBufferPointer) throws -> Void = { _, _ in }
  ) throws -> HTTPReply {
    let process = Process()
    process.executableURL = try Self.program(for: url)
    // -q: the user's own settings for curl must not change what is asked.
    process.arguments = ["-q", "--config", "-"]
    let input = Pipe()
    let output = Pipe()
    let errors = Pipe()
    process.standardInput = input
    process.standardOutput = output
    process.standardError = errors
    // Settings go by standard input, where other users of the machine cannot read the token. They fit the pipe's
    // buffer, so they can be written before there is a reader.
    try input.fileHandleForWriting.write(contentsOf: Data(settings(method, url, fields)))
    try input.fileHandleForWriting.close()
    do { try process.run() } catch {
      throw FileError(path: url.absoluteString, "cannot be fetched: curl does not start: \(error.localizedDescription)")
    }
    var answer = Answer(url: url)
    do {
      try Self.readAll(output.fileHandleForReading.fileDescriptor) { try answer.take($0, receive) }
    } catch {
      process.terminate()
      process.waitUntilExit()
      throw error
    }
    let complaint = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0, let reply = answer.reply else {
      let reason = complaint.trimmingCharacters(in: .whitespacesAndNewlines)
      throw FileError(
        path: url.absoluteString, "cannot be fetched: \(reason.isEmpty ? "curl gives no answer" : reason)")
    }
    return reply
  }

  private static func program(for url: URL) throws(FileError) -> URL {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    for folder in folders where FileManager.default.isExecutableFile(atPath: "\(folder)/curl") {
      return URL(fileURLWithPath: "\(folder)/curl")
    }
    throw FileError(path: url.absoluteString, "cannot be fetched: the program curl, which downloads, is not installed")
  }

  private func settings(_ method: String, _ url: URL, _ fields: [String: String]) throws(FileError) -> [UInt8] {
    let seconds = Int(timeout.rounded(.up))
    var lines = [
      "silent", "show-error", "include", "suppress-connect-headers", "no-buffer", "globoff", "path-as-is",
      "proto = \"=http,https\"", "connect-timeout = \(seconds)", "speed-limit = \(Self.leastSpeed)",
      "speed-time = \(seconds)",
      method == "HEAD" ? "head" : "request = \"\(method)\"", "url = \(Self.quoted(url.absoluteString))",
    ]
    for name in fields.keys.sorted() { lines.append("header = \(Self.quoted("\(name): \(fields[name] ?? "")"))") }
    let text = Array((lines.joined(separator: "\n") + "\n").utf8)
    let hasControls =
      url.absoluteString.utf8.contains { $0 < 0x20 } || fields.values.contains { $0.utf8.contains { $0 < 0x20 } }
    guard !hasControls, text.count < 1 << 14 else {
      throw FileError(path: url.absoluteString, "the address or the token is too long or has control characters")
    }
    return text
  }

  private static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  private static func readAll(_ descriptor: Int32, _ take: (UnsafeRawBufferPointer) throws -> Void) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 16)
    defer { buffer.deallocate() }
    while true {
      let count = read(descriptor, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      try take(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }

  /// Divides what curl prints into the head, which is kept, and the body, which is passed on.
  private struct Answer {
    let url: URL
    var reply: HTTPReply?
    private var head: [UInt8] = []

    init(url: URL) { self.url = url }

    mutating func take(
      _ bytes: UnsafeRawBufferPointer, _ receive: (HTTPReply, UnsafeRawBufferPointer) throws -> Void
    ) throws {
      var rest = bytes[...]
      while reply == nil, let byte = rest.popFirst() {
        head.append(byte)
        guard byte == 0x0A, head.suffix(4).elementsEqual([0x0D, 0x0A, 0x0D, 0x0A]) || head.suffix(2) == [0x0A, 0x0A]
        else { continue }
        try endHead()
      }
      guard head.count <= HTTPTransport.maximumHeadBytes else {
        throw FileError(path: url.absoluteString, "the head of the answer is too long")
      }
      if let reply, !rest.isEmpty { try receive(reply, UnsafeRawBufferPointer(rebasing: rest)) }
    }

    private mutating func endHead() throws {
      let lines = String(decoding: head, as: UTF8.self).split(whereSeparator: \.isNewline)
      head = []
      guard let words = lines.first?.split(separator: " "), words.count >= 2, let status = Int(words[1]) else {
        throw FileError(path: url.absoluteString, "the answer is not HTTP")
      }
      // Interim answers ("100 Continue") precede the real one.
      guard status >= 200 else { return }
      var fields: [String: String] = [:]
      for line in lines.dropFirst() {
        let parts = line.split(separator: ":", maxSplits: 1)
        if parts.count == 2 { fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
      }
      reply = HTTPReply(url: url, status: status, fields: fields)
    }
  }
}
