import PEFTCore

extension RunConfiguration {
  /// The datasets that the config names, in its order, each once; groups and `all` are spelled out.
  ///
  /// - Throws: An `InputError` with the place of a name that is not known, or of a wrong description.
  public func catalogueDatasets() throws -> [DatasetDescription] {
    var result: [DatasetDescription] = []
    for entry in data.datasets {
      switch entry {
      case .name(let name, let value):
        do {
          for dataset in try DatasetCatalogue.datasets(named: name) where !result.contains(where: { $0.id == dataset.id }) {
            result.append(dataset)
          }
        } catch {
          throw DocumentError(error.description, at: value.offset, of: file.text)
        }
      case .custom(let value, let place):
        result.append(try CustomDataset.read(value, of: file.text, at: place, resolve: file.resolve))
      }
    }
    return result
  }
}
