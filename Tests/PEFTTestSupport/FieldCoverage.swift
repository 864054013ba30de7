import PEFTCore
import Testing

/// Checks that a canonical form tells every stored property of a value, so that a new one cannot be forgotten.
///
/// - Parameters:
///   - value: The value.
///   - changes: For each property a value in which it is another one.
///   - exempt: The properties that the form leaves out, each with its reason.
///   - form: The form.
public func expectEveryField<Value>(
  of value: Value, changes: [String: Value], exempt: [String: String] = [:],
  sourceLocation: Testing.SourceLocation = #_sourceLocation, in form: (Value) -> JSONValue
) {
  let fields = Mirror(reflecting: value).children.compactMap(\.label).map {
    // A lazy property is stored under another name.
    $0.hasPrefix("$__lazy_storage_$_") ? String($0.dropFirst("$__lazy_storage_$_".count)) : $0
  }
  let type = "\(Value.self)"
  for field in fields where changes[field] == nil && exempt[field] == nil {
    Issue.record(
      "\(type).\(field) is neither shown to change the form nor excused with a reason", sourceLocation: sourceLocation)
  }
  for name in Array(changes.keys) + Array(exempt.keys) where !fields.contains(name) {
    Issue.record("\(type) has no field \(name)", sourceLocation: sourceLocation)
  }
  let own = form(value).compactText
  for (name, other) in changes {
    #expect(form(other).compactText != own, "\(type).\(name)", sourceLocation: sourceLocation)
  }
}

/// A copy of `value` that `change` has changed.
public func changed<Value>(_ value: Value, _ change: (inout Value) -> Void) -> Value {
  var copy = value
  change(&copy)
  return copy
}
