import PEFTCore

/// The values that multitask prompt tuning learned in a source training.
struct SourcePrompt {
  let shared: [Float]
  private let allColumns: AdapterArray
  private let allRows: AdapterArray

  /// - Throws: `CheckpointError` for tensors that are missing or have other shapes.
  init(_ adapter: AdapterFile, tokens: Int, rank: Int) throws {
    let arrays = try adapter.arrays()
    func array(_ key: String, _ fits: ([Int]) -> Bool) throws -> AdapterArray {
      guard let array = arrays.first(where: { $0.key == key }) else {
        throw CheckpointError(file: adapter.path, tensor: key, "is missing")
      }
      guard fits(array.shape) else {
        throw CheckpointError(
          file: adapter.path, tensor: key,
          "has shape \(array.shape), which is not that of \(tokens) virtual tokens and rank \(rank)")
      }
      return array
    }
    let prompt = try array("prompt_embeddings") { $0.count == 2 && $0[0] == tokens }
    shared = prompt.values
    allColumns = try array("prefix_task_cols") { $0.count == 3 && $0[0] > 0 && $0[1...] == [tokens, rank] }
    let (tasks, hidden) = (allColumns.shape[0], prompt.shape[1])
    allRows = try array("prefix_task_rows") { $0 == [tasks, rank, hidden] }
  }

  var tasks: Int { allColumns.shape[0] }

  /// The left factor of a task, or the average of all.
  func columns(of task: Int?) -> [Float] { Self.matrix(allColumns, of: task) }

  /// The right factor of a task, or the average of all.
  func rows(of task: Int?) -> [Float] { Self.matrix(allRows, of: task) }

  private static func matrix(_ array: AdapterArray, of task: Int?) -> [Float] {
    let size = array.values.count / array.shape[0]
    if let task { return Array(array.values[(task * size)..<((task + 1) * size)]) }
    let tasks = array.shape[0]
    return (0..<size).map { index in
      // In the order in which PyTorch adds a mean over the first axis.
      (0..<tasks).reduce(Float(0)) { $0 + array.values[$1 * size + index] } / Float(tasks)
    }
  }
}
