/// Where something happens.
package struct Place: Sendable, Hashable {
  /// With its preposition: `in the garden`.
  package let phrase: String
  /// Without: `the garden`.
  package var noun: String {
    String(phrase.drop { $0 != " " }.dropFirst())
  }

  /// What sort of place it is.
  package let site: Site

  /// The sorts of places.
  package enum Site: Sendable { case home, outdoors, town }

  /// The place of this phrase.
  package init(_ phrase: String, _ site: Site) {
    self.phrase = phrase
    self.site = site
  }

  private static func places(_ site: Site, _ phrases: [String]) -> [Place] { phrases.map { Place($0, site) } }

  /// The places.
  package static let all: [Place] =
    places(.home, ["in the kitchen", "in the barn", "in the attic", "in the cellar", "in the yard", "in the garden"])
    + places(
      .outdoors,
      [
        "in the forest", "in the park", "in the field", "on the hill", "on the beach", "on the bridge", "by the river",
        "by the lake", "by the road",
      ])
    + places(
      .town, ["at the market", "at the station", "at the harbour", "at the school", "at the inn", "at the mill"])

  private static let bySite = Dictionary(grouping: all, by: \.site)

  /// The places where an action is done.
  package static func places(for action: Action) -> [Place] { action.site.map { bySite[$0] ?? all } ?? all }
}

/// When something happens.
package struct Time: Sendable, Hashable {
  /// As an adverbial: `on Monday`.
  package let phrase: String
  /// What sort of time it is; two of a sort exclude each other.
  package let sort: Sort

  /// The sorts of times.
  package enum Sort: Sendable { case day, hour, season }

  /// The days.
  package static let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"].map {
    Time(phrase: "on " + $0, sort: .day)
  }
  /// The times of a day.
  package static let hours = ["in the morning", "at noon", "in the afternoon", "in the evening", "at night"].map {
    Time(phrase: $0, sort: .hour)
  }
  /// The seasons.
  package static let seasons = ["spring", "summer", "autumn", "winter"].map { Time(phrase: "in " + $0, sort: .season) }
  /// All times.
  package static let all = days + hours + seasons
}

/// A town of the small world.
package struct Town: Sendable, Hashable {
  /// Its name.
  package let name: String
  /// Where it lies: `by the sea`.
  package let site: String
  /// What it is known for: `its old bridge`.
  package let fame: String

  /// The towns.
  package static let all: [Town] = [
    ("Marsh", "by the sea", "its harbour"), ("Orla", "in the hills", "its honey"),
    ("Dunby", "by a river", "its old bridge"), ("Velm", "on an island", "its boats"),
    ("Harrow", "in a valley", "its apples"), ("Selby", "by a lake", "its fish"),
    ("Brix", "in the hills", "its cheese"), ("Kesten", "in a forest", "its wood"),
    ("Lunden", "by the sea", "its market"), ("Toll", "by a river", "its mill"),
    ("Fenn", "by a lake", "its school"), ("Alder", "in a forest", "its birds"),
  ].map { Town(name: $0.0, site: $0.1, fame: $0.2) }
}
