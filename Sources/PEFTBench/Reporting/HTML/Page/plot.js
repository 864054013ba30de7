// Scales, marks and fronts of the explorer's plot.

/** A scale from values to places; logarithmic with a place of its own for zero, or linear. */
const makeScale = (values, from, to, {log, zero}) => {
  const positive = values.filter(value => value > 0);
  if (log && positive.length) {
    const hasZero = values.some(value => value <= 0);
    let [low, high] = [Math.min(...positive), Math.max(...positive)];
    if (low === high) [low, high] = [low / 2, high * 2];
    const room = Math.pow(high / low, 0.06);
    [low, high] = [low / room, high * room];
    const start = hasZero ? from + (to - from) * 0.12 : from;
    const place = value =>
      value <= 0 ? from + (to - from) * 0.04 : start + (to - start) * Math.log(value / low) / Math.log(high / low);
    let ticks = [];
    for (let decade = Math.pow(10, Math.floor(Math.log10(low))); decade <= high; decade *= 10)
      for (const factor of [1, 2, 5]) ticks.push(factor * decade);
    ticks = ticks.filter(tick => tick >= low && tick <= high);
    const decades = ticks.filter(tick => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9);
    if (ticks.length > 6 && decades.length > 1) ticks = decades;
    const step = Math.ceil(ticks.length / 6);
    ticks = ticks.filter((_, index) => index % step === 0);
    return {place, ticks: hasZero ? [0, ...ticks] : ticks};
  }
  let low = Math.min(...values), high = Math.max(...values);
  if (!values.length) [low, high] = [0, 1];
  if (zero) [low, high] = [Math.min(0, low), Math.max(0, high)];
  const room = high > low ? (high - low) * 0.06 : Math.max(Math.abs(high) * 0.1, 1e-6);
  if (!(zero && low === 0)) low -= room;
  if (!(zero && high === 0)) high += room;
  const rough = (high - low) / 5;
  const power = Math.pow(10, Math.floor(Math.log10(rough)));
  const step = [1, 2, 2.5, 5, 10].find(factor => rough <= factor * power) * power;
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step)
    ticks.push(Math.abs(tick) < step * 1e-9 ? 0 : tick);
  return {place: value => from + (to - from) * (value - low) / (high - low), ticks};
};

const short = number => (Math.round(number * 10) / 10).toString();

/**
 * The paths of marks of one shape by their place; a circle where it has no corners. All but the first point is relative and
 * so the same for all of them: thousands of marks are a few letters each.
 */
const marker = (corners, size) => {
  if (!corners.length) {
    const radius = short(size);
    const rest = `a${radius} ${radius} 0 1 0 ${short(2 * size)} 0a${radius} ${radius} 0 1 0 ${short(-2 * size)} 0Z`;
    return (x, y) => `M${short(x - size)} ${short(y)}${rest}`;
  }
  const [[firstX, firstY]] = corners;
  let rest = "";
  for (let place = 1; place < corners.length; place++)
    rest += `l${[0, 1].map(axis => (size * (corners[place][axis] - corners[place - 1][axis])).toFixed(2)).join(" ")}`;
  return (x, y) => `M${short(x + firstX * size)} ${short(y + firstY * size)}${rest}Z`;
};

/**
 * The marks that no other one beats: none is as good on both axes and better on one. By rising x.
 * `signs` are 1 where more is better and -1 where less is.
 */
const paretoFront = (marks, signs) => {
  const order = [...marks].sort((a, b) => signs[0] * (b.x - a.x) || signs[1] * (b.y - a.y));
  const front = [];
  let best = -Infinity, last = null;
  for (const mark of order) {
    const height = signs[1] * mark.y;
    if (height > best) {
      front.push(mark);
      best = height;
      last = mark;
    } else if (last && mark.x === last.x && mark.y === last.y) {
      front.push(mark);
    }
  }
  return front.sort((a, b) => a.x - b.x);
};

/** Names beside marks where they touch neither a mark nor another name; names without room are left out. */
const placeNames = (marks, area) => {
  const taken = marks.map(mark => [mark.px - 8, mark.px + 8, mark.py - 8, mark.py + 8]);
  const placed = [];
  const offsets = [
    [12, 4, 0], [-12, 4, 1], [0, -12, 0.5], [0, 20, 0.5], [10, -9, 0], [10, 17, 0], [-10, -9, 1], [-10, 17, 1],
    [0, -26, 0.5], [0, 34, 0.5],
  ];
  for (const mark of marks) {
    const text = mark.name.length > 28 ? mark.name.slice(0, 27) + "…" : mark.name;
    const width = 6.9 * [...text].length + 2;
    for (const [dx, dy, anchor] of offsets) {
      const [left, y] = [mark.px + dx - anchor * width, mark.py + dy];
      const box = [left, left + width, y - 11, y + 3];
      if (box[0] < area[0] || box[1] > area[1] || box[2] < area[2] || box[3] > area[3]) continue;
      if (taken.some(other => box[0] < other[1] && other[0] < box[1] && box[2] < other[3] && other[2] < box[3])) continue;
      taken.push(box);
      placed.push({text, x: mark.px + dx, y, anchor: ["start", "middle", "end"][anchor * 2]});
      break;
    }
  }
  return placed;
};
