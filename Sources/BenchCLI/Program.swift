import Foundation
import PEFTBench
import PEFTCore

/// Finds the command that the arguments name, runs it, and turns its errors into messages and exit statuses.
enum Program {
  static func run(
    _ arguments: [String], console: Console, commands: [Command] = CommandTable.all
  ) -> ExitStatus {
    do {
      return try dispatch(arguments, console: console, commands: commands)
    } catch let error as UsageError {
      console.error(error.description)
      console.diagnostic(
        "Try: \(error.command.map { "\(ProgramFile.name) \($0) --help" } ?? "\(ProgramFile.name) --help")")
      return .wrongInput
    } catch let error as FileError where error.isMachineFault {
      console.error(error.description)
      return .failed
    } catch let error as any InputError {
      console.error(error.description)
      return .wrongInput
    } catch is Interruption {
      return .interrupted
    } catch {
      console.error("internal error: \(error)")
      return .failed
    }
  }

  private static func dispatch(_ arguments: [String], console: Console, commands: [Command]) throws -> ExitStatus {
    guard let first = arguments.first else {
      console.diagnostic(HelpText.overview(commands))
      return .wrongInput
    }
    switch first {
    case "-h", "--help":
      console.print(HelpText.overview(commands))
      return .done
    case "-V", "--version": return try run("version", [], console: console, commands: commands)
    default: break
    }
    if first.hasPrefix("-") {
      let nearest = NearestName.of(first, among: ["--help", "--version"]).map { "; did you mean \($0)?" }
      throw UsageError("expected a command, found \(first)\(nearest ?? "; options come after it")", command: nil)
    }
    if first == WorkerCommand.command.name {
      return try WorkerCommand.command.run(
        ArgumentReader.read(Array(arguments.dropFirst()), for: WorkerCommand.command), console)
    }
    let group = CommandTable.commands(ofGroup: first, in: commands)
    if !group.isEmpty, arguments.count > 1, ArgumentReader.asksForHelp([arguments[1]]) {
      console.print(HelpText.page(ofGroup: first, group))
      return .done
    }
    let (command, rest) = try CommandTable.find(arguments, in: commands)
    if ArgumentReader.asksForHelp(rest) {
      console.print(HelpText.page(of: command))
      return .done
    }
    let parsed = try ArgumentReader.read(rest, for: command)
    console.isQuiet = parsed.flag("quiet")
    return try command.run(parsed, console)
  }

  private static func run(_ name: String, _ arguments: [String], console: Console, commands: [Command]) throws
    -> ExitStatus
  {
    let (command, _) = try CommandTable.find([name], in: commands)
    return try command.run(ArgumentReader.read(arguments, for: command), console)
  }
}
