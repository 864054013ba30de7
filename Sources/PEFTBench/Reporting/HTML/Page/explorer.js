// One plot whose axes, marks and runs are chosen, and the table and file of what it shows.
(() => {
  const data = pageData("explorer-data");
  if (!data) return;
  const form = byId("explorer-form"), plot = byId("explorer-plot"), table = byId("explorer-table");
  const more = byId("explorer-more"), count = byId("explorer-count");
  const field = name => form.elements.namedItem(name);

  // MARK: What there is

  const axes = data.axes.map(axis => ({...axis, values: columnOf(axis.values)}));
  const axisOf = key => axes.find(axis => axis.key === key);
  const suiteOf = columnOf(data.suite), methodOf = columnOf(data.method);
  const facets = data.facets.map(facet => {
    const cells = columnOf(facet.cells);
    const values = [...new Set(cells)];
    const numeric = values.every(value => value === "–" || !isNaN(parseFloat(value)));
    if (numeric) values.sort((a, b) => (a === "–") - (b === "–") || parseFloat(a) - parseFloat(b));
    const place = new Map(values.map((value, index) => [value, index]));
    return {...facet, values, at: cells.map(value => place.get(value)), chosen: null};
  }).filter(facet => facet.values.length > 1 && facet.values.length <= 400);
  const columns = Object.fromEntries(data.facets.map(facet => [facet.key, columnOf(facet.cells)]));
  const csv = data.csv.cells.map(columnOf);
  const constants = data.pscp && data.pscp.constants.map(columnOf);
  const rowCount = suiteOf.length;
  // PSCP counts no score below zero.
  const floored = axisOf("score").values.map(value => value === null ? null : Math.max(0, value));
  const hasBaseAlone = data.methods.every(method => method.base);

  // MARK: What is chosen

  const defaults = {
    suite: "0", x: axisOf("parameters") ? "parameters" : axes[0].key, y: "score", by: "method", xlog: "auto",
    ylog: "0", zero: "0", front: "1", base: "0", sort: "", down: "1",
  };
  let state = {...defaults};
  let shown = 0;
  let marks = [];
  let focused = -1;

  const wide = axis => {
    const positive = axis.values.filter(value => value > 0);
    return positive.length > 1 && positive.reduce((a, b) => Math.max(a, b)) / positive.reduce((a, b) => Math.min(a, b)) >= 8;
  };
  const isLog = (key, axis) => key === "auto" ? axis.better !== "high" && wide(axis) : key === "1";

  /** The state of the address; what it does not name or names wrongly is as at the beginning. */
  const read = () => {
    state = {...defaults};
    for (const facet of facets) facet.chosen = null;
    if (!location.hash.includes("=")) return;
    const given = new URLSearchParams(location.hash.slice(1));
    for (const [key, value] of given) {
      if (key.startsWith("only-")) {
        const facet = facets.find(facet => facet.key === key.slice(5));
        if (!facet) continue;
        const places = value.split("|").map(decodeURIComponent).map(text => facet.values.indexOf(text));
        facet.chosen = new Set(places.filter(place => place >= 0));
      } else if (key in defaults) {
        const isKnown =
          key === "x" || key === "y" ? axisOf(value)
            : key === "by" ? ["method", "cell", "run"].includes(value)
              : key === "suite" ? data.suites[value] !== undefined
                : key === "sort" ? true : ["0", "1", "auto"].includes(value);
        if (isKnown) state[key] = value;
      }
    }
  };
  const write = () => {
    const told = new URLSearchParams();
    for (const key of Object.keys(defaults)) if (state[key] !== defaults[key] || key === "x" || key === "y") told.set(key, state[key]);
    for (const facet of facets)
      if (facet.chosen) told.set("only-" + facet.key, [...facet.chosen].map(place => encodeURIComponent(facet.values[place])).join("|"));
    if (location.hash !== "#" + told) history.replaceState(null, "", "#" + told);
  };

  // MARK: Marks

  const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length;

  /** The rows that the suite and the filters leave. */
  const filtered = () => {
    const rows = [];
    const active = facets.filter(facet => facet.chosen);
    const suite = data.suites.length > 1 ? +state.suite : null;
    for (let row = 0; row < rowCount; row++) {
      if (suite !== null && suiteOf[row] !== suite) continue;
      if (active.every(facet => facet.chosen.has(facet.at[row]))) rows.push(row);
    }
    return rows;
  };

  const groupBy = (rows, key) => {
    const groups = new Map();
    for (const row of rows) {
      const name = key(row);
      const group = groups.get(name);
      if (group) group.push(row); else groups.set(name, [row]);
    }
    return [...groups.values()];
  };

  /** The mean over datasets of the means over seeds; null where a run has no value. */
  const meanOf = (rows, values) => {
    const means = [];
    for (const part of groupBy(rows, row => columns.dataset[row])) {
      const numbers = part.map(row => values[row]);
      if (numbers.some(value => value === null)) return null;
      means.push(mean(numbers));
    }
    return means.length ? mean(means) : null;
  };

  /** PSCP of mean score and mean costs, as in the leaderboard. */
  const meanPSCP = rows => {
    if (!data.pscp) return null;
    const score = meanOf(rows, floored);
    const factors = ["parameters", "flops", "memory"].map((key, place) => {
      const [cost, constant] = [meanOf(rows, axisOf(key).values), meanOf(rows, constants[place])];
      return Math.pow(1 + Math.max(0, cost) / constant, -data.pscp.beta[place]);
    });
    return score === null ? null : factors.reduce((value, factor) => value * factor, score);
  };

  const valueOf = (mark, axis) => {
    if (mark.rows.length === 1) return axis.values[mark.rows[0]];
    return axis.key === "pscp" ? meanPSCP(mark.rows) : meanOf(mark.rows, axis.values);
  };

  /** Whether a row is a complete run that a mark stands for. */
  const isDrawn = row => methodOf[row] !== null && (state.base === "1" || !data.methods[methodOf[row]].base || hasBaseAlone);

  const makeMarks = rows => {
    const complete = rows.filter(row => isDrawn(row));
    const [x, y] = [axisOf(state.x), axisOf(state.y)];
    const key =
      state.by === "run" ? row => row
        : state.by === "cell" ? row => methodOf[row] + " " + columns.dataset[row] : row => methodOf[row];
    const countDatasets = rows => new Set(rows.map(row => columns.dataset[row])).size;
    const datasets = state.by === "method" ? countDatasets(complete) : 0;
    const made = groupBy(complete, key).map(rows => {
      const method = data.methods[methodOf[rows[0]]];
      const lacks = state.by === "method" ? datasets - countDatasets(rows) : 0;
      const mark = {rows, method, name: method.title, ranked: method.ranked, lacks};
      mark.x = valueOf(mark, x);
      mark.y = valueOf(mark, y);
      return mark;
    });
    const drawn = made.filter(mark => mark.x !== null && mark.y !== null);
    return {drawn, unplaced: made.length - drawn.length};
  };

  const seedsOf = mark => [...new Set(mark.rows.map(row => columns.seed[row]))];
  const datasetsOf = mark => [...new Set(mark.rows.map(row => columns.dataset[row]))];

  // MARK: The plot

  const template = make("template");
  template.innerHTML = "<svg></svg>";
  const namespace = template.content.firstChild.namespaceURI;
  const draw = (parent, tag, attributes, text) => {
    const element = document.createElementNS(namespace, tag);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    if (text !== undefined) element.textContent = text;
    parent.append(element);
    return element;
  };
  const card = make("div", "tip");
  card.hidden = true;
  card.setAttribute("role", "status");
  let ring = null, area = null;

  const tickText = (axis, value) =>
    axis.unit === "percent" || axis.unit === "points" ? String(Number(value.toFixed(2)))
      : axis.unit === "count" ? scaled(value, ["k", "M", "G", "T"], "").replace(/\.0+(?= |$)/, "").replace(" ", "")
        : formats[axis.unit](value);

  const drawPlot = () => {
    const [x, y] = [axisOf(state.x), axisOf(state.y)];
    const width = Math.max(280, plot.clientWidth - 2);
    const height = Math.round(Math.min(560, Math.max(300, width * 0.55)));
    const left = 64, right = width - 14, top = 16, bottom = height - 52;
    const svg = document.createElementNS(namespace, "svg");
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("aria-hidden", "true");
    const usesInterval = state.y === "score" && state.by === "method" && facets.every(facet => !facet.chosen || facet.key === "method" || facet.key === "model");
    const interval = mark => usesInterval && !mark.lacks && mark.method.interval;
    const heights = marks.flatMap(mark => interval(mark) ? [mark.y, ...interval(mark)] : [mark.y]);
    const across = makeScale(marks.map(mark => mark.x), left + 8, right - 8, {log: isLog(state.xlog, x), zero: state.zero === "1"});
    const up = makeScale(heights, bottom - 6, top + 6, {log: isLog(state.ylog, y), zero: state.zero === "1"});
    for (const tick of up.ticks) {
      const at = short(up.place(tick));
      draw(svg, "path", {class: "g", d: `M${left} ${at}H${right}`});
      draw(svg, "text", {x: left - 8, y: +at + 4, "text-anchor": "end"}, tickText(y, tick));
    }
    for (const tick of across.ticks) {
      const at = short(across.place(tick));
      draw(svg, "path", {class: "g", d: `M${at} ${top}V${bottom}`});
      draw(svg, "text", {x: at, y: bottom + 18, "text-anchor": "middle"}, tickText(x, tick));
    }
    draw(svg, "path", {class: "a", d: `M${left} ${bottom}H${right}`});
    draw(svg, "text", {class: "t", x: (left + right) / 2, y: height - 10, "text-anchor": "middle"}, label(x));
    draw(svg, "text", {class: "t", transform: `translate(14 ${(top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle"}, label(y));
    for (const mark of marks) [mark.px, mark.py] = [across.place(mark.x), up.place(mark.y)];
    const signs = [x, y].map(axis => axis.better === "high" ? 1 : axis.better === "low" ? -1 : 0);
    const front = state.front === "1" && signs[0] && signs[1] ? paretoFront(marks.filter(mark => mark.ranked), signs) : [];
    for (const mark of marks) mark.onFront = false;
    for (const mark of front) mark.onFront = true;
    if (front.length > 1) {
      // A step holds what the better one of two neighbours already reaches.
      const points = front.map(mark => [mark.px, mark.py]);
      let path = `M${points[0].map(short)}`;
      for (let place = 1; place < points.length; place++) {
        const [before, after] = [points[place - 1], points[place]];
        path += signs[0] < 0 ? `H${short(after[0])}V${short(after[1])}` : `V${short(after[1])}H${short(after[0])}`;
      }
      draw(svg, "path", {class: "f", d: path});
    }
    const size = marks.length > 400 ? 3.4 : marks.length > 60 ? 4.4 : 6.2;
    for (const mark of marks) {
      const ends = interval(mark);
      if (ends) draw(svg, "path", {class: "e " + mark.method.color, d: `M${short(mark.px)} ${short(up.place(ends[0]))}V${short(up.place(ends[1]))}`});
    }
    // A path a method and standing, so that thousands of marks are a few elements.
    for (const group of groupBy(marks, mark => mark.method)) {
      const {color, corners, ranked} = group[0].method;
      const path = marker(corners, size);
      draw(svg, "path", {class: `m ${color}${ranked ? "" : " faint"}`, d: group.map(mark => path(mark.px, mark.py)).join("")});
    }
    if (marks.length <= 40 && state.by === "method")
      for (const name of placeNames([...marks].sort((a, b) => b.onFront - a.onFront), [left, right + 6, 2, bottom]))
        draw(svg, "text", {class: "n", x: short(name.x), y: short(name.y), "text-anchor": name.anchor}, name.text);
    ring = draw(svg, "circle", {class: "ring", r: size + 5, visibility: "hidden"});
    plot.replaceChildren(svg, card);
    card.hidden = true;
    focused = -1;
    area = {width, height};
  };

  const label = axis => axis.title + (axis.unit === "percent" ? ", %" : axis.unit === "seconds" && !axis.title.includes("second") ? ", seconds" : "");

  const cut = text => text.length > 60 ? text.slice(0, 60) + "…" : text;

  const line = (list, term, text) => list.append(make("dt", "", term), make("dd", "", text));

  /** Shows the card of a mark; of none for -1. */
  const focus = place => {
    focused = place;
    card.hidden = place < 0;
    ring.setAttribute("visibility", place < 0 ? "hidden" : "visible");
    if (place < 0) return;
    const mark = marks[place];
    ring.setAttribute("cx", short(mark.px));
    ring.setAttribute("cy", short(mark.py));
    const [datasets, seeds] = [datasetsOf(mark), seedsOf(mark)];
    const facts = make("dl");
    const used = new Set([state.x, state.y]);
    for (const key of [state.x, state.y, "score", "pscp", "parameters", "memory"]) {
      const axis = axisOf(key);
      if (!axis || (used.has(key) && key !== state.x && key !== state.y)) continue;
      used.add(key);
      const value = valueOf(mark, axis);
      if (value !== null && !facts.textContent.includes(axis.title)) line(facts, label(axis), formats[axis.unit](value));
    }
    line(facts, "datasets", datasets.length > 3 ? String(datasets.length) : datasets.map(cut).join(", "));
    line(facts, "seeds", seeds.length > 5 ? String(seeds.length) : seeds.join(", "));
    if (mark.lacks) line(facts, "without", mark.lacks === 1 ? "1 dataset that others have" : `${mark.lacks} datasets that others have`);
    if (mark.onFront) line(facts, "front", "no mark beats it on both axes");
    if (!mark.ranked) line(facts, "front", "not ranked: see the leaderboard");
    card.replaceChildren(make("b", "", mark.name.length > 90 ? mark.name.slice(0, 90) + "…" : mark.name), facts);
    const scale = plot.clientWidth / area.width;
    const isRight = mark.px > area.width / 2;
    card.style.left = isRight ? "" : `${mark.px * scale + 14}px`;
    card.style.right = isRight ? `${(area.width - mark.px) * scale + 14}px` : "";
    card.style.top = `${Math.min(mark.py * scale, area.height * scale - 150)}px`;
  };

  const nearest = event => {
    const box = plot.getBoundingClientRect();
    const scale = area.width / box.width;
    const [x, y] = [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
    let best = -1, least = 26 * 26;
    marks.forEach((mark, place) => {
      const distance = (mark.px - x) ** 2 + (mark.py - y) ** 2;
      if (distance < least) [best, least] = [place, distance];
    });
    return best;
  };
  plot.addEventListener("pointermove", event => { const place = nearest(event); if (place !== focused) focus(place); });
  plot.addEventListener("pointerdown", event => focus(nearest(event)));
  plot.addEventListener("pointerleave", () => focus(-1));
  plot.addEventListener("blur", () => focus(-1));
  plot.addEventListener("keydown", event => {
    const steps = {ArrowRight: ["px", 1], ArrowLeft: ["px", -1], ArrowUp: ["py", -1], ArrowDown: ["py", 1], Home: ["px", -Infinity], End: ["px", Infinity]};
    if (event.key === "Escape") return focus(-1);
    const step = steps[event.key];
    if (!step || !marks.length) return;
    event.preventDefault();
    const order = marks.map((_, place) => place).sort((a, b) => marks[a][step[0]] - marks[b][step[0]] || a - b);
    const now = order.indexOf(focused);
    const next = now < 0 ? (step[1] < 0 && isFinite(step[1]) ? order.length - 1 : 0) : now + step[1];
    focus(order[Math.min(order.length - 1, Math.max(0, next))]);
  });

  // MARK: The table

  const page = 25;
  let entries = [], titles = [];

  const collator = new Intl.Collator(undefined, {numeric: true});

  /** What a mark has in a column: a number, a text, or null. */
  const cellOf = (mark, title) => {
    if (title.axis) return title.axis === axisOf(state.x) ? mark.x : title.axis === axisOf(state.y) ? mark.y : valueOf(mark, title.axis);
    switch (title.key) {
      case "method": return mark.name;
      case "runs": return mark.rows.length;
      case "front": return mark.onFront ? "●" : "";
      default: return columns[title.key][mark.rows[0]];
    }
  };

  const fillTable = () => {
    const keys = [...new Set([state.x, state.y, "score", "pscp", "parameters", "memory"])].filter(axisOf);
    titles = [{key: "method", title: "method"}];
    if (state.by !== "method") titles.push({key: "dataset", title: "dataset"});
    titles.push(state.by === "run" ? {key: "seed", title: "seed"} : {key: "runs", title: "runs", isNumber: true});
    for (const key of keys) titles.push({key, title: label(axisOf(key)), axis: axisOf(key), isNumber: true});
    if (state.front === "1") titles.push({key: "front", title: "front"});
    const key = titles.some(title => title.key === state.sort) ? state.sort : state.y;
    const sign = state.down === "1" ? -1 : 1;
    const title = titles.find(title => title.key === key);
    entries = marks.map(mark => ({mark, key: cellOf(mark, title)}));
    entries.sort((a, b) => {
      const [one, two] = [a.key, b.key];
      if (one === null || two === null) return (one === null) - (two === null);
      return sign * (title.isNumber ? one - two : collator.compare(one, two));
    });
    const head = make("tr");
    for (const title of titles) {
      const cell = make("th", title.isNumber ? "" : "w");
      cell.scope = "col";
      const button = make("button", "", title.title);
      button.type = "button";
      button.addEventListener("click", () => {
        state.down = state.sort === title.key || (!state.sort && title.key === state.y) ? (state.down === "1" ? "0" : "1") : title.isNumber ? "1" : "0";
        state.sort = title.key;
        update({keepsPlot: true});
        [...table.tHead.rows[0].cells][titles.findIndex(other => other.key === title.key)].querySelector("button").focus();
      });
      if (title.key === key) cell.setAttribute("aria-sort", sign < 0 ? "descending" : "ascending");
      cell.append(button);
      head.append(cell);
    }
    table.tHead.replaceChildren(head);
    table.tBodies[0].replaceChildren();
    shown = 0;
    showRows();
  };

  const showRows = () => {
    const rows = entries.slice(shown, shown + page).map(({mark}) => {
      const row = make("tr");
      titles.forEach((title, place) => {
        const value = cellOf(mark, title);
        const text = title.axis ? (value === null ? "–" : formats[title.axis.unit](value)) : String(value);
        const cell = make(place === 0 ? "th" : "td", (title.isNumber ? "" : "w") + (text.length > 40 ? " long" : ""), text);
        if (place === 0) cell.scope = "row";
        row.append(cell);
      });
      return row;
    });
    table.tBodies[0].append(...rows);
    shown = Math.min(entries.length, shown + page);
    more.hidden = shown >= entries.length;
  };
  more.addEventListener("click", showRows);

  // MARK: The file

  const quoted = cell => /[",\n\r]/.test(cell) ? `"${cell.replace(/"/g, '""')}"` : cell;
  const csvText = () =>
    [data.csv.columns, ...filtered().map(row => csv.map(column => column[row]))]
      .map(cells => cells.map(quoted).join(",") + "\r\n").join("");
  byId("explorer-csv").addEventListener("click", () => {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([csvText()], {type: "text/csv"}));
    link.download = "runs.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  // MARK: Controls

  const update = ({keepsPlot} = {}) => {
    const rows = filtered();
    if (!keepsPlot) {
      const {drawn, unplaced} = makeMarks(rows);
      marks = drawn;
      drawPlot();
      const runs = rows.filter(row => methodOf[row] !== null).length;
      const bases = runs - rows.filter(isDrawn).length;
      const absent = rows.length - runs;
      count.textContent =
        `${marks.length} ${marks.length === 1 ? "mark" : "marks"} of ${grouped(String(runs))} complete ${runs === 1 ? "run" : "runs"}`
        + (bases ? `; ${grouped(String(bases))} of the model as it is left out` : "")
        + (unplaced ? `; ${unplaced} without a value on these axes` : "")
        + (absent ? `; ${absent} failed or missing` : "") + ".";
    }
    fillTable();
    write();
  };

  const summary = facet =>
    facet.title + ": " + (!facet.chosen ? "all" : facet.chosen.size === 1 ? cut(facet.values[[...facet.chosen][0]]) : `${facet.chosen.size} of ${facet.values.length}`);

  const makeFacet = facet => {
    const box = make("details", "facet");
    const head = make("summary", "", summary(facet));
    const list = make("div", "choices");
    const boxes = facet.values.map((value, place) => {
      const labelled = make("label");
      const check = make("input");
      check.type = "checkbox";
      check.checked = !facet.chosen || facet.chosen.has(place);
      check.addEventListener("change", () => choose(boxes.map((box, place) => box.checked ? place : -1).filter(place => place >= 0)));
      labelled.append(check, " ", cut(value));
      list.append(labelled);
      return check;
    });
    const choose = places => {
      facet.chosen = places.length === facet.values.length ? null : new Set(places);
      head.textContent = summary(facet);
      update();
    };
    const tools = make("p", "tools");
    for (const [title, isChosen] of [["all", true], ["none", false]]) {
      const button = make("button", "", title);
      button.type = "button";
      button.addEventListener("click", () => {
        boxes.forEach(box => { box.checked = isChosen; });
        choose(isChosen ? facet.values.map((_, place) => place) : []);
      });
      tools.append(button);
    }
    box.append(head, tools, list);
    facet.refresh = () => {
      boxes.forEach((box, place) => { box.checked = !facet.chosen || facet.chosen.has(place); });
      head.textContent = summary(facet);
    };
    return box;
  };

  const showControls = () => {
    for (const name of ["suite", "x", "y", "by"]) field(name).value = state[name];
    field("xlog").checked = isLog(state.xlog, axisOf(state.x));
    field("ylog").checked = isLog(state.ylog, axisOf(state.y));
    for (const name of ["zero", "front", "base"]) field(name).checked = state[name] === "1";
    for (const facet of facets) facet.refresh();
  };

  data.suites.forEach((title, place) => option(field("suite"), place, cut(title)));
  field("suite").parentElement.hidden = data.suites.length < 2;
  for (const name of ["x", "y"]) for (const axis of axes) option(field(name), axis.key, axis.title);
  byId("explorer-facets").append(...facets.map(makeFacet));
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("change", event => {
    const {name, type, value, checked} = event.target;
    if (!(name in defaults)) return;
    state[name] = type === "checkbox" ? (checked ? "1" : "0") : value;
    if (name === "x") state.xlog = "auto";
    if (name === "y") state.ylog = "auto";
    update();
    showControls();
  });
  byId("explorer-reset").addEventListener("click", () => {
    state = {...defaults};
    for (const facet of facets) facet.chosen = null;
    showControls();
    update();
  });
  const begin = () => {
    read();
    showControls();
    update();
  };
  addEventListener("hashchange", () => { if (location.hash.includes("=")) begin(); });

  for (const element of [form, plot, byId("explorer-scroll")]) element.hidden = false;
  const address = location.hash;
  begin();
  // An address that leads elsewhere stays until something is chosen.
  if (address && !address.includes("=")) history.replaceState(null, "", address);
  if (!address) history.replaceState(null, "", location.pathname + location.search);
  let lastWidth = plot.clientWidth;
  new ResizeObserver(() => {
    if (Math.abs(plot.clientWidth - lastWidth) < 4) return;
    lastWidth = plot.clientWidth;
    drawPlot();
  }).observe(plot);
})();
