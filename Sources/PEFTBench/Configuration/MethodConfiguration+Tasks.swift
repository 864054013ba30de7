import PEFTCore
import PEFTMethods

extension MethodConfiguration {
  /// The method for data of so many tasks: one that tells tasks apart gets their number, unless the config gives one.
  func with(tasks count: Int) -> MethodConfiguration {
    guard count > 1, let type = MethodRegistry.method(named: name), type.runOptions.contains(type.tasksOption),
      let described = Self.options(ofMethod: name)?.first(where: { $0.name == type.tasksOption })
    else { return self }
    let members = options.object?.members ?? []
    guard !members.contains(where: { described.names.contains($0.key) }) else { return self }
    var method = self
    let number = DocumentObject.Member(
      key: type.tasksOption, keyOffset: nameOffset, value: DocumentValue(.integer(count), offset: nameOffset))
    method.options = DocumentValue(.object(DocumentObject(members + [number])), offset: options.offset)
    return method
  }
}
