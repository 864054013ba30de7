import Foundation
import Synchronization

#if canImport(Glibc)
  import Glibc
#endif

/// A tiny HTTP server on the loopback address, one request at a time, for tests of downloads.
public final class LoopbackServer: Sendable {
  /// What was asked.
  public struct Request: Sendable {
    /// GET or HEAD.
    public let method: String
    /// The path with what follows it.
    public let target: String
    /// Header fields by lower-case name.
    public let fields: [String: String]
  }

  /// What is answered.
  public struct Response: Sendable {
    /// The status code.
    public var status: Int
    /// Header fields.
    public var fields: [String: String]
    /// The content.
    public var body: [UInt8]
    /// Close the connection after so many bytes of the body.
    public var cutAfter: Int?

    /// Creates an answer.
    public init(status: Int = 200, fields: [String: String] = [:], body: [UInt8] = [], cutAfter: Int? = nil) {
      (self.status, self.fields, self.body, self.cutAfter) = (status, fields, body, cutAfter)
    }
  }

  /// Where it listens: `http://127.0.0.1:port`.
  public let address: String
  private let listener: Int32
  private let log = Mutex<[Request]>([])
  private let isStopped = Atomic<Bool>(false)

  struct CannotListen: Error {}

  /// Starts to answer requests.
  public init(_ answer: @escaping @Sendable (Request) -> Response) throws {
    #if canImport(Glibc)
      let stream = Int32(SOCK_STREAM.rawValue)
    #else
      let stream = SOCK_STREAM
    #endif
    let listener = socket(AF_INET, stream, 0)
    guard listener >= 0 else { throw CannotListen() }
    self.listener = listener
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, $0, &length) == 0
      }
    }
    address = "http://127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
    guard isListening else { throw CannotListen() }
    Thread.detachNewThread { [self] in
      while true {
        let connection = accept(listener, nil, nil)
        guard connection >= 0, !isStopped.load(ordering: .relaxed) else { break }
        serve(connection, answer)
        close(connection)
      }
    }
  }

  /// All requests so far, in order.
  public var requests: [Request] { log.withLock { $0 } }

  /// Stops listening.
  public func stop() {
    isStopped.store(true, ordering: .relaxed)
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private func serve(_ connection: Int32, _ answer: (Request) -> Response) {
    var head: [UInt8] = []
    var byte: UInt8 = 0
    while !head.suffix(4).elementsEqual([13, 10, 13, 10]), recv(connection, &byte, 1, 0) == 1 { head.append(byte) }
    let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
    let words = lines[0].split(separator: " ").map(String.init)
    guard words.count == 3 else { return }
    var fields: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { fields[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
    }
    let request = Request(method: words[0], target: words[1], fields: fields)
    log.withLock { $0.append(request) }
    let response = answer(request)
    var text = "HTTP/1.1 \(response.status) X\r\nConnection: close\r\n"
    for (name, value) in response.fields { text += "\(name): \(value)\r\n" }
    if response.fields["Content-Length"] == nil { text += "Content-Length: \(response.body.count)\r\n" }
    var output = Array((text + "\r\n").utf8)
    if request.method != "HEAD" { output += response.body.prefix(response.cutAfter ?? response.body.count) }
    var sent = 0
    while sent < output.count {
      let count = output[sent...].withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return }
      sent += count
    }
    shutdown(connection, Int32(SHUT_WR))
  }
}
