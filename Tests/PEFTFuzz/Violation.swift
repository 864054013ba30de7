/// An outcome that is not allowed: a reader that neither succeeded nor complained in the proper way.
struct Violation: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
