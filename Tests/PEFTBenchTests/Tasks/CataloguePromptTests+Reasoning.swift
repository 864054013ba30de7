extension CataloguePromptTests {
  static let reasoning: [PromptGolden] = [
    .init(
      "mmlu", #"{"question": "2 + 2 =", "subject": "sums", "choices": ["3", "4", "5", "6"], "answer": 1}"#,
      """
      Answer the question. Reply with A, B, C or D.
      Question: 2 + 2 =
      A: 3
      B: 4
      C: 5
      D: 6
      """, "B"),
    .init(
      "mmlu",
      #"{"train": {"question": "A gas?", "subject": "", "choices": ["iron", "gold", "tin", "neon"], "answer": "D"}}"#,
      """
      Answer the question. Reply with A, B, C or D.
      Question: A gas?
      A: iron
      B: gold
      C: tin
      D: neon
      """, "D"),
    .init(
      "piqa", #"{"goal": "Dry a cup.", "sol1": "Use a towel.", "sol2": "Use soup.", "label": 0}"#,
      """
      Which solution reaches the goal? Reply with solution1 or solution2.
      Goal: Dry a cup.
      solution1: Use a towel.
      solution2: Use soup.
      """, "solution1"),
    .init(
      "piqa", #"{"goal": "Cut bread.", "sol1": "a spoon", "sol2": "a knife ", "label": "1"}"#,
      """
      Which solution reaches the goal? Reply with solution1 or solution2.
      Goal: Cut bread.
      solution1: a spoon
      solution2: a knife
      """, "solution2"),
    .init(
      "siqa",
      #"{"context": "Kim fell.", "question": "How does Kim feel?", "answerA": "hurt", "answerB": "glad", "answerC": "rich", "label": "1"}"#,
      """
      Answer the question about this situation. Reply with A, B or C.
      Situation: Kim fell.
      Question: How does Kim feel?
      A: hurt
      B: glad
      C: rich
      """, "A"),
    .init(
      "siqa",
      #"{"context": "Lu won.", "question": "Why?", "answerA": "x", "answerB": "y", "answerC": "z", "label": 3}"#,
      """
      Answer the question about this situation. Reply with A, B or C.
      Situation: Lu won.
      Question: Why?
      A: x
      B: y
      C: z
      """, "C"),
    .init(
      "hellaswag",
      #"{"ind": 1, "ctx_a": "An NBA game starts.", "ctx_b": "then LeBron", "ctx": "An NBA game starts. then LeBron", "endings": ["runs.", "sleeps.", "sings.", "melts."], "label": "0"}"#,
      """
      Which ending continues the text best? Reply with ending1, ending2, ending3 or ending4.
      Text: An NBA game starts. then LeBron
      ending1: runs.
      ending2: sleeps.
      ending3: sings.
      ending4: melts.
      """, "ending1"),
    .init(
      "hellaswag", #"{"ctx_a": "A dog sits.", "ctx_b": "", "endings": ["a", "b", "c", "d"], "label": 3}"#,
      """
      Which ending continues the text best? Reply with ending1, ending2, ending3 or ending4.
      Text: A dog sits.
      ending1: a
      ending2: b
      ending3: c
      ending4: d
      """, "ending4"),
    .init(
      "winogrande",
      #"{"sentence": "The box fit the bag since the _ was big.", "option1": "box", "option2": "bag", "answer": "2"}"#,
      """
      Which option fills the blank _ in the sentence? Reply with option1 or option2.
      Sentence: The box fit the bag since the _ was big.
      option1: box
      option2: bag
      """, "option2"),
    .init(
      "winogrande", #"{"sentence": "_ ran.", "option1": "Al", "option2": "Bo", "answer": "1"}"#,
      """
      Which option fills the blank _ in the sentence? Reply with option1 or option2.
      Sentence: _ ran.
      option1: Al
      option2: Bo
      """, "option1"),
    .init(
      "openbookqa",
      #"{"id": "1", "question_stem": "What melts?", "choices": {"text": ["rock", "ice", "air", "light"], "label": ["A", "B", "C", "D"]}, "answerKey": "B"}"#,
      """
      Answer the question. Reply with A, B, C or D.
      Question: What melts?
      A: rock
      B: ice
      C: air
      D: light
      """, "B"),
    .init(
      "openbookqa",
      #"{"question": {"stem": "What flies?", "choices": [{"text": "kite", "label": "A"}, {"text": "mud", "label": "B"}, {"text": "coal", "label": "C"}, {"text": "salt", "label": "D"}]}, "answerKey": "A"}"#,
      """
      Answer the question. Reply with A, B, C or D.
      Question: What flies?
      A: kite
      B: mud
      C: coal
      D: salt
      """, "A"),
  ]

  static let mathAndCode: [PromptGolden] = [
    .init(
      "math_qa",
      #"{"Problem": "two and three is ?", "options": "a ) 4 , b ) 5 , c ) 6 , d ) 7 , e ) 8", "correct": "b"}"#,
      """
      Solve the problem and choose the right option. Reply with a, b, c, d or e.
      Problem: two and three is ?
      Options: a ) 4 , b ) 5 , c ) 6 , d ) 7 , e ) 8
      """, "b"),
    .init(
      "math_qa", #"{"Problem": "p ?", "options": "['a ) 1', \"b ) 2's\", 'c ) 3', 'd ) 4', 'e ) 5']", "correct": "e"}"#,
      """
      Solve the problem and choose the right option. Reply with a, b, c, d or e.
      Problem: p ?
      Options: a ) 1 , b ) 2's , c ) 3 , d ) 4 , e ) 5
      """, "e"),
    .init(
      "gsm8k",
      #"{"question": "Ida has 2 pens and buys 3. How many?", "answer": "She has 2+3=<<2+3=5>>5 pens.\n#### 5"}"#,
      """
      Solve the problem step by step. End with a line of #### and the final number.
      Ida has 2 pens and buys 3. How many?
      """, "She has 2+3=<<2+3=5>>5 pens.\n#### 5"),
    .init(
      "gsm8k", "{\"question\": \"A year's months?\", \"answer\": \"#### 12\"}",
      "Solve the problem step by step. End with a line of #### and the final number.\nA year's months?", "#### 12"),
    .init(
      "svamp",
      #"{"Body": "Ron had 9 nuts.", "Question": "He ate 4. How many now?", "question_concat": "Ron had 9 nuts. He ate 4. How many now?", "Equation": "( 9.0 - 4.0 )", "Answer": "5"}"#,
      """
      Write the calculation that solves the problem, and its result, like ( 3.0 + 4.0 ) = 7.0
      Ron had 9 nuts. He ate 4. How many now?
      """, "( 9.0 - 4.0 ) = 5.0"),
    .init(
      "svamp", #"{"Body": "Two by half.", "Question": "What?", "Equation": "( 1.0 / 4.0 )", "Answer": 0.25}"#,
      """
      Write the calculation that solves the problem, and its result, like ( 3.0 + 4.0 ) = 7.0
      Two by half. What?
      """, "( 1.0 / 4.0 ) = 0.25"),
    .init(
      "conala", #"{"question_id": 1, "intent": "sort", "rewritten_intent": "sort list `x`", "snippet": "x.sort()\n"}"#,
      "Write a short piece of Python for this task. Reply with the code only.\nsort list `x`", "x.sort()"),
    .init(
      "conala", #"{"question_id": 2, "intent": "reverse a list", "rewritten_intent": null, "snippet": "x[::-1]"}"#,
      "Write a short piece of Python for this task. Reply with the code only.\nreverse a list", "x[::-1]"),
    .init(
      "codealpacapy", #"{"prompt": "Print True.", "response": "print(True)"}"#,
      "Write Python for this task. Reply with the code only.\nPrint True.", "print(True)"),
    .init(
      "codealpacapy", #"{"prompt": "Loop.", "response": "\n    for A in b:\r\n        pass\n\n"}"#,
      "Write Python for this task. Reply with the code only.\nLoop.", "    for A in b:\n        pass"),
    .init(
      "apps",
      #"{"problem_id": 7, "question": "Print n.", "solutions": "[\"n = input()\\nprint(n)\\n\", \"print(input())\"]", "starter_code": ""}"#,
      """
      Write a Python program that solves this problem, going on from the starting code if there is any. Reply with the \
      code only.
      Problem: Print n.
      """, "n = input()\nprint(n)"),
    .init(
      "apps",
      #"{"question": "Add.", "solutions": ["class S:\n  pass"], "starter_code": "class S:\n  def add(self):\n"}"#,
      """
      Write a Python program that solves this problem, going on from the starting code if there is any. Reply with the \
      code only.
      Problem: Add.
      Starting code: \n\
      class S:
        def add(self):
      """, "class S:\n  pass"),
  ]
}
