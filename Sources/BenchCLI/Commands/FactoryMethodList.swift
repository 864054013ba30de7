import PEFTBench
import PEFTCore

/// `list methods --of peft-factory`: its methods with its keys, and what they are here.
enum FactoryMethodList {
  static func print(to console: Console) {
    var isFirst = true
    for family in FactoryMethod.Family.allCases {
      for method in FactoryMethod.all where method.family == family {
        if !isFirst { console.print("") }
        isFirst = false
        console.print(
          console.outputTraits.styled(method.title, .bold)
            + "  finetuning_type: \(method.keys)  (here: \(method.method))")
        var table = TextTable([.init(title: ""), .init(title: ""), .init(title: "")])
        for option in method.options {
          let value = text(option.defaultValue)
          table.add(["  \(option.name)", value.isEmpty ? "" : "default \(value)", meaning(of: option)])
        }
        for line in table.lines(width: width(of: console)).dropFirst() { console.print(line) }
      }
    }
    console.print(
      "\nAn entry of methods with finetuning_type in place of a name takes these keys, with these defaults, and the\n"
        + "training keys of the Trainer (list methods --aliases).")
  }

  static var json: JSONValue {
    .array(
      FactoryMethod.all.map { method in
        [
          "title": JSONValue(method.title), "family": JSONValue(method.family.rawValue),
          "finetuning_type": JSONValue(method.type), "keys": JSONValue(method.keys), "method": JSONValue(method.method),
          "options": .array(
            method.options.map { option in
              [
                "name": JSONValue(option.name), "default": option.defaultValue,
                "here": JSONValue(meaning(of: option)),
              ]
            }),
        ]
      })
  }

  private static func width(of console: Console) -> Int {
    console.outputTraits.isTerminal ? console.outputTraits.width : Int.max
  }

  private static func meaning(of option: FactoryMethod.Option) -> String {
    switch option.meaning {
    case .option(let name): name == option.name ? "" : name
    case .only(let values): "only \(values.map(text).joined(separator: " or "))"
    case .silent: "says nothing here"
    }
  }

  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .null: ""
    case .string(let word): word
    default: value.compactText
    }
  }
}
