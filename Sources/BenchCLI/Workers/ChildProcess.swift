import Foundation
import PEFTCore
import Synchronization

/// A child process with a pipe to its standard input, one from its standard output, and a file of what it complains
/// about.
///
/// It is started by `posix_spawn` and not by Foundation's `Process`, which watches its children with a thread of its own
/// and waits for ever where a limit leaves none.
struct ChildProcess: Sendable {
  /// The process.
  let id: pid_t
  /// Where it can be written to.
  let input: Int32
  /// Where its output can be read.
  let output: Int32
  /// An unnamed file with its standard error; -1 where it shares the parent's.
  private let diagnostics: Int32

  /// Starts a program.
  ///
  /// - Throws: `FileError` that names the limit that is reached.
  static func start(_ program: String, _ arguments: [String], environment: [String: String]) throws(FileError)
    -> ChildProcess
  {
    // One at a time: a pipe is inherited by a child that another thread starts just before it is marked.
    try starting.withLock { _ throws(FileError) in
      try startAlone(program, arguments, environment: environment)
    }
  }

  private static let starting = Mutex(())

  private static func startAlone(_ program: String, _ arguments: [String], environment: [String: String])
    throws(FileError) -> ChildProcess
  {
    let toChild = try pipe(of: program)
    let fromChild: (reading: Int32, writing: Int32)
    do throws(FileError) { fromChild = try pipe(of: program) } catch {
      close(toChild.reading)
      close(toChild.writing)
      throw error
    }
    let diagnostics = unnamedFile()
    defer {
      close(toChild.reading)
      close(fromChild.writing)
    }
    var streams = [(toChild.reading, STDIN_FILENO), (fromChild.writing, STDOUT_FILENO)]
    if diagnostics >= 0 { streams.append((diagnostics, STDERR_FILENO)) }
    var id: pid_t = 0
    let problem = spawn(&id, program, [program] + arguments, environment: environment, streams: streams)
    guard problem == 0 else {
      for descriptor in [toChild.writing, fromChild.reading, diagnostics] where descriptor >= 0 { close(descriptor) }
      throw ProcessLimit.error(program, errorNumber: problem)
    }
    return ChildProcess(id: id, input: toChild.writing, output: fromChild.reading, diagnostics: diagnostics)
  }

  /// How a process ended.
  enum End: Equatable {
    case exited(status: Int32)
    case signalled(Int32)
  }

  /// Closes the pipes, waits for the end, and says how it came and what the process said last.
  func finish() -> (end: End, lastWords: String) {
    close(input)
    close(output)
    var status: Int32 = 0
    while waitpid(id, &status, 0) < 0, errno == EINTR {}
    let signal = status & 0x7F
    let words = diagnostics >= 0 ? Self.lastWords(of: diagnostics) : ""
    if diagnostics >= 0 { close(diagnostics) }
    return (signal == 0 ? .exited(status: status >> 8 & 0xFF) : .signalled(signal), words)
  }

  // MARK: - System

  /// Starts the program with these descriptors in the place of its standard streams, and with no signal blocked.
  private static func spawn(
    _ id: inout pid_t, _ program: String, _ arguments: [String], environment: [String: String],
    streams: [(own: Int32, itsOwn: Int32)]
  ) -> Int32 {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
      var attributes: posix_spawnattr_t?
    #else
      var actions = posix_spawn_file_actions_t()
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    posix_spawnattr_init(&attributes)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      posix_spawnattr_destroy(&attributes)
    }
    for (own, itsOwn) in streams { posix_spawn_file_actions_adddup2(&actions, own, itsOwn) }
    // Dispatch blocks signals in its threads, and a child would inherit that.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    let words = arguments.map { strdup($0) } + [nil]
    let variables = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in words + variables { free(text) } }
    return posix_spawn(&id, program, &actions, &attributes, words, variables)
  }

  /// A pipe that no other child inherits: its end must come when this child or the parent ends.
  private static func pipe(of program: String) throws(FileError) -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    guard Foundation.pipe(&ends) == 0 else { throw ProcessLimit.error(program, errorNumber: errno) }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// A file without a name; -1 where there cannot be one.
  private static func unnamedFile() -> Int32 {
    var template = Array((NSTemporaryDirectory() + "/peft-bench-worker-XXXXXX").utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { return -1 }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }

  /// Bytes of the end of a process's errors that are looked at.
  private static let mostComplaintBytes = 1 << 14

  /// The last error in a file of errors, or its last line.
  private static func lastWords(of descriptor: Int32) -> String {
    let end = lseek(descriptor, 0, SEEK_END)
    guard end > 0 else { return "" }
    var buffer = [UInt8](repeating: 0, count: min(Int(end), mostComplaintBytes))
    let count = pread(descriptor, &buffer, buffer.count, end - off_t(buffer.count))
    guard count > 0 else { return "" }
    let lines = String(decoding: buffer[..<count], as: UTF8.self).split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    let line = lines.last { $0.contains("error:") } ?? lines.last ?? ""
    return line.hasPrefix("error: ") ? String(line.dropFirst(7)) : line
  }
}

/// What stands in the way of one more process, thread or open file.
enum ProcessLimit {
  /// The error that a worker cannot be started; the program's path has nothing to do with a limit.
  static func error(_ program: String, errorNumber: Int32) -> FileError {
    FileError(
      path: isLimit(errorNumber) ? ProgramFile.name : program, "cannot start a worker process: \(reason(errorNumber))",
      errorNumber: errorNumber)
  }

  /// The error that there is no room for the threads that a process needs.
  static func noThread(_ program: String) -> FileError {
    FileError(path: program, "cannot start a thread: \(reason(EAGAIN))", errorNumber: EAGAIN)
  }

  /// Whether an error number means a limit that fewer processes might keep to.
  static func isLimit(_ errorNumber: Int32?) -> Bool {
    [EAGAIN, ENOMEM, EMFILE, ENFILE].contains(errorNumber ?? 0)
  }

  /// The system's reason with the limit after it.
  static func reason(_ errorNumber: Int32) -> String {
    let system = String(cString: strerror(errorNumber))
    switch errorNumber {
    case EAGAIN:
      let limit = value(of: processes).map { ", here \($0)" } ?? ""
      return "\(system): the limit on processes and threads is reached (ulimit -u\(limit), or the control group's)"
    case EMFILE:
      let limit = value(of: RLIMIT_NOFILE).map { ", here \($0)" } ?? ""
      return "\(system): the limit on open files is reached (ulimit -n\(limit))"
    case ENFILE: return "\(system): the machine's limit on open files is reached"
    default: return system
    }
  }

  /// Whether that many more files can be opened.
  static func hasRoom(forFiles count: Int) -> Bool {
    let files = (0..<count).map { _ in open("/dev/null", O_RDONLY | O_CLOEXEC) }
    for file in files where file >= 0 { close(file) }
    return files.allSatisfy { $0 >= 0 }
  }

  #if canImport(Glibc)
    private typealias Resource = __rlimit_resource
    private static let processes = __RLIMIT_NPROC
  #else
    private typealias Resource = Int32
    private static let processes = RLIMIT_NPROC
  #endif

  private static func value(of resource: Resource) -> UInt64? {
    var limit = rlimit()
    #if canImport(Glibc)
      let result = getrlimit(__rlimit_resource_t(resource.rawValue), &limit)
    #else
      let result = getrlimit(resource, &limit)
    #endif
    guard result == 0, limit.rlim_cur < 1 << 32 else { return nil }
    return UInt64(limit.rlim_cur)
  }
}
