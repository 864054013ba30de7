import PEFTBench
import PEFTCore
import PEFTMethods

/// `list`: what configs can name.
enum ListCommand {
  static let command = Command(
    name: "list", summary: "List methods with their options, presets, datasets, metrics, or the keys of a config.",
    positionals: [
      PositionalSpec(
        name: "WHAT", help: "What to list.", choices: ["methods", "presets", "datasets", "metrics", "config"])
    ],
    options: [
      OptionSpec(
        long: "of", valueName: "LIBRARY", choices: ["peft-factory"],
        help: "With methods: the methods of another library, by its names."),
      OptionSpec(long: "aliases", help: "With methods: the names that PEFT and LLaMA-Factory have for options."),
      OptionSpec(long: "pretraining", help: "With config: the keys of a config of model pretrain."),
      OptionSpec(long: "markdown", help: "With config: the reference as a page, docs/configuration.md."), .json,
    ],
    examples: [
      .init(line: "peft-bench list methods", meaning: "Each method, its options and their defaults."),
      .init(line: "peft-bench list methods --aliases", meaning: "Other libraries' names that configs may use."),
      .init(
        line: "peft-bench list methods --of peft-factory",
        meaning: "PEFT-Factory's nineteen methods with its keys, and what they are here."),
      .init(line: "peft-bench list config", meaning: "Every key of a config, with values and default."),
      .init(line: "peft-bench list datasets --json", meaning: "The datasets for a script."),
    ],
    run: { arguments, console in
      let isJSON = arguments.flag("json")
      if arguments.value("of") != nil {
        guard arguments.positional("WHAT") == "methods", !arguments.flag("aliases") else {
          throw arguments.error("--of goes with methods alone")
        }
        isJSON ? console.print(json: FactoryMethodList.json) : FactoryMethodList.print(to: console)
        return .done
      }
      if arguments.flag("aliases") {
        guard arguments.positional("WHAT") == "methods" else {
          throw arguments.error("--aliases goes with methods, not with \(arguments.positional("WHAT") ?? "")")
        }
        isJSON ? console.print(json: aliasesJSON) : printAliases(console)
        return .done
      }
      let sections = arguments.flag("pretraining") ? PretrainingConfiguration.sections : ConfigurationReference.sections
      if arguments.flag("pretraining"), arguments.positional("WHAT") != "config" {
        throw arguments.error("--pretraining goes with config alone")
      }
      if arguments.flag("markdown") {
        guard arguments.positional("WHAT") == "config", !isJSON else {
          throw arguments.error("--markdown goes with config alone")
        }
        console.print(
          document: arguments.flag("pretraining")
            ? PretrainingConfiguration.keysAsMarkdown : ConfigurationReference.markdown)
        return .done
      }
      switch arguments.positional("WHAT") {
      case "methods": isJSON ? console.print(json: methodsJSON) : printMethods(console)
      case "presets": try isJSON ? console.print(json: presetsJSON()) : printPresets(console)
      case "datasets": isJSON ? console.print(json: datasetsJSON) : printDatasets(console)
      case "config": isJSON ? console.print(json: json(of: sections)) : print(sections, console)
      default: isJSON ? console.print(json: metricsJSON) : printMetrics(console)
      }
      return .done
    })

  private static func printMethods(_ console: Console) {
    for (index, type) in MethodRegistry.all.enumerated() {
      if index > 0 { console.print("") }
      console.print(console.outputTraits.styled(type.name, .bold) + "  \(type.summary)")
      console.print("  \(type.source)")
      var table = TextTable([.init(title: ""), .init(title: ""), .init(title: ""), .init(title: "")])
      let options = MethodConfiguration.options(ofMethod: type.name) ?? []
      for option in options {
        table.add([
          "  \(option.name)", option.kind.rawValue, option.defaultValue.map { "default \($0)" } ?? "",
          option.about?.replacing("`", with: "") ?? "",
        ])
      }
      let traits = console.outputTraits
      for line in table.lines(width: traits.isTerminal ? traits.width : Int.max).dropFirst() where !options.isEmpty {
        console.print(line)
      }
    }
  }

  private static var methodsJSON: JSONValue {
    .array(
      MethodRegistry.all.map { type in
        [
          "name": JSONValue(type.name), "summary": JSONValue(type.summary), "source": JSONValue(type.source),
          "options": .array(
            (MethodConfiguration.options(ofMethod: type.name) ?? []).map { option in
              [
                "name": JSONValue(option.name), "type": JSONValue(option.kind.rawValue),
                "default": JSONValue(option.defaultValue), "about": JSONValue(option.about),
                "aliases": JSONValue(option.aliases.map(\.name)),
              ]
            }),
        ]
      })
  }

  private static func printAliases(_ console: Console) {
    var table = TextTable([
      .init(title: "place"), .init(title: "name there"), .init(title: "option here"), .init(title: "values"),
      .init(title: "from"),
    ])
    for group in OptionAliases.all {
      for (index, alias) in group.aliases.enumerated() {
        table.add([index == 0 ? group.place : "", alias.name, alias.key, alias.valueText, alias.origin.rawValue])
      }
    }
    table.print(to: console)
    console.print("\nAll other options of these libraries that configs know have the same names there and here.")
  }

