/// How a method that has values of its own for each of several tasks is told which task's rows come next.
///
/// A pass through the model is of one task. Whoever has rows of several makes a pass for each and shows the task before it.
public struct TaskChoice {
  /// How many tasks there are.
  public let count: Int
  /// Lets the method stand for a task, from 0, in all passes that follow.
  public let show: (Int) -> Void

  /// Creates the choice.
  public init(count: Int, show: @escaping (Int) -> Void) {
    (self.count, self.show) = (count, show)
  }
}
