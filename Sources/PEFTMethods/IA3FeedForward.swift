import PEFTCore

extension IA3 {
  /// Which maps are scaled at their input.
  struct FeedForward: Sendable {
    /// How they are named.
    enum Choice: Sendable, Equatable {
      /// The family's, as PEFT's table has it.
      case familyDefault
      /// Those whose site ends with one of the names.
      case names([String])
      /// Those whose whole site matches.
      case expression(String)
    }

    /// How they are named.
    let choice: Choice
    /// Whether each name must match an adapted map: a misspelt one in a config would scale another side, but lists of
    /// saved adapters name the maps of several architectures.
    let mustMatch: Bool

    /// Which of the adapted maps these are.
    ///
    /// - Parameters:
    ///   - sites: The adapted maps.
    ///   - familyDefault: The names of the model family's.
    /// - Throws: `AttachError` for a name or an expression that matches none of them and must, and for what is no
    ///   expression.
    func test(of sites: [String], familyDefault: () throws -> [String]) throws -> (String) -> Bool {
      switch choice {
      case .familyDefault:
        let names = try familyDefault()
        return { site in names.contains { site.hasSuffix($0) } }
      case .names(let names):
        if mustMatch, let name = names.first(where: { name in !sites.contains { $0.hasSuffix(name) } }) {
          throw noMatch("\"\(name)\"", among: sites, nearest: NearestName.of(name, among: sites.lastNames))
        }
        return { site in names.contains { site.hasSuffix($0) } }
      case .expression(let text):
        guard let expression = SiteExpression(text) else {
          throw AttachError(
            "\(Self.option): \"\(text)\" is not a regular expression, or is one that is not supported",
            option: Self.option)
        }
        if mustMatch, !sites.contains(where: expression.matches) {
          throw noMatch("the expression \"\(text)\"", among: sites, nearest: nil)
        }
        return { expression.matches($0) }
      }
    }

    private static let option = "feedforward_modules"

    private func noMatch(_ what: String, among sites: [String], nearest: String?) -> AttachError {
      let hint = nearest.map { "; did you mean \"\($0)\"?" } ?? ""
      return AttachError(
        "\(Self.option): \(what) matches none of the adapted maps, which are "
          + sites.lastNames.joined(separator: ", ") + hint, option: Self.option)
    }
  }
}
