import Foundation

if CommandLine.arguments.count > 3, CommandLine.arguments[1] == "--read",
  FileReader.kinds.contains(CommandLine.arguments[2])
{
  for path in CommandLine.arguments.dropFirst(3) {
    let line = FileReader.report(path, as: CommandLine.arguments[2])
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }
  exit(0)
}
guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
  print(Options.usage)
  exit(2)
}
do {
  if let range = options.range, let format = options.chosen.first, let folder = options.folder {
    try Worker(format: format, options: options, folder: folder).run(range)
  } else if let only = options.only, let format = options.chosen.first {
    let folder = options.folder ?? "\(NSTemporaryDirectory())/peft-fuzz-case"
    try Worker(format: format, options: options, folder: folder).reproduce(only, in: folder)
  } else {
    exit(try Campaign(options).run() ? 0 : 1)
  }
} catch {
  print("peft-fuzz: \(error)")
  exit(2)
}
