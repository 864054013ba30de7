import Foundation
import PEFTBench
import PEFTCore
import Synchronization

/// Shows on standard error what a sweep is doing.
///
/// On a terminal: a table that grows by a line with each run that ends, and below it, live, one line for each run in
/// progress, the methods' standings, and one line for the whole sweep. Elsewhere: lines with the time, one for each run
/// that ends and now and then one for a run in progress.
final class SweepDisplay: Sendable {
  fileprivate struct Active {
    /// What is going on, as the lines have it.
    enum Phase: String { case choose, train, answer }

    let run: SweepRun
    var phase = Phase.train
    var done = 0
    var total = 0
    var loss: Double?
    var tokens = 0
    /// When the first unit of the phase had been done, and what had been done then.
    var start: (time: Double, done: Int, tokens: Int)?
    var lastPlain: Double

    /// How far the run has come, about: training is the longer part of one that trains.
    var share: Double {
      guard total > 0 else { return 0 }
      let part = Double(done) / Double(total)
      guard run.planned.trains else { return phase == .choose ? 0 : part }
      return switch phase {
      case .choose: 0
      case .train: 0.8 * part
      case .answer: 0.8 + 0.2 * part
      }
    }

    /// Begins a phase, unless it is under way.
    mutating func enter(_ phase: Phase) {
      guard phase != self.phase else { return }
      (self.phase, loss, start) = (phase, nil, nil)
    }

    /// What the phase counts.
    var unit: String {
      switch phase {
      case .choose: "candidate"
      case .train: "step"
      case .answer: "answer"
      }
    }
  }

  fileprivate struct State {
    var count = 0
    var hasSeeds = false
    var hasModels = false
    var active: [Active] = []
    /// The models that some worker has begun to load.
    var loaded: Set<String> = []
    /// Complete runs that this sweep did not have to do.
    var known = 0
    var hasSaidKnown = false
    var finished = 0
    var failed = 0
    /// How much work each run of the plan is, and how much of it has been done, by this sweep or before it.
    var work: [Double] = []
    var knownWork = 0.0
    var endedWork = 0.0
    /// When the first run began.
    var start: Double?
    var lastDrawn = -Double.infinity
    var standings = Standings()
    var table = GrowingTable()
  }

  private let console: Console
  private let clock: @Sendable () -> Double
  private let state = Mutex(State())

  /// Least seconds between two pictures of the live lines, and between two plain lines of a run.
  private static let liveInterval = 0.1
  private static let plainInterval = 10.0

  /// Begins; `clock` gives seconds and is for tests.
  init(console: Console, clock: @escaping @Sendable () -> Double = { ProcessInfo.processInfo.systemUptime }) {
    self.console = console
    self.clock = clock
  }

  /// Tells which runs there are and how much work each of them is, once that is known.
  func expect(_ runs: [SweepRun], work: [Double] = []) {
    let columns = console.liveSize.columns
    state.withLock { state in
      state.count = runs.count
      state.work = work
      state.hasSeeds = Set(runs.filter { !$0.planned.isZeroShot }.map(\.planned.seed)).count > 1
      state.hasModels = Set(runs.map(\.planned.model.name)).count > 1
      state.standings = Standings(runs)
      state.table = GrowingTable(
        runs, hasSeeds: state.hasSeeds, hasModels: state.hasModels, columns: columns)
    }
  }

  func see(_ event: RunEvent) {
    let now = clock()
    switch event {
    case .loading(let model):
      // Every worker loads it.
      if state.withLock({ $0.loaded.insert(model).inserted }) { console.note("Loading \(model) …") }
    case .note(let text): console.note("note: \(text)")
    case .waiting(let count):
      console.note("Waiting for \(NumberText.counted(count, "run")) that other processes are working on.")
    case .skipped(let run, let record):
      state.withLock { state in
        state.known += 1
        state.knownWork += state.work(of: run)
        state.standings.add(run, record)
      }
    case .began(let run):
      sayKnown()
      state.withLock { state in
        state.start = state.start ?? now
        state.active.removeAll { $0.run.index == run.index }
        state.active.append(Active(run: run, lastPlain: now))
      }
    case .resumed(let run, let step):
      let title = state.withLock { $0.title(run) }
      console.note("\(title) resumes after step \(step).")
    case .judged(let run, let done, let total):
      update(run, at: now) { active in
        active.enter(.choose)
        (active.done, active.total) = (done, total)
      }
    case .step(let run, let done, let total, let loss, let tokens):
      update(run, at: now) { active in
        active.enter(.train)
        (active.done, active.total, active.loss, active.tokens) = (done, total, loss, tokens)
      }
    case .answered(let run, let done, let total):
      update(run, at: now) { active in
        active.enter(.answer)
        (active.done, active.total) = (done, total)
      }
    case .finished(let run, let record): finish(run, record)
    case .failed(let run, let cause):
      let title = state.withLock { state in
        state.active.removeAll { $0.run.index == run.index }
        state.failed += 1
        state.endedWork += state.work(of: run)
        return state.title(run)
      }
      console.error("\(title) failed: \(cause)")
      return draw(at: now, evenIfRecent: true)
    }
    draw(at: now, evenIfRecent: false)
  }

