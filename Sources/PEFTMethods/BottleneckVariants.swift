import PEFTCore

/// The sequential bottleneck adapter: one network after each feed-forward part.
struct SequentialAdapter: MethodVariant {
  static let name = "sequential-adapter"
  static let summary = "a bottleneck network after the feed-forward part of every block: adapter with kind: pfeiffer"
  static let source = "Pfeiffer et al. 2021, arXiv 2005.00247"
  static let decided: [(key: String, value: JSONValue)] = [("kind", "pfeiffer")]

  let base: BottleneckAdapter
}

/// The parallel bottleneck adapter: one network beside each feed-forward part.
struct ParallelAdapter: MethodVariant {
  static let name = "parallel-adapter"
  static let summary = "a bottleneck network beside the feed-forward part of every block: adapter with kind: parallel"
  static let source = "He et al. 2022, arXiv 2110.04366"
  static let decided: [(key: String, value: JSONValue)] = [("kind", "parallel")]

  let base: BottleneckAdapter
}
