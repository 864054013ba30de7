// The entry point for libFuzzer, compiled into one module with the sources of PEFTCore (see scripts/libfuzzer.sh).

import Foundation

/// The first byte chooses the reader, the rest is what it reads. Errors about input are what is wanted; anything else
/// ends the process.
@_cdecl("LLVMFuzzerTestOneInput")
public func readOneInput(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  guard count > 1 else { return 0 }
  let bytes = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
  do {
    switch start[0] % 6 {
    case 0: _ = try JSONParser.parse(DocumentText(name: "input", bytes: bytes), allowsComments: start[0] > 127)
    case 1:
      let template = try ChatTemplate(source: String(decoding: bytes, as: UTF8.self), name: "input")
      _ = try template.render(
        messages: [ChatMessage(role: "user", content: "Is it?")], addGenerationPrompt: true, bosToken: "<s>")
    case 2:
      let text = DocumentText(name: "input", bytes: bytes)
      let tokenizer = try Tokenizer.load(tokenizerJSON: try JSONParser.parse(text), text: text)
      _ = tokenizer.decode(tokenizer.encode("Hello, w\u{F6}rld 12", addSpecialTokens: true), skipSpecialTokens: false)
    case 3:
      let file = try SafetensorsFile(path: try written(bytes))
      for tensor in file.tensors where tensor.type.isReadableAsFloat { _ = try tensor.floats() }
    case 4:
      let file = try GGUFFile(path: try written(bytes))
      for tensor in file.tensors where tensor.type?.weightFormat != nil { _ = try tensor.floats() }
    default:
      let text = DocumentText(name: "input", bytes: bytes)
      let description = ModelDescription(root: try JSONParser.parse(text), text: text)
      let family = try ModelFamilies.family(of: description)
      _ = try family.assemble(try family.configuration(from: description), description).parameterCount
    }
  } catch let error as any InputError {
    precondition(!error.description.isEmpty)
  } catch { fatalError("\(error)") }
  return 0
}

/// Readers that map a file get one.
private func written(_ bytes: [UInt8]) throws -> String {
  let path = NSTemporaryDirectory() + "/peft-libfuzzer-\(ProcessInfo.processInfo.processIdentifier)"
  try Data(bytes).write(to: URL(filePath: path))
  return path
}
