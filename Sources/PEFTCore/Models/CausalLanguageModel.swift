/// A decoder-only transformer: embeddings, blocks, a final norm and the projection to the vocabulary.
///
/// The families (`Llama.swift`, …) assemble it from parts. It knows the places where methods attach, but no
/// method. Without loaded weights it still has its modules and their sizes, enough to count parameters.
public final class CausalLanguageModel {
  /// What the model looks like.
  public let configuration: ModelConfiguration
  /// The token embeddings.
  public let embedding: TokenEmbedding
  /// Learned position embeddings, where the family has them.
  public let positionEmbedding: TokenEmbedding?
  /// A norm of the embeddings, where the family has one.
  public let embeddingNorm: NormLayer?
  /// The blocks, from the input to the output.
  public let blocks: [TransformerBlock]
  /// The norm before the projection to the vocabulary.
  public let finalNorm: NormLayer?
  /// The projection to the vocabulary; shares the embeddings' weight where the family ties them.
  public let head: Linear

  /// What methods put before every sequence.
  public let sequenceStart = SequenceStart()
  /// The blocks whose activations training computes again in the backward pass, instead of keeping them.
  ///
  /// It changes no number. Blocks that nothing trained comes before or is in keep nothing, so that among these they mean
  /// nothing.
  public var recomputedBlocks: Set<Int> = []
  /// Keeps what batches are after the blocks that nothing is attached to; nil, as it is unless set, to compute it each time.
  public var frozenBeginning: FrozenBeginning?
  /// Keeps what the tokens of examples are after those blocks, from one batch to others; nil unless set.
  public var frozenStates: FrozenStates?
  /// Loads the weights again, after full fine-tuning took them away; set by the loader.
  var reload: (() throws -> Void)?
  /// Whether full fine-tuning took the frozen weights away.
  var weightsAreStale = false

  /// Creates a model from its parts.
  public init(
    configuration: ModelConfiguration, embedding: TokenEmbedding, positionEmbedding: TokenEmbedding? = nil,
    embeddingNorm: NormLayer? = nil, blocks: [TransformerBlock], finalNorm: NormLayer?, head: Linear
  ) {
    self.configuration = configuration
    self.embedding = embedding
    self.positionEmbedding = positionEmbedding
    self.embeddingNorm = embeddingNorm
    self.blocks = blocks
    self.finalNorm = finalNorm
    self.head = head
  }

  /// The linear maps of all blocks, in order; the projection to the vocabulary is not among them.
  public var linears: [Linear] { blocks.flatMap(\.linears) }

  /// All norms, in order.
  public var norms: [NormLayer] {
    [embeddingNorm].compactMap { $0 } + blocks.flatMap(\.norms) + [finalNorm].compactMap { $0 }
  }

  /// All that methods can attach to, in the order of the architecture; first what stands before every sequence.
  public var sites: [Site] {
    var sites = [Site(.sequenceStart, .sequenceStart(sequenceStart)), Site(.embedding, .table(embedding))]
    if let positionEmbedding { sites.append(Site(.positionEmbedding, .table(positionEmbedding))) }
    if let embeddingNorm { sites.append(Site(.embeddingNorm, .norm(embeddingNorm))) }
    for (layer, block) in blocks.enumerated() { sites += block.sites(layer: layer) }
    if let finalNorm { sites.append(Site(.finalNorm, .norm(finalNorm))) }
    return sites + [Site(.head, .map(head))]
  }

  /// All weights: tables, linear maps, norms, the head.
  ///
  /// Full fine-tuning has its parameters in this order, and so adds up the gradients' squares in it.
  public var weightSlots: [WeightSlot] {
    let ties = configuration.tiesEmbeddings
    var slots = [WeightSlot(holder: .table(embedding, sharedBy: ties ? head : nil))]
    slots += positionEmbedding?.weightSlots ?? []
    slots += linears.flatMap(\.weightSlots)
    slots += norms.flatMap(\.weightSlots)
    slots += head.weightSlots.filter { !(ties && $0.shape.count == 2) }
    return slots
  }

  /// Most positions of a sequence, where the model learned a vector for each; nil where there is no such bound.
  public var positionLimit: Int? {
    guard case .learned(let count, _) = configuration.positions else { return nil }
    return count
  }

  /// Parameters of the base model.
  public var parameterCount: Int { weightSlots.reduce(0) { $0 + $1.elementCount } }

