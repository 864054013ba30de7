import PEFTCore

extension DataConfiguration {
  /// The datasets that the config asks for, in its order and each once.
  ///
  /// - Parameter file: The config, for the places of errors and the paths of described datasets.
  /// - Throws: `DocumentError` for an unknown name or a description that is not understood.
  package func descriptions(from file: ConfigFile) throws(DocumentError) -> [DatasetDescription] {
    var result: [DatasetDescription] = []
    for entry in datasets {
      switch entry {
      case .name(let name, let value):
        let named = try Self.named(name, value, in: file.text, at: "data.datasets", suite: suite)
        for dataset in named where !result.contains(where: { $0.id == dataset.id }) { result.append(dataset) }
      case .custom(let value, let place):
        let dataset: DatasetDescription
        if DatasetMixture.isMeant(by: value) {
          dataset = try DatasetMixture.read(value, of: file.text, at: place, resolve: file.resolve) {
            name, value, place throws(DocumentError) in
            try Self.named(name, value, in: file.text, at: place, suite: suite)
          }
        } else {
          dataset = try CustomDataset.read(value, of: file.text, at: place, resolve: file.resolve)
        }
        guard !result.contains(where: { $0.id == dataset.id }) else {
          throw DocumentError("\(place).name: two datasets are called \(dataset.id)", at: value.offset, of: file.text)
        }
        result.append(dataset)
      }
    }
    if test == .test, let dataset = result.first(where: { !hasTest($0) }) {
      let offsets = datasets.compactMap { entry in
        switch entry {
        case .name(_, let value): dataset.group == .custom ? nil : value.offset
        case .custom(let value, _): dataset.group == .custom ? value.offset : nil
        }
      }
      throw DocumentError(
        "data.test: \(suite == .mini && dataset.group != .custom ? "the mini suite" : dataset.id) has no test split; "
          + DatasetCatalogue.testSplitAdvice, at: offsets.first ?? 0, of: file.text)
    }
    return result
  }

  /// The datasets of the catalogue that a name stands for.
  ///
  /// - Parameters:
  ///   - name: The name of a dataset or of a group, or `all`.
  ///   - value: Where it stands.
  ///   - text: The config's text.
  ///   - place: Its dotted path.
  ///   - suite: The suite of the config.
  /// - Throws: `DocumentError` for an unknown name, or a suite of own data.
  static func named(
    _ name: String, _ value: DocumentValue, in text: DocumentText, at place: String, suite: Suite
  ) throws(DocumentError) -> [DatasetDescription] {
    let named: [DatasetDescription]
    do {
      named = try DatasetCatalogue.datasets(named: name)
    } catch {
      throw DocumentError("\(place): \(error)", at: value.offset, of: text)
    }
    guard suite != .own else {
      throw DocumentError(
        "\(place): \"\(name)\" is of the catalogue, and \"suite\" says own data; set it to \"full\" or \"mini\"",
        at: value.offset, of: text)
    }
    return named
  }

  private func hasTest(_ dataset: DatasetDescription) -> Bool {
    !dataset.testSplits.isEmpty && (suite != .mini || dataset.group == .custom)
  }
}
