public import PEFTCore

/// All that determines a combination of adapters, the adapters' contents apart.
public struct CombinationRecipe: Sendable, Equatable {
  /// The expression as it was written.
  public let text: String
  /// What it means.
  public let expression: AdapterExpression
  /// The adapters' folders by their names in the expression, in the order in which they were given.
  public var adapters: [(name: String, path: String)]
  /// What adding means.
  public let kind: CombinationKind
  /// Rank of a decomposed result; nil for the largest rank of the adapters.
  public let rank: Int?
  /// Share of the elements that stay where updates are made sparse.
  public let density: Double
  /// How PEFT's `ties` elect a sign.
  let signs: SignElection
  /// PEFT's `svd_clamp`: the quantile of the factors' entries at which both are cut.
  let clamp: Double?
  /// mergekit's `gamma` and `epsilon`.
  let gamma: Double
  let epsilon: Double
  /// What random masks are drawn by.
  public let seed: Int
  /// An adapter's folder whose values all adapters started from, or nil for what each says itself.
  public var origin: String?

  /// Where no origin is known: the neutral values of the method, 1 for IA3 and 0 for all others.
  public static let neutralOrigin = "neutral"

  /// Reads a recipe.
  ///
  /// - Parameter options: The members; the caller ends the reader.
  /// - Throws: `DocumentError` with the place of what is wrong.
  public init(reading options: inout OptionReader) throws(DocumentError) {
    let text = try options.string("combine", about: "a weighted sum of adapters, such as origin + 0.5*a + 0.5*b")
    let members = try options.stringMembers("adapters", about: "the folders of the adapters, by their names in combine")
    let numbers = try options.numberMembers(
      "values",
      about:
        "numbers that combine has names for, such as lambda; in a config several of one, as a list or {from, to, step}, are a "
        + "run each")
    let convention = try options.string(
      "convention", default: CombinationKind.conventions[0],
      about:
        "what adding means: task-vector (parameters), delta (weight updates, exactly), hf or mergekit (as these do)")
    let type = try options.optionalString(
      "type", about: "within the convention, such as cat or svd of delta, ties of hf; its first unless given")
    rank = try options.optionalInteger(
      "rank", in: 1...65_536, about: "rank of a decomposed result; the adapters' largest unless given")
    let density = try options.optionalNumber(
      "density", in: 0...1, about: "share of the elements that stay where the type makes updates sparse")
    signs = try options.choice(
      "majority_sign_method", default: SignElection.total,
      about: "what elects a sign in hf's ties: the sum, or the number of signs")
    clamp = try options.optionalNumber(
      "svd_clamp", in: 0...1, about: "quantile of the entries at which hf's svd cuts both factors")
    gamma = try options.number(
      "gamma", default: 0.01, in: 0...1, about: "share of the largest elements that mergekit's breadcrumbs drop")
    epsilon = try options.number(
      "epsilon", default: 0.15, in: 0...0.5, about: "how far mergekit's della moves the density by rank")
    seed = try options.integer("seed", default: 0, about: "what random masks are drawn by")
    origin = try options.optionalString(
      "origin", about: "the folder of the adapter that all started from, or neutral; what each says itself unless given"
    )

    let types = CombinationKind.types(of: convention)
    guard CombinationKind.conventions.contains(convention) else {
      let guess = NearestName.of(convention, among: CombinationKind.conventions).map { ", did you mean \($0)?" } ?? ""
      throw options.error(
        "convention", "\"\(convention)\" is not one of \(CombinationKind.conventions.joined(separator: ", "))\(guess)")
    }
    guard let kind = CombinationKind(convention: convention, type: type) else {
      let guess = NearestName.of(type ?? "", among: types).map { ", did you mean \($0)?" } ?? ""
      throw options.error(
        "type", "\"\(type ?? "")\" is not one of \(convention)'s: \(types.joined(separator: ", "))\(guess)")
    }
    if type != nil, types.isEmpty { throw options.error("type", "\(convention) has no types") }
    if kind.isSparse, density == nil {
      throw options.error("density", "missing: \(kind.title) keeps a share of the elements, such as 0.5")
    }
    if case .mergekit(let type) = kind, [.della, .dellaLinear].contains(type), let density, density > 0, density < 1,
      density + epsilon >= 1 || density - epsilon <= 0
    {
      throw options.error("epsilon", "density ± epsilon must lie between 0 and 1")
    }
    for (name, _) in members where !AdapterExpression.isName(name) {
      throw options.error("adapters", "\"\(name)\" cannot be a name: take letters, digits and _, and not \"origin\"")
    }
    for (name, _) in numbers where !AdapterExpression.isName(name) || members.contains(where: { $0.key == name }) {
      throw options.error("values", "\"\(name)\" cannot be the name of a number, or is that of an adapter")
    }
    let words = AdapterExpression.pieces(of: text).filter(\.isName).map(\.text)
    for (name, _) in numbers where !words.contains(name) {
      let guess = NearestName.of(name, among: words).map { "; did you mean \($0)?" } ?? ""
      throw options.error("values", "\"\(name)\" does not occur in \(text)\(guess)")
    }
    self.text = text
    do throws(DocumentError) {
      expression = try AdapterExpression(
        parsing: DocumentText(name: "combine", bytes: Array(text.utf8), isArgument: true),
        adapters: members.map(\.key), numbers: Dictionary(numbers.map { ($0.key, $0.value) }) { first, _ in first })
    } catch {
      throw options.error("combine", error.message)
    }
    adapters = members.map { ($0.key, $0.value) }
    (self.kind, self.density) = (kind, density ?? 1)
    if expression.origin != nil, kind != .taskVector {
      throw options.error("combine", "\(kind.title) adds updates of the base model, which have no origin; leave it out")
    }
    for name in CombinationKind.optionsOfSome where options.has(name) {
      if let objection = kind.objection(to: name, adapterCount: expression.terms.count) {
        throw options.error(name, objection)
      }
    }
    if case .hf = kind, let name = members.map(\.key).first(where: { key in words.count { $0 == key } > 1 }) {
      throw options.error(
        "combine",
        "names \(name) more than once, but \(kind.title) takes every name as an adapter of its own: give the folder two "
          + "names (--adapter, or adapters in a config)")
    }
  }
}

extension CombinationKind {
  /// Convention and type in words.
  var title: String { [names.convention, names.type].compactMap { $0 }.joined(separator: " ") }
}
