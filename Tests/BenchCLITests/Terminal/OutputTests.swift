import Foundation
import PEFTCore
import PEFTTestSupport
import Testing

@testable import BenchCLI
@testable import PEFTBench

/// What commands write, and where.
@Suite("Outputs") struct OutputTests {
  private func bash(_ workspace: Workspace, _ script: String) throws -> SpawnedProgram.Result {
    try SpawnedProgram.run([], shell: "cd '\(workspace.folder.path)'\n\(script)")
  }

  @Test("Config paths of one character, and other odd ones, are read or refused, and end nothing") func oddConfigs()
    throws
  {
    let workspace = try Workspace()
    for name in ["x", "-", "1", "~", "ü"] { try workspace.write(Workspace.configuration(), to: name) }
    for name in ["x", "1", "~", "./-", "ü", "././x"] {
      let plan = try workspace.run("plan", name, "--json")
      #expect(plan.status == 0, "\(name): \(plan.diagnostics)")
    }
    #expect(try workspace.run("plan", "--json", "--", "-").status == 0)
    for name in ["y", ".", "/", "..", "", "2", "data", "x/", "x/y", " "] {
      for command in ["run", "plan", "model pretrain"] {
        let words = command.split(separator: " ").map(String.init) + ["--", name]
        let result = try workspace.run(arguments: words)
        #expect(result.status == 2, "\(command) \(name): \(result)")
        #expect(result.diagnostics.hasPrefix("error: "), "\(command) \(name): \(result)")
      }
    }
  }

  @Test("An empty path is refused everywhere") func emptyPaths() throws {
    let workspace = try Workspace()
    for command in CommandTable.all where command.name != "help" {
      let words = command.name.split(separator: " ").map(String.init)
      let positionals = command.positionals.map { $0.choices.first ?? "config.json" }
      for option in command.options where option.valueName != nil {
        let result = try workspace.run(arguments: words + ["--\(option.long)="] + positionals)
        #expect(result.status == 2, "\(command.name) --\(option.long): \(result)")
        #expect(
          result.diagnostics.contains("--\(option.long): expected"), "\(command.name) --\(option.long): \(result)")
      }
      if !command.positionals.isEmpty {
        let result = try workspace.run(arguments: words + command.positionals.map { _ in "" })
        #expect(result.status == 2, "\(command.name) '': \(result)")
      }
    }
    for (key, text) in [
      ("output", #", "output": """#), ("model", ""), ("data.root", ""), ("data.dataset_info", ""),
      ("methods.lora.init_from", ""),
    ] {
      try workspace.write(Workspace.configuration(more: text), to: "empty.json")
      let result =
        text.isEmpty
        ? try workspace.run("plan", "config.json", "--set", "\(key)=\"\"") : try workspace.run("plan", "empty.json")
      #expect(result.status == 2, "\(key): \(result)")
      #expect(result.diagnostics.contains("empty"), "\(key): \(result)")
    }
  }

