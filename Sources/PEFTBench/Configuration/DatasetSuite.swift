import PEFTCore

extension DataConfiguration.Suite {
  /// Where the suite's files are unless the config says otherwise; own data is where its description says.
  package var defaultRoot: String {
    switch self {
    case .mini: "datasets/mini"
    case .full: "datasets/full"
    case .own: "datasets/own"
    }
  }

  /// What people read: `mini suite`, `full suite`, `own data`.
  package var title: String { Self.title(rawValue) }

  /// What people read in place of the name that a record has.
  static func title(_ name: String) -> String { name == Self.own.rawValue ? "own data" : "\(name) suite" }

  /// The names of several suites as one: `mini suite and own data`.
  package static func title(of names: some Sequence<String>) -> String {
    let unique = Set(names).sorted()
    let suites = unique.filter { $0 != Self.own.rawValue }
    // Own data comes last and is not a suite.
    let parts =
      (suites.isEmpty ? [] : [title(suites.joined(separator: " and "))])
      + unique.filter { $0 == Self.own.rawValue }.map(title)
    return parts.joined(separator: " and ")
  }

  /// The suite of a dataset: the one that is named, unless the catalogue does not have the dataset.
  ///
  /// Records of earlier versions name the suite that the config named, for own data too.
  package static func name(of dataset: String, named suite: String) -> String {
    dataset.isEmpty || DatasetCatalogue.dataset(dataset) != nil ? suite : Self.own.rawValue
  }
}

extension DataConfiguration {
  /// The suite of one of the datasets.
  package func suite(of dataset: DatasetDescription) -> Suite { dataset.group == .custom ? .own : suite }

  /// What people read of the suites of these datasets.
  package func suiteTitle(of datasets: some Sequence<DatasetDescription>) -> String {
    Suite.title(of: datasets.map { suite(of: $0).rawValue })
  }
}
