import PEFTCore

extension RunAssembly {
  /// Refuses a run that needs more than the size of its `training.recompute`, whatever is computed again.
  ///
  /// - Throws: `DocumentError` with the place in the config and both sizes; what `memory` throws.
  func checkRecomputation(of run: PlannedRun) throws {
    guard run.trains, case .within(let bytes) = run.training.recompute else { return }
    let memory = try memory(of: run)
    let need = memory.largest
    guard need.total > bytes else { return }
    let message =
      "\(run.title) needs \(ByteCount.text(need.total)) of memory (\(need.parts)) even with \(memory.blocksText) "
      + "computed again, more than the \(ByteCount.text(bytes)) that recompute allows; \(memory.advice)"
    let entry = run.method.entry
    if run.training.recompute != configuration.training.recompute { throw entry.error(".recompute: \(message)") }
    let file = configuration.file
    let training = file.value["training"]
    // Where the key, or the name that other libraries have for it, gives the size.
    let place = ["recompute", "gradient_checkpointing"].compactMap { training?[$0] }.first ?? training ?? file.value
    throw DocumentError("training.recompute: \(message)", at: place.offset, of: file.text)
  }

  /// The run as its id has it: a number of blocks that comes to all of them means the same as `true`.
  ///
  /// - Throws: What `figures` throws.
  func canonical(_ run: PlannedRun) throws -> PlannedRun {
    guard run.trains, case .blocks(let count) = run.training.recompute else { return run }
    let kept = try outline(of: run.model).skeleton.blocks.count - figures(of: run).frozenBlockCount
    guard count >= kept else { return run }
    var method = run.method
    method.training.recompute = .all
    return PlannedRun(model: run.model, dataset: run.dataset, method: method, seeds: run.seeds)
  }
}