  /// Takes the live lines away, and says what there was nothing to do for.
  func finish() {
    console.clearLive()
    sayKnown()
  }

  private func sayKnown() {
    let count = state.withLock { state -> Int in
      guard !state.hasSaidKnown else { return 0 }
      state.hasSaidKnown = state.known > 0
      return state.known
    }
    if count > 0 { console.note("\(NumberText.counted(count, "complete run")) skipped.") }
  }

  /// Where the runs are that are in progress, for somebody who stops them.
  var positions: [String] {
    state.withLock { state in
      state.active.filter { $0.total > 0 }.map { active in
        "\(state.title(active.run)) at \(active.unit) \(active.done) of \(active.total)"
      }
    }
  }

  // MARK: - One event

  private func update(_ run: SweepRun, at now: Double, _ change: (inout Active) -> Void) {
    let isTerminal = console.diagnosticTraits.isTerminal
    let line = state.withLock { state -> String? in
      guard let index = state.active.firstIndex(where: { $0.run.index == run.index }) else { return nil }
      change(&state.active[index])
      let active = state.active[index]
      if active.start == nil { state.active[index].start = (now, active.done, active.tokens) }
      guard !isTerminal, now - active.lastPlain >= Self.plainInterval else { return nil }
      state.active[index].lastPlain = now
      return "[\(state.place)/\(state.count)] "
        + Self.line(state.active[index], title: state.title(run), at: now, width: nil)
    }
    if let line, !console.isQuiet { plain(line) }
  }

  private func finish(_ run: SweepRun, _ record: RunRecord) {
    let isTerminal = console.diagnosticTraits.isTerminal
    let lines = state.withLock { state -> [String] in
      state.active.removeAll { $0.run.index == run.index }
      state.finished += 1
      state.endedWork += state.work(of: run)
      state.standings.add(run, record)
      if isTerminal { return state.table.lines(run, record, place: state.place) }
      let score = record.scores.primary
      return [
        "[\(state.place)/\(state.count)] \(state.title(run)): \(score.name) \(Format.percent(score.value)), "
          + "PSCP \(Format.decimal(record.pscp?.value, digits: 1)), "
          + "trained \(Format.seconds(record.costs.trainingSeconds)), "
          + "evaluated \(Format.seconds(record.costs.evaluationSeconds))"
      ]
    }
    guard !console.isQuiet else { return }
    for line in lines { if isTerminal { console.diagnostic(Console.harmless(line)) } else { plain(line) } }
  }

  private func plain(_ text: String) {
    console.diagnostic("\(Date().formatted(.iso8601)) \(Console.harmless(text))")
  }

  private func draw(at now: Double, evenIfRecent: Bool) {
    guard console.diagnosticTraits.isTerminal, !console.isQuiet else { return }
    let size = console.liveSize
    let lines = state.withLock { state -> [String]? in
      guard state.start != nil, evenIfRecent || now - state.lastDrawn >= Self.liveInterval else { return nil }
      state.lastDrawn = now
      var lines = state.active.map { Self.line($0, title: state.title($0.run), at: now, width: size.columns) }
      if let line = state.standings.line(columns: size.columns) { lines.append(line) }
      lines.append(state.sweepLine(at: now))
      return lines.suffix(size.rows).map { TextTable.fitted(Console.harmless($0), columns: size.columns) }
    }
    if let lines { console.setLive(lines) }
  }

  private static func line(_ active: Active, title: String, at now: Double, width: Int?) -> String {
    var rate = ""
    var left: Double?
    if let start = active.start, now > start.time, active.done > start.done {
      let perSecond = Double(active.done - start.done) / (now - start.time)
      left = Double(active.total - active.done) / perSecond
      rate =
        active.phase == .train
        ? "\(Format.count(Double(active.tokens - start.tokens) / (now - start.time))) tok/s"
        : "\(Format.decimal(perSecond, digits: perSecond < 10 ? 1 : 0)) \(active.unit)s/s"
    }
    return ProgressLine.line(
      "\(title) \(active.phase.rawValue)", done: active.done, total: active.total, rate: rate, left: left,
      detail: active.loss.map { "loss \(Format.decimal($0, digits: 3))" } ?? "", width: width)
  }
}

extension SweepDisplay.State {
  /// Runs that need no more work.
  fileprivate var place: Int { known + finished + failed }

  fileprivate func work(of run: SweepRun) -> Double { work.indices.contains(run.index) ? work[run.index] : 1 }

  fileprivate func title(_ run: SweepRun) -> String {
    var title = run.planned.title
    if hasSeeds, !run.planned.isZeroShot { title += " seed \(run.planned.seed)" }
    return hasModels ? "\(run.planned.model.name) \(title)" : title
  }

