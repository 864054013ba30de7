import Foundation
import PEFTBench
import PEFTCore

/// The worker processes of one sweep.
struct WorkerCrew {
  let workers: [WorkerProcess]

  /// Open files that the sweep itself needs beside its workers' pipes.
  private static let ownFiles = 16

  /// Starts processes, fewer than asked for where a limit on processes, threads or open files leaves no room for that
  /// many.
  ///
  /// - Parameters:
  ///   - count: How many are asked for.
  ///   - threads: Threads of each.
  ///   - make: Describes one.
  ///   - note: Told why there are fewer.
  /// - Throws: `FileError` that names the limit where not even one can be started.
  static func start(
    _ count: Int, threads: Int, note: (String) -> Void, make: () -> WorkerProcess
  ) throws -> WorkerCrew {
    // A process, its reader of orders, its helpers, and the thread here that waits for it.
    let tasks = threads + 2
    var limit: String?
    var wanted = count
    let room = count > 1 ? CheckedThread.room(for: count * tasks) : tasks
    if room < count * tasks {
      wanted = max(1, room / tasks)
      limit = ProcessLimit.reason(EAGAIN)
    }
    var workers: [WorkerProcess] = []
    do {
      while workers.count < wanted {
        guard workers.isEmpty || ProcessLimit.hasRoom(forFiles: ownFiles) else {
          limit = ProcessLimit.reason(EMFILE)
          break
        }
        let worker = make()
        do throws(FileError) { try worker.start() } catch {
          guard !workers.isEmpty, let number = error.errorNumber, ProcessLimit.isLimit(number) else { throw error }
          limit = ProcessLimit.reason(number)
          break
        }
        workers.append(worker)
      }
      var ready: [WorkerProcess] = []
      var problem: (any Error)?
      for worker in workers {
        do {
          try worker.awaitReady()
          ready.append(worker)
        } catch {
          problem = problem ?? error
        }
      }
      if let problem {
        guard !ready.isEmpty, !(problem is Interruption) else { throw problem }
        limit = "\(problem)"
      }
      if let limit { note("\(ready.count) of \(count) runs at once: \(limit)") }
      return WorkerCrew(workers: ready)
    } catch {
      WorkerCrew(workers: workers).finish()
      throw error
    }
  }

  /// Ends all processes at once.
  func kill() { for worker in workers { worker.kill() } }

  /// Lets all processes end, and waits for them.
  func finish() { for worker in workers { worker.finish() } }
}
