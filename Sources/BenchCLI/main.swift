import Foundation

// Before anything can reach vector code.
if let refusal = CPUCheck.refusal() {
  FileHandle.standardError.write(Data("peft-bench: \(refusal)\n".utf8))
  exit(ExitStatus.wrongInput.rawValue)
}

// A reader that goes away (`peft-bench report DIR | head`) shows as an error of write, which ends quietly.
signal(SIGPIPE, SIG_IGN)

let console = Console()
let status = Program.run(Array(CommandLine.arguments.dropFirst()), console: console)
console.flush()
exit(status.rawValue)