  @Test("A foreign folder is not written to, by any command") func foreignFolders() throws {
    let workspace = try Workspace()
    try workspace.write(#"{"model_type": "llama"}"#, to: "foreign/config.json")
    try workspace.write("rows", to: "foreign/sst2/train.jsonl")
    try workspace.write("{}", to: "foreign/runs/x/notes.json")
    #expect(try workspace.run("run", "config.json", "-o", "out", "--quiet").status == 0)
    let commands = [
      ["run", "config.json", "-o", "foreign"], ["run", "config.json", "-o", "foreign", "--dry-run"],
      ["plan", "config.json", "-o", "foreign"], ["report", "out", "-o", "foreign"],
      ["report", "out", "--export", "peft", "-o", "foreign"],
      ["data", "generate", "--to", "foreign", "--dataset", "sst2"],
      ["data", "import", "data/sst2", "--dataset", "sst2", "--to", "foreign"],
      // Ours, but of another kind.
      ["report", "out", "--export", "peft", "-o", "out"], ["run", "config.json", "-o", "made/sst2"],
    ]
    #expect(try workspace.run("data", "generate", "--to", "made", "--dataset", "sst2").status == 0)
    for command in commands {
      let result = try workspace.run(arguments: command)
      #expect(result.status == 2, "\(command): \(result)")
      #expect(result.diagnostics.contains("new or empty folder"), "\(command): \(result)")
    }
    let files = try FileManager.default.subpathsOfDirectory(atPath: workspace.path("foreign")).sorted()
    #expect(files == ["config.json", "runs", "runs/x", "runs/x/notes.json", "sst2", "sst2/train.jsonl"])
    // Our own may be written again, and so may one of an older version, without a marker.
    #expect(try workspace.run("data", "generate", "--to", "made", "--dataset", "sst2").status == 0)
    try FileManager.default.removeItem(atPath: workspace.path("out/.peft-bench"))
    #expect(try workspace.run("run", "config.json", "-o", "out", "--quiet").status == 0)
    #expect(FileManager.default.fileExists(atPath: workspace.path("out/.peft-bench")))
    // And what somebody put together of runs.
    try FileManager.default.createDirectory(atPath: workspace.path("merged"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: workspace.path("out/runs"), toPath: workspace.path("merged/runs"))
    let merged = try workspace.run("run", "config.json", "-o", "merged")
    #expect(merged.status == 0 && merged.diagnostics.contains("6 complete runs skipped"), "\(merged)")
  }

  @Test("What is no regular file is written to as it is") func streams() throws {
    let workspace = try Workspace()
    #expect(try workspace.run("run", "config.json", "-o", "out", "--quiet").status == 0)
    let result = try bash(
      workspace,
      """
      "$PROGRAM" report out -f csv -o plain.csv --quiet
      "$PROGRAM" report out -f csv -o /dev/null --quiet; [[ -c /dev/null ]] || echo lost
      "$PROGRAM" report out -f csv -o /dev/stdout --quiet | cmp - plain.csv
      echo first >printed.csv
      "$PROGRAM" report out -f csv -o /dev/stdout --quiet >>printed.csv
      sed 1d printed.csv | cmp - plain.csv; head -n 1 printed.csv
      mkfifo pipe; cat pipe >piped.csv & "$PROGRAM" report out -f csv -o pipe --quiet; wait
      cmp piped.csv plain.csv; [[ -p pipe ]] || echo lost
      echo old >target; ln -s target link
      "$PROGRAM" report out -f csv -o link --quiet; [[ -L link ]] && cmp target plain.csv
      "$PROGRAM" compare out out --junit link --quiet >/dev/null; [[ -L link ]] && grep -c '<testsuites' target
      """)
    #expect(result.output == "first\n1\n", "\(result)")
    #expect(result.diagnostics.isEmpty, "\(result)")
  }

  @Test("A sweep and a comparison whose reader went away end with their own status, a listing with 0") func goneReader()
    throws
  {
    let workspace = try Workspace()
    let methods = #"[{"name": "full", "label": "wild", "learning_rate": 1000}, {"name": "lora", "label": "calm"}]"#
    try workspace.write(Workspace.configuration(methods: methods, datasets: #"["sst2"]"#), to: "wild.json")
    let result = try bash(
      workspace,
      """
      unread() { { sleep 0.3; "$PROGRAM" "$@"; echo "$1 $?" >>ends.txt; } 2>&1 | true; }
      unread run wild.json -o out --quiet
      cp -r out less; rm -r "$(dirname "$(find less/runs -name record.json | head -n 1)")"
      unread compare out less
      unread report out
      cat ends.txt
      """)
    #expect(result.output == "run 1\ncompare 3\nreport 0\n", "\(result)")
    #expect(try workspace.records("out").keys.sorted() == ["sst2/lora", "sst2/none"])
    #expect(FileManager.default.fileExists(atPath: workspace.path("out/report.html")))
  }

  @Test("Names and records reach no terminal and no table as they are") func escapes() throws {
    let workspace = try Workspace()
    let evil = "\\u001b[31mred\\u202e\\u0007"
    try workspace.write(
      Workspace.configuration(methods: #"[{"name": "ia3", "label": "\#(evil)"}]"#), to: "evil.json")
    #expect(try workspace.run("run", "evil.json", "-o", "out", "--quiet", "--only", "dataset=sst2").status == 0)
    for command in [
      ["report", "out"], ["report", "out", "-f", "markdown"], ["status", "out"], ["plan", "evil.json"],
      ["compare", "out", "out"], ["run", "evil.json", "-o", "out", "--only", "dataset=sst2"],
    ] {
      let result = try workspace.run(arguments: command)
      for text in [result.output, result.diagnostics] {
        #expect(!text.unicodeScalars.contains { $0 == "\u{1B}" || $0 == "\u{202E}" || $0 == "\u{07}" }, "\(command)")
      }
      // Markdown escapes the bracket besides; a comparison names nothing where nothing moved.
      let shows = command[0] == "compare" ? "Nothing moved" : "31mred⟨U+202E⟩⟨U+0007⟩"
      #expect(result.output.contains(shows), "\(command): \(result)")
    }
    // A terminal gets the program's own colours, and of a document nothing else that it obeys.
    let terminal = try bash(
      workspace,
      """
      command -v script >/dev/null || { echo left out; exit 0; }
      for arguments in 'report out' 'report out -f csv' 'report out -f json' 'status out'; do
        TERM=xterm script -qec "\\"$PROGRAM\\" $arguments" /dev/null </dev/null |
          sed $'s/\\x1b\\\\[[0-9;]*m//g' | grep -c -e $'\\x1b\\\\[31mred' -e $'\\u202e' -e $'\\x07'
      done
      """)
    #expect(terminal.output == "0\n0\n0\n0\n" || terminal.output == "left out\n", "\(terminal)")
  }

  @Test("Cells that a spreadsheet would run are marked, unless that is switched off") func spreadsheet() throws {
    let workspace = try Workspace()
    try workspace.write(
      Workspace.configuration(methods: #"[{"name": "ia3", "label": "=1+1"}]"#), to: "evil.json")
    #expect(try workspace.run("run", "evil.json", "-o", "out", "--quiet", "--only", "dataset=sst2").status == 0)
    #expect(try workspace.run("report", "out", "-f", "csv").output.contains(",'=1+1,"))
    for off in [["--csv-safe", "off"], ["--no-csv-safe"]] {
      #expect(try workspace.run(arguments: ["report", "out", "-f", "csv"] + off).output.contains(",=1+1,"))
    }
  }

  @Test("A variable that is no number of seconds is named, and a long input is cut in the message") func settings()
    throws
  {
    for value in ["-1e300", "nan", "inf", "0", "abc", "1e9"] {
      let result = try SpawnedProgram.run(
        ["model", "fetch", "a/b"],
        environment: [
          "HF_HUB_DOWNLOAD_TIMEOUT": value, "HF_ENDPOINT": "http://127.0.0.1:1", "HF_HUB_CACHE": "/nowhere",
        ])
      #expect(
        result.status == 2 && result.diagnostics.contains("HF_HUB_DOWNLOAD_TIMEOUT: expected seconds"), "\(result)")
    }
    for words in [
      ["--" + String(repeating: "a", count: 100_000)], ["run", "--" + String(repeating: "b", count: 100_000)],
    ] {
      let result = try SpawnedProgram.run(words)
      #expect(result.status == 2 && result.diagnostics.utf8.count < 3000, "\(result.diagnostics.prefix(300))")
    }
  }
}
