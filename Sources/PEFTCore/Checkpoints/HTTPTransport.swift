import Dispatch
import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// The head of a server's answer.
struct HTTPReply: Sendable {
  let url: URL
  let status: Int
  /// Header fields by lower-case name.
  let fields: [String: String]

  subscript(name: String) -> String? { fields[name.lowercased()] }
}

/// Sends requests and waits for their answers; the only part of the package that touches the network.
///
/// Redirects are handed back, not followed: who asks decides whether a secret may go along to another host.
struct HTTPTransport: Sendable {
  /// Seconds to wait for the next sign of life.
  let timeout: Double

  /// Sends one request and passes the answer's body on as it arrives.
  ///
  /// - Throws: `FileError` with the URL if the server cannot be reached or the connection breaks, and whatever
  ///   `receive` throws, which ends the transfer.
  func send(
    _ method: String, _ url: URL, fields: [String: String],
    receive: @escaping @Sendable (HTTPReply, UnsafeRawBufferPointer) throws -> Void = { _, _ in }
  ) throws -> HTTPReply {
    var request = URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData, timeoutInterval: timeout)
    request.httpMethod = method
    for (name, value) in fields { request.setValue(value, forHTTPHeaderField: name) }
    let exchange = HTTPExchange(receive: receive)
    let configuration = URLSessionConfiguration.ephemeral
    configuration.timeoutIntervalForRequest = timeout
    configuration.httpShouldSetCookies = false
    let queue = OperationQueue()
    queue.maxConcurrentOperationCount = 1
    let session = URLSession(configuration: configuration, delegate: exchange, delegateQueue: queue)
    defer { session.invalidateAndCancel() }
    session.dataTask(with: request).resume()
    return try exchange.result(of: url)
  }
}

/// One request's delegate.
///
/// Its state is touched by the session's serial queue until `finished` is signalled,
/// and only by the waiting thread afterwards.
private final class HTTPExchange: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  private let receive: @Sendable (HTTPReply, UnsafeRawBufferPointer) throws -> Void
  private let finished = DispatchSemaphore(value: 0)
  private var reply: HTTPReply?
  private var failure: (any Error)?

  init(receive: @escaping @Sendable (HTTPReply, UnsafeRawBufferPointer) throws -> Void) {
    self.receive = receive
  }

  func result(of url: URL) throws -> HTTPReply {
    finished.wait()
    if let failure = failure as? any InputError { throw failure }
    if let failure {
      throw FileError(path: url.absoluteString, "cannot be fetched: \(failure.localizedDescription)")
    }
    guard let reply else { throw FileError(path: url.absoluteString, "cannot be fetched: no answer") }
    return reply
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    take(response)
    completionHandler(nil)
  }

  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    take(response)
    completionHandler(.allow)
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard failure == nil, let reply else { return }
    do { try data.withUnsafeBytes { try receive(reply, $0) } } catch {
      failure = error
      dataTask.cancel()
    }
  }

  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    if failure == nil { failure = error }
    finished.signal()
  }

  private func take(_ response: URLResponse) {
    guard let response = response as? HTTPURLResponse, let url = response.url else { return }
    var fields: [String: String] = [:]
    for (name, value) in response.allHeaderFields {
      fields["\(name)".lowercased()] = "\(value)".trimmingCharacters(in: .whitespaces)
    }
    reply = HTTPReply(url: url, status: response.statusCode, fields: fields)
  }
}
