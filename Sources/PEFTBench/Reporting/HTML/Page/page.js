// The theme, loading the page again, and tables that are sorted by their heads.
(() => {
  const root = document.documentElement;
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const button = byId("theme");
  const name = () => { button.textContent = isDark() ? "Light theme" : "Dark theme"; };
  button.hidden = false;
  name();
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("peft-bench-theme", root.dataset.theme); } catch (error) {}
    name();
  });

  const watch = byId("watch");
  if (watch) {
    const key = "peft-bench-watch";
    let timer = 0;
    const follow = () => {
      clearTimeout(timer);
      if (watch.checked) timer = setTimeout(() => location.reload(), 10000);
      try { sessionStorage.setItem(key, watch.checked ? "1" : ""); } catch (error) {}
    };
    try { watch.checked = sessionStorage.getItem(key) === "1"; } catch (error) {}
    watch.parentElement.hidden = false;
    watch.addEventListener("change", follow);
    follow();
  }

  // What an address leads to may be folded away.
  const unfold = () => {
    const target = location.hash.includes("=") ? null : byId(location.hash.slice(1));
    for (let place = target; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();

  const units = {k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15};
  const value = text => {
    const time = text.match(/^(?:(\d+):)?(\d+):(\d\d)$/);
    if (time) return (+(time[1] || 0)) * 3600 + (+time[2]) * 60 + (+time[3]);
    const number = text.replace(/,/g, "").match(/^<? ?([-+]?\d+(?:\.\d+)?)(?: ?([kMGTP])(?=[A-Z]|$))?/);
    return number ? parseFloat(number[1]) * (units[number[2]] || 1) : NaN;
  };
  const sort = (table, heads, column) => {
    const rises = heads[column].getAttribute("aria-sort") === "descending";
    heads.forEach(head => head.removeAttribute("aria-sort"));
    heads[column].setAttribute("aria-sort", rises ? "ascending" : "descending");
    const rows = [...table.tBodies[0].rows].map(row => {
      const text = row.cells[column].textContent;
      return {row, text, number: value(text)};
    });
    const sign = rises ? 1 : -1;
    rows.sort((a, b) => {
      if (isNaN(a.number) && isNaN(b.number)) return sign * a.text.localeCompare(b.text);
      return isNaN(a.number) - isNaN(b.number) || sign * (a.number - b.number);
    });
    table.tBodies[0].append(...rows.map(entry => entry.row));
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const sorter = make("button", "", head.textContent);
      sorter.type = "button";
      head.replaceChildren(sorter);
      sorter.addEventListener("click", () => sort(table, heads, column));
    });
  }

  // Tables and plots that are wider than the page say so.
  const wide = new ResizeObserver(entries => {
    for (const {target} of entries) {
      const isWide = target.scrollWidth > target.clientWidth + 2;
      target.classList.toggle("more", isWide);
      // What scrolls is reached by keyboard.
      if (target.className.startsWith("sheet")) isWide ? target.setAttribute("tabindex", "0") : target.removeAttribute("tabindex");
    }
  });
  for (const box of document.querySelectorAll(".scroll, .sheet")) wide.observe(box);
})();
