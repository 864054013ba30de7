/// Somebody who does things.
package struct Person: Sendable, Hashable {
  /// How a person is referred to.
  package enum Gender: Sendable { case she, he }

  /// The name, or a role with its article (`the baker`).
  package let name: String
  /// Which pronouns stand for the person.
  package let gender: Gender

  /// As subject: she or he.
  package var subject: String { gender == .she ? "she" : "he" }
  /// As object: her or him.
  package var object: String { gender == .she ? "her" : "him" }
  /// Before what the person has: her or his.
  package var possessive: String { gender == .she ? "her" : "his" }
  /// Back to the subject: herself or himself.
  package var reflexive: String { gender == .she ? "herself" : "himself" }
  /// With a possessive ending: Tom's.
  package var genitive: String { name.hasSuffix("s") ? name + "'" : name + "'s" }
  /// Whether this is a name rather than a role.
  package var isNamed: Bool { !name.hasPrefix("the ") }

  private static func people(_ names: String, _ gender: Gender) -> [Person] {
    names.split(separator: " ").map { Person(name: String($0), gender: gender) }
  }

  /// People with names.
  package static let named: [Person] =
    people(
      "Anna Nina Rosa Ida Emma Clara Ruth Lily Eva Julia Maya Sara Nora", .she)
    + people("Tom Ben Leo Max Paul Finn Jack Otto Hugo Sam Adam Noah Peter", .he)

  /// People known by what they are.
  package static let roles: [Person] =
    people("nurse teacher queen girl woman singer aunt", .she).map { Person(name: "the " + $0.name, gender: .she) }
    + people("farmer baker doctor driver cook king sailor painter guard boy man uncle", .he).map {
      Person(name: "the " + $0.name, gender: .he)
    }

  /// Everybody.
  package static let all = named + roles
}
