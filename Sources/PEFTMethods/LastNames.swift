extension [String] {
  /// What paths of modules end with, such as `k_proj`, each name once: what an error lists of a model.
  var lastNames: [String] {
    var names: [String] = []
    for path in self {
      let name = path.split(separator: ".").last.map(String.init) ?? path
      if !names.contains(name) { names.append(name) }
    }
    return names
  }
}
