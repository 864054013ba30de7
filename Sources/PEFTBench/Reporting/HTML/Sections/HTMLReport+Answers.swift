import PEFTBench

extension HTMLReport {
  /// Which labels were confused, and examples of wrong answers to look through, two methods side by side if wanted.
  func answersSection(_ answers: WrongAnswers.Outcome, _ confusion: ConfusionData) -> PageSection {
    let note =
      confusion.hasRuns
      ? "How many rows of a gold label (line) were answered with which label (column), and precision, recall and F1 of each "
        + "label. Invalid answers name no label."
      : "No run here tells its classes: answers are not label words, or an older version or a report's JSON was read."
    return PageSection(
      "answers", "Wrong answers",
      [
        "<h3 id=\"confusion\">Confusion</h3>", PageParts.caption(note),
        """
        <form class="filters" id="confusion-form" hidden>
        <label>Dataset <select id="confusion-dataset"></select></label>
        <label>Run <select id="confusion-run"></select></label>
        </form>
        <div id="confusion-tables" class="two"></div>
        <noscript><p>The tables need JavaScript; the numbers are in each run's record.json.</p></noscript>
        """, PageParts.heading("Examples"),
        PageParts.caption(answers.note),
        """
        <form class="filters" id="answers-form" hidden>
        <label>Dataset <select id="answers-dataset"></select></label>
        <label>Label <select id="answers-label"></select></label>
        <label>Method <select id="answers-method"></select></label>
        <label>Beside it <select id="answers-other"></select></label>
        <label>Seed <select id="answers-seed"></select></label>
        <label>Rows <select id="answers-rows"></select></label>
        <label class="grow">Search <input id="answers-query" type="search" autocomplete="off" placeholder="prompt, gold or given answer"></label>
        </form>
        <p id="answers-count" class="caption" role="status"></p>
        <div id="answers-list"></div>
        <p><button type="button" id="answers-more" hidden>Show more</button></p>
        <noscript><p>The search needs JavaScript; the answers are in each run's predictions.jsonl.</p></noscript>
        """,
      ])
  }
}