  /// Runs the blocks over a forest.
  ///
  /// - Parameters:
  ///   - forest: The batch.
  ///   - rows: The rows that are read afterwards, all if nil; the last block computes no others after its
  ///     attention. A row may occur several times.
  ///   - noise: What is added to the embeddings, if anything.
  ///   - tape: Where to record.
  /// - Returns: The residual stream after the last block.
  public func hiddenStates(
    _ forest: TokenForest, reading rows: [Int]? = nil, noise: EmbeddingNoise? = nil, on tape: Tape
  ) -> HiddenStates {
    let wanted = rows.map { Set($0).sorted() }
    let rows = wanted?.count == forest.rowCount ? nil : wanted
    let positions = forest.positions
    var prefix: [PrefixKeyValues]?
    if let source = sequenceStart.prefix, forest.hasPrefix { prefix = source.keysAndValues(on: tape) }
    let batch = ForestBatch(forest: forest, positions: positions, prefix: prefix)
    var x: Variable
    var frozen = 0
    frozenStates?.count(rows: forest.rowCount)
    if noise == nil, let kept = keptStates(of: forest, on: tape) {
      (x, frozen) = (Variable(constant: kept.states), kept.blockCount)
    } else {
      frozenStates?.count(computedRows: forest.rowCount)
      x = embed(forest, positions: positions, on: tape)
      noise?.add(to: x.value)
    }
    for (index, block) in blocks.enumerated().dropFirst(frozen) {
      let rows = index == blocks.count - 1 ? rows : nil
      guard recomputedBlocks.contains(index), tape.isRecording else {
        x = block(x, batch: batch, rows: rows, on: tape)
        continue
      }
      let isTrained = block.sites(layer: index).contains(where: \.isOccupied)
      let isTracked = isTrained || prefix?.contains { $0.keys.isTracked } == true
      x = tape.recomputed(x, isTracked: isTracked) { block($0, batch: batch, rows: rows, on: $1) }
    }
    for segment in forest.segments { segment.retained?.commit(segment.rows.count) }
    return HiddenStates(x, rows: blocks.isEmpty ? nil : rows)
  }

  /// Logits of some rows.
  ///
  /// - Parameters:
  ///   - rows: Rows of the forest.
  ///   - hidden: What `hiddenStates` gave.
  ///   - tape: Where to record.
  /// - Returns: `[rows.count, vocabularySize]`.
  public func logits(rows: [Int], of hidden: HiddenStates, on tape: Tape) -> Variable {
    let logits = head(normalized(rows: rows, of: hidden, on: tape), on: tape)
    guard let cap = configuration.finalSoftCap else { return logits }
    return tape.softCap(logits, cap: cap)
  }

  /// The final norm of some rows: the input of the projection to the vocabulary.
  func normalized(rows: [Int], of hidden: HiddenStates, on tape: Tape) -> Variable {
    let selected = tape.selectRows(hidden.indices(of: rows), of: hidden.states)
    return finalNorm.map { $0(selected, on: tape) } ?? selected
  }

  /// Starts a forest with what methods put before every sequence.
  ///
  /// - Returns: The forest, and the segment that sequences continue (nil where nothing is put before them).
  public func startForest() -> (forest: TokenForest, root: Int?) {
    var forest = TokenForest()
    var root: Int?
    if let prefix = sequenceStart.prefix { root = forest.add(.prefix(count: prefix.count), under: nil) }
    let count = sequenceStart.virtualTokenCount
    if count > 0 { root = forest.add(.softPrompt(count: count), under: root) }
    return (forest, root)
  }

  /// The input of the first block.
  func embed(_ forest: TokenForest, positions: [Int], on tape: Tape) -> Variable {
    var ids: [Int32] = []
    var softRows: Range<Int>?
    for segment in forest.segments {
      switch segment.content {
      case .tokens(let tokens): ids += tokens
      case .softPrompt(let count):
        softRows = segment.rows
        ids += [Int32](repeating: 0, count: count)
      case .prefix, .cached: break
      }
    }
    var x = embedding.lookUp(ids, addingTo: nil, on: tape)
    x = tape.scale(x, by: configuration.embeddingScale)
    if var first = softRows?.lowerBound {
      for prompt in sequenceStart.prompts {
        x = tape.replaceRows(first..<(first + prompt.count), of: x, with: prompt.embeddings(on: tape))
        first += prompt.count
      }
    }
    if let positionEmbedding, case .learned(_, let offset) = configuration.positions {
      x = positionEmbedding.lookUp(positions.map { Int32($0 + offset) }, addingTo: x, on: tape)
    }
    return embeddingNorm.map { $0(x, on: tape) } ?? x
  }
}
