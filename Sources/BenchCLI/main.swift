import Foundation

// Before anything can reach vector code.
if let refusal = CPUCheck.refusal() {
  FileHandle.standardError.write(Data("peft-bench: \(refusal)\n".utf8))
  exit(ExitStatus.wrongInput.rawValue)
}

FatalSignals.occupyStandardStreams()
FatalSignals.install()
FatalSignals.saveAddressSpace()

let console = Console()
let status = Program.run(Array(CommandLine.arguments.dropFirst()), console: console)
console.flush()
exit(status.rawValue)
