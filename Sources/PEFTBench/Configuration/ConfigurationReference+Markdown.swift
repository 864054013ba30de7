import PEFTCore
import PEFTMethods

extension ConfigurationReference {
  /// The reference as a page, `docs/configuration.md`.
  package static var markdown: String {
    var parts = [introduction]
    for section in sections {
      parts.append(section.path.isEmpty ? "## The config" : "## `\(section.path)`")
      parts.append(section.text)
      parts.append(table(section.options))
    }
    parts.append("## The methods' own options")
    parts.append(
      "Equations, parameter counts and results: [methods.md](methods.md). *Targets* are names (`[q_proj, v_proj]`), "
        + "`all-linear`, or one regular expression, with the meaning that they have in PEFT; without them PEFT's default of "
        + "the model's family counts.")
    for (method, options) in methods {
      parts.append("### `\(method.name)`")
      parts.append("\(sentence(method.summary)) \(method.source).")
      if !options.isEmpty { parts.append(table(options)) }
    }
    parts.append("## Names of other libraries")
    parts.append(
      "PEFT, transformers, LLaMA-Factory and PEFT-Factory have other names for some keys. They are taken too; all other "
        + "keys that these libraries share with this program have the same name in both.")
    parts.append(aliasTable)
    return parts.joined(separator: "\n\n") + "\n"
  }

  private static let introduction = """
    # Configuration

    <!-- Made by `peft-bench list config --markdown`; a test holds this page and the program together. -->

    A config says which models, methods and datasets `peft-bench run` combines, and how each run is trained and judged:

    ```yaml
    model: models/mini
    data: {suite: mini, datasets: [rte, boolq], train_limit: 128}
    methods:
      - lora
      - {name: ia3, learning_rate: 1e-2}
      - {name: prompt-tuning, tokens: [8, 16]}      # a list of values: two methods
    seeds: [42, 43]
    training: {epochs: 3}
    ```

    It is JSON (with `//` comments and trailing commas) or YAML (`.yaml`, `.yml`; the part of it that configs are written
    in). A misspelt key is an error with its line and column, never a default.

    - **Grids.** A key that takes one value also takes a list of values to try, in a method's entry and in `training`:
      `rank: [4, 8]` makes two methods of one. A key whose value is itself a list takes a list of lists.
    - **The environment.** `${NAME}` and `${NAME:-default}` take values from it.
    - **Paths** that are relative are looked up from the current folder, then from the config's folder.
    - **On the command line**, `--set KEY=VALUE` changes any key: `--set training.epochs=3`, `--set methods.lora.rank=8`.
      Elements of a list are named by their number, methods by their name.
    - `peft-bench plan CONFIG` shows what a config asks for without doing it; the `config.json` of a results folder is the
      config with all defaults written out.
    """

  /// The keys as a table of Markdown.
  static func table(_ options: [OptionDescription]) -> String {
    let rows = options.map { option in
      let value =
        option.choices.isEmpty ? escaped(option.valueText) : option.choices.map { "`\($0)`" }.joined(separator: ", ")
      let shown = option.defaultText
      let defaultCell = shown.isEmpty || option.isRequired ? shown : "`\(escaped(shown))`"
      return "| `\(option.name)` | \(value) | \(defaultCell) | \(escaped(option.about ?? "")) |"
    }
    return (["| Key | Value | Default | Meaning |", "|---|---|---|---|"] + rows).joined(separator: "\n")
  }

  private static var aliasTable: String {
    var rows = ["| Where | Name there | Key here | Values | From |", "|---|---|---|---|---|"]
    for group in OptionAliases.all {
      for alias in group.aliases {
        rows.append(
          "| `\(group.place)` | `\(alias.name)` | `\(alias.key)` | \(escaped(alias.valueText)) | \(alias.origin.rawValue) |"
        )
      }
    }
    return rows.joined(separator: "\n")
  }

  private static func escaped(_ text: String) -> String { text.replacing("|", with: "\\|") }

  private static func sentence(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() + "." }
}