  fileprivate func sweepLine(at now: Double) -> String {
    var parts = ["\(place)/\(count) runs", "\(count > 0 ? 100 * place / count : 0) %"]
    if failed > 0 { parts.append("\(failed) failed") }
    let elapsed = now - (start ?? now)
    parts.append("\(ProgressLine.duration(elapsed)) elapsed")
    // Runs in progress count as far as they have come.
    let done = endedWork + active.reduce(0) { $0 + $1.share * work(of: $1.run) }
    let all = (0..<count).reduce(0) { $0 + (work.indices.contains($1) ? work[$1] : 1) }
    if done > 0.01 * all {
      parts.append("\(ProgressLine.duration(elapsed / done * (all - knownWork - done))) left")
    }
    return parts.joined(separator: "  ")
  }
}

/// The lines of runs that have ended, in columns wide enough for all runs of the sweep.
private struct GrowingTable {
  private var widths = (dataset: 7, method: 6, model: 5)
  private var hasSeeds = false
  private var hasModels = false
  private var columns = 80
  private var digits = 3
  private var hasTitles = false

  init() {}

  init(_ runs: [SweepRun], hasSeeds: Bool, hasModels: Bool, columns: Int) {
    (self.hasSeeds, self.hasModels, self.columns) = (hasSeeds, hasModels, columns)
    func widest(_ least: Int, _ texts: [String]) -> Int { texts.reduce(least) { max($0, TextTable.width(of: $1)) } }
    widths.dataset = widest(7, runs.map(\.planned.dataset.id))
    widths.method = widest(6, runs.map(\.planned.method.label))
    widths.model = widest(5, runs.map(\.planned.model.name))
    digits = max(3, "\(runs.count)".count)
  }

  mutating func lines(_ run: SweepRun, _ record: RunRecord, place: Int) -> [String] {
    let line = row([
      "\(place)", run.planned.model.name, run.planned.dataset.id, run.planned.method.label,
      run.planned.isZeroShot ? "–" : "\(run.planned.seed)", Format.percent(record.scores.primary.value),
      Format.decimal(record.pscp?.value, digits: 1), Format.seconds(record.seconds), record.scores.primary.name,
    ])
    defer { hasTitles = true }
    let titles = ["run", "model", "dataset", "method", "seed", "score", "PSCP", "time", "metric"]
    return hasTitles ? [line] : [row(titles), line]
  }

  private func row(_ cells: [String]) -> String {
    func right(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - TextTable.width(of: text))) + text
    }
    func left(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(0, width - TextTable.width(of: text)))
    }
    var parts = [right(cells[0], digits)]
    if hasModels { parts.append(left(cells[1], widths.model)) }
    parts += [left(cells[2], widths.dataset), left(cells[3], widths.method)]
    if hasSeeds { parts.append(right(cells[4], 6)) }
    parts += [right(cells[5], 5), right(cells[6], 5), right(cells[7], 7), cells[8]]
    return TextTable.fitted(parts.joined(separator: "  "), columns: columns)
  }
}

/// The methods in the order of their mean PSCP, over what all of them have done.
struct Standings {
  /// Methods by what they were run on.
  private var expected: [[String]: Set<String>] = [:]
  private var values: [[String]: [String: Double]] = [:]

  init() {}

  /// The standings of a sweep that is to do these runs.
  init(_ runs: [SweepRun]) {
    for run in runs where !run.planned.isZeroShot {
      expected[Self.key(run), default: []].insert(run.planned.method.label)
    }
  }

  mutating func add(_ run: SweepRun, _ record: RunRecord) {
    guard !run.planned.isZeroShot, let value = record.pscp?.value else { return }
    values[Self.key(run), default: [:]][run.planned.method.label] = value
  }

  /// The methods with their means; empty until all methods are through with something, or if there is one only.
  var ranking: [(method: String, mean: Double)] {
    let groups = values.filter { expected[$0.key]?.isSubset(of: $0.value.keys) ?? false }
    guard !groups.isEmpty else { return [] }
    var sums: [String: (sum: Double, count: Int)] = [:]
    // In the order of the keys, since sums of floats depend on it.
    for (_, group) in groups.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      for (method, value) in group {
        sums[method, default: (0, 0)].sum += value
        sums[method, default: (0, 0)].count += 1
      }
    }
    guard sums.count > 1 else { return [] }
    return sums.map { (method: $0.key, mean: $0.value.sum / Double($0.value.count)) }
      .sorted { ($1.mean, $0.method) < ($0.mean, $1.method) }
  }

  /// The ranking in one line, as many methods of it as there is room for; nil before there is one.
  func line(columns: Int = .max) -> String? {
    let entries = ranking.map { "\($0.method) \(Format.decimal($0.mean, digits: 1))" }
    guard !entries.isEmpty else { return nil }
    func text(_ count: Int) -> String {
      "PSCP so far: " + (entries.prefix(count) + (count < entries.count ? ["…"] : [])).joined(separator: ", ")
    }
    let fitting = (1...entries.count).last { TextTable.width(of: text($0)) <= columns }
    return text(fitting ?? 1)
  }

  private static func key(_ run: SweepRun) -> [String] {
    [run.planned.model.name, run.planned.dataset.id, "\(run.planned.seed)"]
  }
}
