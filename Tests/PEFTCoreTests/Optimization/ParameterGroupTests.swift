import PEFTCore
import PEFTTestSupport
import Testing

@Suite("Parameter groups") struct ParameterGroupTests {
  private let context = ComputeContext(threads: 2)

  private func parameter(_ name: String, _ values: [Float]) -> Parameter {
    Parameter(name, shape: [values.count], in: context.pool) { values }
  }

  /// Gradients that depend on the step and, by `shift`, on the parameter.
  private func giveGradient(_ parameter: Parameter, step: Int, shift: Int) {
    parameter.accumulateGradient { gradient, _ in
      for index in 0..<parameter.elementCount {
        gradient[index] = Float((index * 7 + step * 3 + shift) % 11 - 5) * 0.1
      }
    }
  }

  @Test("Each group has its rule, decay and rate, and all are clipped by one norm, as in PyTorch") func groups() {
    let parameters = [
      parameter("a", [0.5, -1.25, 2, 0.01, -3]), parameter("b", [1, -2, 0.25]), parameter("c", [-0.5, 4]),
    ]
    let optimizer = Optimizer(
      .adamW(beta1: 0.9, beta2: 0.98, epsilon: 1e-6),
      groups: [
        ParameterGroup([parameters[0]]), ParameterGroup([parameters[1]], learningRateScale: 4, weightDecay: 0),
        ParameterGroup([parameters[2]], rule: .sgd(momentum: 0.9), learningRateScale: 0.5, weightDecay: 0.2),
      ], weightDecay: 0.1, maximumGradientNorm: 0.75, context: context)
    // torch 2.13 in float64: AdamW(lr=0.01, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.1) on a, the same with lr=0.04 and
    // no decay on b, SGD(lr=0.005, momentum=0.9, weight_decay=0.2) on c, after clip_grad_norm_([a, b, c], 0.75).
    let golden: [Int: [[Float]]] = [
      1: [
        [0.509499933, -1.25874997, 1.98800013, 0.0199899553, -3.00699997], [1.03999946, -1.96000011, 0.210000268],
        [-0.4995, 3.99749255],
      ],
      10: [
        [0.497395295, -1.24714116, 1.9480191, 0.0439349188, -2.98387428], [0.96306769, -1.86374662, 0.126872263],
        [-0.478493013, 3.84234271],
      ],
    ]
    for step in 1...10 {
      for (shift, parameter) in parameters.enumerated() { giveGradient(parameter, step: step, shift: shift) }
      let norm = optimizer.gradientNorm()
      if step == 1 { #expect(abs(norm - 1.004987562112089) < 1e-7) }
      optimizer.step(learningRate: 0.01, gradientNorm: norm)
      for (parameter, expected) in zip(parameters, golden[step] ?? []) {
        expectClose(parameter.value.values, expected, relative: 1e-6, absolute: 1e-7, "\(parameter.name), step \(step)")
      }
    }
    // Two moments for each AdamW group, one buffer for SGD, group by group.
    #expect(optimizer.moments.map(\.elementCount) == [5, 5, 3, 3, 2])
    #expect(optimizer.parameters.map(\.name) == ["a", "b", "c"])
  }

  @Test("One group has the bits of an optimizer without groups, and its norm to the last bit") func oneGroup() {
    let values = SeedStream(4).normals(40_000, standardDeviation: 1)
    func trained(_ make: ([Parameter]) -> Optimizer) -> ([Float], [Double]) {
      let parameters = [parameter("a", values), parameter("b", Array(values.prefix(77)))]
      parameters[1].learningRateScale = 3
      let optimizer = make(parameters)
      var norms: [Double] = []
      for step in 1...5 {
        for (shift, parameter) in parameters.enumerated() { giveGradient(parameter, step: step, shift: shift) }
        let direct = parameters.reduce(0.0) { sum, parameter in
          sum + (parameter.gradient?.values ?? []).reduce(0.0) { $0 + Double($1) * Double($1) }
        }.squareRoot()
        norms.append(optimizer.gradientNorm())
        #expect(abs(norms[step - 1] - direct) < 1e-9 * direct)
        optimizer.step(learningRate: 0.01, gradientNorm: norms[step - 1])
      }
      return (parameters.flatMap(\.value.values), norms)
    }
    let plain = trained {
      Optimizer(.adamW(), parameters: $0, weightDecay: 0.1, maximumGradientNorm: 1, context: context)
    }
    let grouped = trained {
      Optimizer(
        .sgd(), groups: [ParameterGroup($0, rule: .adamW(), weightDecay: 0.1)], weightDecay: 7,
        maximumGradientNorm: 1, context: context)
    }
    #expect(plain.0.map(\.bitPattern) == grouped.0.map(\.bitPattern))
    #expect(plain.1 == grouped.1)
    // The property that the norm of norms rests on.
    for index in 0..<1000 {
      let root = Double(SeedStream(5).uniform(at: index)) * 1e3
      #expect((root * root).squareRoot() == root)
    }
  }

  @Test("A step without a gradient is none of the parameter's steps, as in PyTorch, and resumes to the same bits")
  func missingGradients() {
    // torch 2.13: AdamW(lr=0.1, weight_decay=0.01) in float64, where b.grad is None in the steps 1 and 3.
    let golden: [[Float]] = [
      [0.5, -1.5], [0.3995000025, -1.398500005], [0.3995000025, -1.398500005], [0.299100505, -1.3005833055],
    ]
    func make() -> ([Parameter], Optimizer) {
      let parameters = [parameter("a", [1, -2, 3]), parameter("b", [0.5, -1.5])]
      return (
        parameters,
        Optimizer(.adamW(), parameters: parameters, weightDecay: 0.01, maximumGradientNorm: nil, context: context)
      )
    }
    func step(_ parameters: [Parameter], _ optimizer: Optimizer, _ number: Int) {
      parameters[0].accumulateGradient { gradient, _ in
        for (index, value) in [0.1 * Float(number), -0.2, 0.3].enumerated() { gradient[index] = value }
      }
      if number % 2 == 0 {
        parameters[1].accumulateGradient { gradient, _ in
          for (index, value) in [0.4, -0.1 * Float(number)].enumerated() { gradient[index] = value }
        }
      }
      optimizer.step(learningRate: 0.1, gradientNorm: optimizer.gradientNorm())
    }
    let (first, whole) = make()
    let (second, resumed) = make()
    for number in 1...4 {
      step(first, whole, number)
      expectClose(first[1].value.values, golden[number - 1], relative: 1e-6, absolute: 1e-7, "step \(number)")
      guard number == 3 else { continue }
      #expect(whole.parameterSteps == [3, 1])
      let moments = whole.moments
      #expect(!resumed.restore(stepCount: 3, parameterSteps: [3], moments: moments))
      #expect(!resumed.restore(stepCount: 3, parameterSteps: [3, 4], moments: moments))
      #expect(resumed.restore(stepCount: 3, parameterSteps: whole.parameterSteps, moments: moments))
      for (parameter, values) in zip(second, first.map(\.value.values)) { parameter.assign(values) }
    }
    let twin = whole.twin(keepsState: true)
    #expect(twin.parameterSteps == [4, 2] && make().1.parameterSteps == nil)
    step(second, resumed, 4)
    #expect(second.map(\.value.values) == first.map(\.value.values))
  }

  @Test("State that does not fit changes nothing; what fits goes on to the same bits") func restoring() {
    func make() -> ([Parameter], Optimizer) {
      let parameters = [parameter("a", [1, 2, 3]), parameter("b", [4, 5])]
      let optimizer = Optimizer(
        .adamW(),
        groups: [ParameterGroup([parameters[0]]), ParameterGroup([parameters[1]], rule: .sgd(momentum: 0.5))],
        weightDecay: 0.01, maximumGradientNorm: nil, context: context)
      return (parameters, optimizer)
    }
    func step(_ parameters: [Parameter], _ optimizer: Optimizer, _ number: Int) {
      for (shift, parameter) in parameters.enumerated() { giveGradient(parameter, step: number, shift: shift) }
      optimizer.step(learningRate: 0.1, gradientNorm: optimizer.gradientNorm())
    }
    let (first, whole) = make()
    for number in 1...3 { step(first, whole, number) }
    let state = (values: first.map(\.value.values), moments: whole.twin(keepsState: true).moments)
    step(first, whole, 4)

    let (second, resumed) = make()
    #expect(!resumed.restore(stepCount: 3, moments: Array(state.moments.dropLast())))
    #expect(resumed.stepCount == 0 && resumed.moments.allSatisfy { $0.bytes.allSatisfy { $0 == 0 } })
    #expect(resumed.restore(stepCount: 3, moments: state.moments))
    for (parameter, values) in zip(second, state.values) { parameter.assign(values) }
    step(second, resumed, 4)
    #expect(second.map(\.value.values) == first.map(\.value.values))
  }
}
