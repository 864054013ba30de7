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
        let named: [DatasetDescription]
        do {
          named = try DatasetCatalogue.datasets(named: name)
        } catch {
          throw DocumentError("data.datasets: \(error)", at: value.offset, of: file.text)
        }
        guard suite != .own else {
          throw DocumentError(
            "data.datasets: \"\(name)\" is of the catalogue, and \"suite\" says own data; set it to \"full\" or \"mini\"",
            at: value.offset, of: file.text)
        }
        for dataset in named where !result.contains(where: { $0.id == dataset.id }) { result.append(dataset) }
      case .custom(let value, let place):
        let dataset = try CustomDataset.read(value, of: file.text, at: place, resolve: file.resolve)
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

  private func hasTest(_ dataset: DatasetDescription) -> Bool {
    !dataset.testSplits.isEmpty && (suite != .mini || dataset.group == .custom)
  }
}
