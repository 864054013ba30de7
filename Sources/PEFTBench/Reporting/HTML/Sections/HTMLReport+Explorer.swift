extension HTMLReport {
  /// One plot whose axes, marks and runs are chosen, with a table of what is shown.
  func explorerSection(_ data: ExplorerData?) -> PageSection? {
    guard data != nil else { return nil }
    return PageSection(
      "explorer", "Explorer",
      [
        PageParts.caption(
          "Any number of a run against any other. The line joins the marks that no other beats on both axes; faint marks "
            + "are not on it: methods that show nothing learned, and the model as it is (zero-shot). Means are over seeds, then over "
            + "datasets. Arrow keys go from mark to mark. The page's address keeps what is chosen."),
        """
        <form id="explorer-form" class="filters" hidden>
        <label>Suite <select name="suite"></select></label>
        <label>Across <select name="x"></select></label>
        <label>Up <select name="y"></select></label>
        <label>A mark is <select name="by"><option value="method">a method</option>\
        <option value="cell">a method on a dataset</option><option value="run">a run</option></select></label>
        <fieldset><legend>Axes</legend>
        <label><input type="checkbox" name="xlog"> across logarithmic</label>
        <label><input type="checkbox" name="ylog"> up logarithmic</label>
        <label><input type="checkbox" name="zero"> from zero</label>
        <label><input type="checkbox" name="front"> Pareto front</label>
        <label><input type="checkbox" name="base"> zero-shot</label></fieldset>
        <div id="explorer-facets" class="facets"></div>
        <p class="tools"><button type="button" id="explorer-reset">Reset</button> \
        <button type="button" id="explorer-csv">CSV of these runs</button></p>
        </form>
        <div id="explorer-plot" class="plot" tabindex="0" role="application" aria-describedby="explorer-count" \
        aria-label="Plot of the chosen axes; arrow keys go from mark to mark" hidden></div>
        <p id="explorer-count" class="caption" role="status"></p>
        <div class="scroll" id="explorer-scroll" role="region" aria-label="What the plot shows" tabindex="0" hidden>\
        <table id="explorer-table"><caption class="vh">What the plot shows, a row a mark</caption><thead></thead><tbody></tbody></table></div>
        <p><button type="button" id="explorer-more" hidden>Show more</button></p>
        <noscript><p>The explorer needs JavaScript; all numbers are in summary.csv.</p></noscript>
        """,
      ])
  }
}
