import PEFTCore

extension [Float] {
  /// Adds to a weight `[outputs, inputs]` what an update answers to each unit vector: ΔW of an update that is linear in its
  /// input and has no bias, without a formula of its own.
  ///
  /// - Parameters:
  ///   - inputs: Width of the map's input.
  ///   - context: Memory and threads.
  ///   - update: Adds the update of x `[T, inputs]` to y `[T, outputs]`, in its memory.
  mutating func addResponse(
    inputs: Int, context: ComputeContext, of update: (_ y: Variable, _ x: Variable, _ tape: Tape) -> Variable
  ) {
    let tape = Tape(context: context, recording: false)
    let outputs = count / inputs
    // A few hundred at a time, so that a wide map needs no second weight's memory.
    let step = 256
    for start in stride(from: 0, to: inputs, by: step) {
      let count = Swift.min(step, inputs - start)
      let units = Tensor(zeros: [count, inputs], in: context.pool)
      for row in 0..<count { units.mutableElements[row * inputs + start + row] = 1 }
      let zeros = Variable(constant: Tensor(zeros: [count, outputs], in: context.pool))
      let response = update(zeros, Variable(constant: units), tape).value
      withExtendedLifetime(response) {
        for output in 0..<outputs {
          for row in 0..<count { self[output * inputs + start + row] += response.elements[row * outputs + output] }
        }
      }
    }
  }
}
