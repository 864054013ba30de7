import Foundation
import PEFTBench
import PEFTCore

/// What a sweep and its worker processes tell each other, one JSON line each, over the worker's standard streams.
enum WorkerMessage {
  /// To the worker: the text of the config, before anything else.
  static func config(_ text: DocumentText) -> JSONValue {
    ["config": JSONValue(text.name), "text": JSONValue(String(decoding: text.bytes, as: UTF8.self))]
  }

  /// From the worker: it has read the config and takes orders.
  static let ready: JSONValue = ["ready": true]

  /// Whether a line says that the worker takes orders.
  static func isReady(_ json: DocumentValue) -> Bool { json["ready"] != nil }

  /// To the worker: carry a run out, which it knows by its place in the config's list or is told whole.
  static func order(_ run: SweepRun, isFresh: Bool) -> JSONValue {
    var order: JSONValue = [
      "run": JSONValue(run.index), "id": JSONValue(run.id), "inputs": run.inputs?.json ?? .null,
      "fresh": JSONValue(isFresh),
    ]
    if let proposal = run.proposal { order["proposal"] = proposal }
    if let share = run.memoryShare { order["memory_share"] = JSONValue(share) }
    return order
  }

  /// To the worker: finish the step, save a checkpoint, end.
  static let stop: JSONValue = ["stop": true]

  /// From the worker: something happened; nil for what the sweep knows or does not need.
  static func event(_ event: RunEvent) -> JSONValue? {
    switch event {
    case .began: ["event": "began"]
    case .resumed(_, let step): ["event": "resumed", "step": JSONValue(step)]
    case .step(_, let done, let total, let loss, let tokens):
      [
        "event": "step", "done": JSONValue(done), "total": JSONValue(total), "loss": JSONValue(loss),
        "tokens": JSONValue(tokens),
      ]
    case .judged(_, let done, let total): ["event": "judged", "done": JSONValue(done), "total": JSONValue(total)]
    case .answered(_, let done, let total):
      ["event": "answered", "done": JSONValue(done), "total": JSONValue(total)]
    case .note(let text): ["event": "note", "text": JSONValue(text)]
    case .loading(let model): ["event": "loading", "text": JSONValue(model)]
    case .skipped, .finished, .failed, .waiting: nil
    }
  }

  /// The event that a line reports; nil for anything else.
  static func event(_ json: DocumentValue, of run: SweepRun) -> RunEvent? {
    let (done, total) = (json["done"]?.integer ?? 0, json["total"]?.integer ?? 0)
    return switch json["event"]?.string {
    case "began": .began(run)
    case "resumed": .resumed(run, step: json["step"]?.integer ?? 0)
    case "step":
      .step(
        run, done: done, of: total, loss: json["loss"]?.number ?? .nan, tokens: json["tokens"]?.integer ?? 0)
    case "judged": .judged(run, done: done, of: total)
    case "answered": .answered(run, done: done, of: total)
    case "note": .note(json["text"]?.string ?? "")
    case "loading": .loading(model: json["text"]?.string ?? "")
    default: nil
    }
  }

  /// From the worker: how an order ended.
  ///
  /// A record is not sent: it is on disk.
  enum End: Equatable {
    case complete(isNew: Bool)
    case failed(String)
    case taken
    case interrupted
    /// Not even the failure could be written down, or the machine is to blame.
    case broken(FileError)

    var json: JSONValue {
      switch self {
      case .complete(let isNew): ["end": isNew ? "complete" : "known"]
      case .failed(let cause): ["end": "failed", "cause": JSONValue(cause)]
      case .taken: ["end": "taken"]
      case .interrupted: ["end": "interrupted"]
      case .broken(let error):
        [
          "end": "broken", "path": JSONValue(error.path), "cause": JSONValue(error.message),
          "number": JSONValue(error.errorNumber.map { Int($0) }),
        ]
      }
    }

    init?(_ json: DocumentValue) {
      switch json["end"]?.string {
      case "complete": self = .complete(isNew: true)
      case "known": self = .complete(isNew: false)
      case "failed": self = .failed(json["cause"]?.string ?? "")
      case "taken": self = .taken
      case "interrupted": self = .interrupted
      case "broken":
        self = .broken(
          FileError(
            path: json["path"]?.string ?? "", json["cause"]?.string ?? "",
            errorNumber: json["number"]?.integer.flatMap(Int32.init(exactly:))))
      default: return nil
      }
    }
  }
}

/// Lines that come through a pipe, whole ones only.
struct PipeLines {
  private let descriptor: Int32
  /// Done now and then while nothing comes, and before each line.
  private let whileWaiting: (() -> Void)?
  private var bytes: [UInt8] = []

  /// Milliseconds between two calls of `whileWaiting`.
  private static let interval: Int32 = 50

  init(_ descriptor: Int32, whileWaiting: (() -> Void)? = nil) {
    (self.descriptor, self.whileWaiting) = (descriptor, whileWaiting)
  }

  /// The next line as JSON, waiting for it; nil at the end.
  mutating func next() -> DocumentValue? {
    var searched = 0
    while true {
      if let end = bytes[searched...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(bytes[..<end])
        bytes.removeFirst(end + 1)
        searched = 0
        if let value = try? JSONParser.parse(DocumentText(name: "worker", bytes: line)) { return value }
        continue
      }
      searched = bytes.count
      awaitBytes()
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      bytes += buffer[..<count]
    }
  }

  private func awaitBytes() {
    guard let whileWaiting else { return }
    var event = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    repeat { whileWaiting() } while poll(&event, 1, Self.interval) == 0
  }
}

/// Writes a line into a pipe; returns whether somebody is there to read it.
@discardableResult func writeLine(_ json: JSONValue, to descriptor: Int32) -> Bool {
  json.line.withUnsafeBytes { buffer in
    var rest = buffer[...]
    while !rest.isEmpty {
      let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}
