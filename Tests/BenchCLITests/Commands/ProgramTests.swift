import Foundation
import PEFTBench
import PEFTCore
import Testing

@testable import BenchCLI

@Suite("Program") struct ProgramTests {
  @Test("Help goes to standard output with status 0, quickly") func help() throws {
    let results = try (0..<5).map { _ in try SpawnedProgram.run(["--help"]) }
    #expect(results[0].status == 0 && results[0].diagnostics.isEmpty)
    #expect(results[0].output.hasPrefix("Usage: peft-bench COMMAND [options]\n"))
    // The promise is 50 ms; the shared machine that runs the tests may be busy, so the best of five counts.
    #expect(results.map(\.seconds).min() ?? 1 < 0.25)
    #expect(try SpawnedProgram.run(["help"]).output == results[0].output)
    #expect(
      try SpawnedProgram.run(["help", "completions"]).output == SpawnedProgram.run(["completions", "-h"]).output)
  }

  @Test("A group's help lists its commands") func groupHelp() throws {
    let page = try SpawnedProgram.run(["model", "--help"])
    #expect(page.status == 0 && page.diagnostics.isEmpty)
    #expect(page.output.hasPrefix("Usage: peft-bench model COMMAND [options]\n\nCommands:\n  model info "))
    for name in ["list", "fetch", "convert", "pretrain"] { #expect(page.output.contains("\n  model \(name) ")) }
    #expect(
      !page.output.contains("adapter")
        && page.output.hasSuffix("\npeft-bench model COMMAND --help explains one of them.\n"))
    #expect(try SpawnedProgram.run(["help", "model"]).output == page.output)
  }

  @Test("Without a command, help goes to standard error with status 2") func nothing() throws {
    let result = try SpawnedProgram.run([])
    #expect(result.status == 2 && result.output.isEmpty && result.diagnostics.hasPrefix("Usage:"))
  }

  @Test("The version is one line") func version() throws {
    let result = try SpawnedProgram.run(["--version"])
    #expect(result.status == 0 && result.output.hasPrefix("peft-bench 0.") && result.output.hasSuffix(")\n"))
    let json = try SpawnedProgram.run(["version", "--json"]).output
    let value = try JSONParser.parse(DocumentText(name: "output", bytes: Array(json.utf8)))
    #expect(value["version"]?.string?.isEmpty == false)
  }

  @Test(
    "Wrong usage says what is wrong on standard error, with status 2",
    arguments: [
      (["completons"], "error: unknown command completons; did you mean completions?\nTry: peft-bench --help\n"),
      (
        ["version", "--jsn"],
        "error: version: unknown option --jsn; did you mean --json?\nTry: peft-bench version --help\n"
      ),
      (
        ["completions"],
        "error: completions: expected SHELL, one of bash, zsh, fish\nTry: peft-bench completions --help\n"
      ),
      (
        ["data"],
        "error: data: expected one of: status, preview, import, fetch, cat, generate\nTry: peft-bench data --help\n"
      ),
      (["tokenize"], "error: tokenize: --model is missing\nTry: peft-bench tokenize --help\n"),
      (
        ["completions", "tcsh"],
        "error: completions: SHELL: expected one of bash, zsh, fish, found \"tcsh\"\nTry: peft-bench completions --help\n"
      ),
      (["--versoin"], "error: expected a command, found --versoin; did you mean --version?\nTry: peft-bench --help\n"),
      (
        ["version", "\u{1B}[31m"], "error: version: unexpected argument ⟨U+001B⟩[31m\nTry: peft-bench version --help\n"
      ),
    ]) func wrongUsage(arguments: [String], message: String) throws
  {
    let result = try SpawnedProgram.run(arguments)
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.diagnostics == message)
  }

  @Test("A reader that goes away ends the program quietly") func brokenPipe() throws {
    let result = try SpawnedProgram.run(
      [], shell: "(sleep 0.2; \"$PROGRAM\" completions fish; echo status $? >&2) | true")
    #expect(result.diagnostics == "status 0\n")
  }

  @Test("A full disk is an error") func fullDisk() throws {
    let result = try SpawnedProgram.run([], shell: "\"$PROGRAM\" --help > /dev/full")
    #expect(result.status == 1 && result.diagnostics.hasPrefix("error: cannot write to standard output"))
  }

  @Test("Colours follow the environment") func colors() throws {
    #expect(try SpawnedProgram.run(["x"], environment: ["CLICOLOR_FORCE": "1"]).diagnostics.contains("\u{1B}[31m"))
    #expect(
      try !SpawnedProgram.run(["x"], environment: ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"]).diagnostics
        .contains("\u{1B}"))
  }

  @Test("Errors become statuses") func statuses() {
    struct Wrong: InputError { var description: String { "x.json:1:2: wrong" } }
    struct Odd: Error {}
    func status(_ arguments: [String], _ body: @escaping @Sendable () throws -> BenchCLI.ExitStatus)
      -> BenchCLI.ExitStatus
    {
      let command = Command(name: "try it", summary: "", examples: [], run: { _, _ in try body() })
      return Program.run(arguments, console: Console(), commands: [command])
    }
    #expect(status(["try", "it"]) { .regression } == .regression)
    #expect(status(["try", "it"]) { throw Wrong() } == .wrongInput)
    #expect(status(["try", "it"]) { throw Odd() } == .failed)
    #expect(status(["try", "it"]) { throw Interruption() } == .interrupted)
    #expect(status(["try"]) { .done } == .wrongInput)
    #expect(status(["try", "that"]) { .done } == .wrongInput)
  }

  @Test("The first Ctrl-C raises the flag") func interrupts() async throws {
    let flag = Interrupts.flag(console: Console())
    #expect(!flag.isCancelled)
    kill(getpid(), SIGINT)
    for _ in 0..<200 where !flag.isCancelled { try await Task.sleep(for: .milliseconds(10)) }
    #expect(flag.isCancelled)
    #expect(throws: Interruption.self) { try flag.check() }
  }

  @Test("A CPU that is too old is refused with what is missing and what helps") func cpuCheck() throws {
    let old = "processor : 0\nflags\t\t: fpu sse avx\n"
    let newer = "flags\t\t: fpu sse avx avx2 fma f16c\n"
    let refusal = try #require(CPUCheck.refusal(level: "x86-64-v3", required: ["avx2", "fma"], cpuinfo: old))
    #expect(refusal.contains("needs avx2, fma") && refusal.contains("PEFT_BENCH_CPU=baseline"))
    #expect(CPUCheck.refusal(level: "x86-64-v3", required: ["avx2", "fma"], cpuinfo: newer) == nil)
    let other = CPUCheck.refusal(level: "x86-64-v4", required: ["avx2", "avx512f"], cpuinfo: newer)
    #expect(other?.contains("PEFT_BENCH_CPU=x86-64-v3") == true)
    #expect(CPUCheck.refusal() == nil)
  }

  @Test("A build is named by the architecture that it is for") func cpuLevel() {
    #if arch(arm64)
      #expect(CPUCheck.level == "arm64" && CPUCheck.requiredFeatures.isEmpty)
    #elseif arch(x86_64)
      #expect(["baseline", "x86-64-v3", "x86-64-v4"].contains(CPUCheck.level))
    #endif
  }
}
