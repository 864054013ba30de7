import Foundation
import PEFTCore

/// Runs the program and looks at how it ends.
struct ProgramRunner {
  let program: String

  /// Seconds after which a command is told to end, and after which it is killed.
  private static let patience = (asked: 5.0, killed: 20.0)
  /// Bytes of output that are kept; a command that prints more has its output closed.
  private static let mostBytes = 4 << 20
  /// Resident bytes that a command on small files may take.
  private static let mostResident = 512 << 20

  /// How a command ended.
  struct End {
    /// The status; -1 where a signal ended it.
    var status: Int32 = 0
    var signal: Int32 = 0
    /// What it printed, errors included.
    var text = ""
    var resident = 0
    /// It was told to end by SIGTERM after a while.
    var wasAsked = false
    var wasKilled = false

    /// What is wrong with that, if anything.
    func problem(of command: String?) -> String? {
      if wasKilled { return "does not end, not even by SIGTERM" }
      if signal != 0 { return wasAsked && signal == SIGTERM ? nil : "was ended by signal \(signal)" }
      guard [0, 1, 2].contains(status) || (status == 3 && command == "compare") || (status == 130 && wasAsked) else {
        return "ended with status \(status)"
      }
      if resident > mostResident { return "took \(resident >> 20) MiB" }
      if status == 2, !text.contains("error:"), !text.hasPrefix("Usage: ") { return "ended with status 2 and no error" }
      return text.utf8.contains(0x1B) ? "printed a terminal's escape" : nil
    }
  }

  func run(_ arguments: [String], in folder: String) throws -> End {
    try run(arguments.map { Array($0.utf8) }, in: folder)
  }

  func run(_ arguments: [[UInt8]], in folder: String) throws -> End {
    var pipe: [Int32] = [-1, -1]
    guard Foundation.pipe(&pipe) == 0 else { throw FileError(path: program, "no pipe", errorNumber: errno) }
    for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    let child = spawn(arguments, in: folder, output: pipe[1])
    close(pipe[1])
    defer { close(pipe[0]) }
    guard child > 0 else { throw FileError(path: program, "cannot be started", errorNumber: errno) }
    var end = End()
    var output: [UInt8] = []
    let start = Self.now
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      var event = pollfd(fd: pipe[0], events: Int16(POLLIN), revents: 0)
      let ready = poll(&event, 1, 100)
      if ready > 0 {
        let count = read(pipe[0], &buffer, buffer.count)
        guard count > 0 else { break }
        output += buffer[..<count]
      }
      let seconds = Self.now - start
      if !end.wasAsked, seconds > Self.patience.asked || output.count > Self.mostBytes {
        end.wasAsked = true
        kill(child, SIGTERM)
      }
      if seconds > Self.patience.killed {
        end.wasKilled = true
        kill(child, SIGKILL)
        break
      }
    }
    var status: Int32 = 0
    var usage = rusage()
    while wait4(child, &status, 0, &usage) < 0, errno == EINTR {}
    end.signal = status & 0x7F
    end.status = end.signal == 0 ? status >> 8 & 0xFF : -1
    #if canImport(Darwin)
      end.resident = usage.ru_maxrss
    #else
      end.resident = usage.ru_maxrss << 10
    #endif
    end.text = String(decoding: output, as: UTF8.self)
    return end
  }

  /// Starts the program with nothing to read, and output and errors in one pipe; -1 where that fails.
  private func spawn(_ arguments: [[UInt8]], in folder: String, output: Int32) -> pid_t {
    #if canImport(Darwin)
      var actions: posix_spawn_file_actions_t?
    #else
      var actions = posix_spawn_file_actions_t()
    #endif
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
    // Not through a string: an argument need not be UTF-8.
    let words =
      [strdup(program)]
      + arguments.map { word in
        (word.map { CChar(truncatingIfNeeded: $0) } + [0]).withUnsafeBufferPointer { text in
          text.baseAddress.flatMap { strdup($0) }
        }
      } + [nil]
    let settings = [
      "PATH=/usr/bin:/bin", "HOME=\(folder)", "HF_HOME=\(folder)/hub", "HF_HUB_OFFLINE=1", "SWIFT_BACKTRACE=enable=no",
    ]
    let variables = settings.map { strdup($0) } + [nil]
    defer { for text in words + variables { free(text) } }
    // There is no portable way to start a process in another folder, and nothing else here depends on the present one.
    let present = open(".", O_RDONLY | O_CLOEXEC)
    defer {
      fchdir(present)
      close(present)
    }
    guard chdir(folder) == 0 else { return -1 }
    var id: pid_t = -1
    return posix_spawn(&id, program, &actions, nil, words, variables) == 0 ? id : -1
  }

  private static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
}
