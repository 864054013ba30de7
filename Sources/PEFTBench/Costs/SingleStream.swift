import Dispatch
import PEFTCore

/// Generation of a single sequence, which reads every weight once a token, beside what the memory could deliver.
package struct SingleStream: Sendable {
  /// New tokens per second after a prompt of 80 tokens.
  package let tokensPerSecond: Double
  /// Bytes that the machine copies a second, those read and those written both counted.
  package let copiedBytesPerSecond: Double
  /// Bytes of the model's weights as they are held.
  package let weightBytes: Int

  /// Tokens a second if reading the weights at the speed of a copy were all there is to do.
  package var boundTokensPerSecond: Double { copiedBytesPerSecond / Double(max(1, weightBytes)) }

  private static let promptTokens = 80
  private static let newTokens = (few: 4, many: 36)
  private static let rounds = 3
  /// Bytes of each of the two buffers of a copy: beyond all caches.
  private static let copyBytes = 128 << 20
  private static let pieceBytes = 1 << 20

  /// Measures a model; each part is timed three times, and the fastest counts.
  ///
  /// - Returns: Nil if the model has no positions for that many tokens.
  /// - Throws: `NonFiniteError` where the model's logits are infinite or no numbers.
  package static func measure(_ model: CausalLanguageModel, context: ComputeContext) throws -> SingleStream? {
    if let limit = model.positionLimit, limit < promptTokens + newTokens.many { return nil }
    let stream = SeedStream(0).child("bench").child("stream")
    let prompt = (0..<promptTokens).map { position in
      Int32(stream.integer(below: max(1, model.configuration.vocabularySize - 1), at: position))
    }
    let generator = Generator(model: model, endTokens: [], context: context)
    let root = generator.cache(shared: [])
    func seconds(newTokens: Int) throws -> Double {
      let start = DispatchTime.now()
      _ = try generator.generate([prompt], after: root, maximumNewTokens: newTokens)
      return start.secondsUntilNow
    }
    var (few, many) = (Double.infinity, Double.infinity)
    for _ in 0..<rounds {
      few = min(few, try seconds(newTokens: newTokens.few))
      many = min(many, try seconds(newTokens: newTokens.many))
    }
    return SingleStream(
      tokensPerSecond: Double(newTokens.many - newTokens.few) / max(many - few, 1e-9),
      copiedBytesPerSecond: copySpeed(on: Workers(count: context.workers.count)),
      weightBytes: context.pool.live[.weights])
  }

  private static func copySpeed(on workers: Workers) -> Double {
    let source = UnsafeMutableRawPointer.allocate(byteCount: copyBytes, alignment: 4096)
    let target = UnsafeMutableRawPointer.allocate(byteCount: copyBytes, alignment: 4096)
    defer {
      source.deallocate()
      target.deallocate()
    }
    source.initializeMemory(as: UInt8.self, repeating: 1, count: copyBytes)
    var best = Double.infinity
    // The first round brings the target's pages in.
    for _ in 0...rounds {
      let start = DispatchTime.now()
      workers.run(pieces: copyBytes / pieceBytes) { piece in
        (target + piece * pieceBytes).copyMemory(from: source + piece * pieceBytes, byteCount: pieceBytes)
      }
      best = min(best, start.secondsUntilNow)
    }
    return Double(2 * copyBytes) / max(best, 1e-9)
  }
}