  private static var aliasesJSON: JSONValue {
    .array(
      OptionAliases.all.flatMap { group in
        group.aliases.map { alias in
          [
            "place": JSONValue(group.place), "alias": JSONValue(alias.name), "option": JSONValue(alias.key),
            "from": JSONValue(alias.origin.rawValue),
            "values": .array(alias.translations.map { ["theirs": $0.theirs, "ours": $0.ours] }),
            "takes_other_values": .bool(alias.takesOthers),
          ]
        }
      })
  }

  private static func print(_ sections: [ConfigurationReference.Section], _ console: Console) {
    for (index, section) in sections.enumerated() {
      if index > 0 { console.print("") }
      console.print(console.outputTraits.styled(section.path.isEmpty ? "config" : section.path, .bold))
      var table = TextTable([.init(title: ""), .init(title: ""), .init(title: ""), .init(title: "")])
      for option in section.options {
        table.add([
          "  \(option.name)", option.valueText, option.defaultText, option.about?.replacing("`", with: "") ?? "",
        ])
      }
      let traits = console.outputTraits
      for line in table.lines(width: traits.isTerminal ? traits.width : Int.max).dropFirst() { console.print(line) }
    }
    guard sections.contains(where: { $0.path.hasPrefix("methods") }) else { return }
    console.print("\nThe methods' own options: peft-bench list methods. A list of values for one makes a grid.")
  }

  private static func json(of sections: [ConfigurationReference.Section]) -> JSONValue {
    .array(
      sections.map { section in
        [
          "place": JSONValue(section.path),
          "keys": .array(
            section.options.map { option in
              [
                "name": JSONValue(option.name), "type": JSONValue(option.kind.rawValue),
                "range": JSONValue(option.range), "choices": JSONValue(option.choices),
                "default": JSONValue(option.defaultValue), "required": .bool(option.isRequired),
                "about": JSONValue(option.about), "aliases": JSONValue(option.aliases.map(\.name)),
              ]
            }),
        ]
      })
  }

  private static func printPresets(_ console: Console) throws {
    var table = TextTable([.init(title: "size"), .init(title: "method"), .init(title: "values")])
    for size in try MethodPresets.builtIn().sizes {
      for (index, method) in size.methods.enumerated() {
        let values = method.members.filter { $0.key != "name" }.map { member in
          "\(member.key): \(member.value.string ?? JSONValue(member.value).compactText)"
        }
        table.add([index == 0 ? size.name : "", method["name"]?.string ?? "", values.joined(separator: ", ")])
      }
    }
    table.print(to: console)
    console.print("\nA config takes them by presets: auto, or by a size's name.")
  }

  private static func presetsJSON() throws -> JSONValue {
    .array(
      try MethodPresets.builtIn().sizes.map { size in
        [
          "name": JSONValue(size.name), "parameters": JSONValue(size.parameters),
          "methods": .array(size.methods.map { JSONValue(DocumentValue(.object($0))) }),
        ]
      })
  }

  private static func printDatasets(_ console: Console) {
    var table = TextTable([
      .init(title: "dataset"), .init(title: "group"), .init(title: "title"), .init(title: "metric"),
      .init(title: "labels"),
    ])
    for dataset in DatasetCatalogue.everything {
      table.add([
        dataset.id, dataset.group.rawValue, dataset.title, dataset.metric.primaryName(under: .strict),
        dataset.labels.joined(separator: " "),
      ])
    }
    table.print(to: console)
  }

  private static var datasetsJSON: JSONValue {
    .array(
      DatasetCatalogue.everything.map { dataset in
        [
          "id": JSONValue(dataset.id), "group": JSONValue(dataset.group.rawValue), "title": JSONValue(dataset.title),
          "metric": JSONValue(dataset.metric.primaryName(under: .strict)), "labels": JSONValue(dataset.labels),
          "training_splits": JSONValue(dataset.trainingSplits),
          "evaluation_splits": JSONValue(dataset.evaluationSplits), "test_splits": JSONValue(dataset.testSplits),
          "source": JSONValue(dataset.source?.repository), "instruction": JSONValue(dataset.layout.instruction),
        ]
      })
  }

  private static func printMetrics(_ console: Console) {
    var table = TextTable([
      .init(title: "dataset"), .init(title: "strict"), .init(title: "peft-bench"),
    ])
    for dataset in DatasetCatalogue.everything {
      table.add([
        dataset.id, dataset.metric.family.scoreNames(under: .strict).joined(separator: " "),
        dataset.metric.family.scoreNames(under: .peftBench).joined(separator: " "),
      ])
    }
    table.print(to: console)
    console.print("\nThe first of each list is the primary score. A dataset of your own chooses it by `metric`:\n")
    var choices = TextTable([.init(title: "metric"), .init(title: "of"), .init(title: "")])
    for choice in MetricChoice.allCases { choices.add([choice.rawValue, choice.answers, choice.about]) }
    choices.print(to: console)
  }

  private static var metricsJSON: JSONValue {
    .array(
      DatasetCatalogue.everything.map { dataset in
        [
          "dataset": JSONValue(dataset.id),
          "strict": JSONValue(dataset.metric.family.scoreNames(under: .strict)),
          "peft-bench": JSONValue(dataset.metric.family.scoreNames(under: .peftBench)),
        ]
      }
        // What a user's own dataset chooses by `metric`.
        + MetricChoice.allCases.map { choice in
          [
            "metric": JSONValue(choice.rawValue), "score": JSONValue(choice.scoreName),
            "of": JSONValue(choice.answers), "about": JSONValue(choice.about),
          ]
        })
  }
}
