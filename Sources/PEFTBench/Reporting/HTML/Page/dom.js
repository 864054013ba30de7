"use strict";
// What all scripts of the page share. Texts reach the page by `textContent` alone, so that none of them can act; nothing
// in the data is invisible but in cells of the file, which are not shown.

const byId = id => document.getElementById(id);

const make = (tag, style, text) => {
  const element = document.createElement(tag);
  if (style) element.className = style;
  if (text !== undefined) element.textContent = text;
  return element;
};

const option = (select, value, text) => {
  const element = make("option", "", text);
  element.value = value;
  select.append(element);
};

/** The data in a script element; null where there are none. */
const pageData = id => JSON.parse(byId(id).textContent);

/** Values of a column, which is a list or the different values with the place of each. */
const columnOf = column =>
  Array.isArray(column) ? column : column.at.map(place => column.values[place]);

const grouped = number => number.replace(/\B(?=(\d{3})+(?!\d))/g, ",");

const scaled = (value, names, unit) => {
  let size = 1, name = "";
  for (const next of names) {
    if (Math.abs(value) < size * 1000) break;
    size *= 1000;
    name = next;
  }
  const number = value / size;
  const digits = name === "" ? (Number.isInteger(number) ? 0 : 2) : Math.abs(number) < 10 ? 2 : Math.abs(number) < 100 ? 1 : 0;
  return number.toFixed(digits) + (name || unit ? " " : "") + name + unit;
};

/** A number as people read it, by its unit. */
const formats = {
  percent: value => value.toFixed(1),
  points: value => value.toFixed(2),
  count: value => grouped(String(Math.round(value))),
  bytes: value => scaled(value, ["k", "M", "G", "T"], "B"),
  flops: value => value === 0 ? "0" : scaled(value, ["k", "M", "G", "T", "P"], "FLOP"),
  seconds: value => {
    if (value < 1) return `${Number(value.toPrecision(2))} s`;
    if (value < 60) return `${value.toFixed(1)} s`;
    const whole = Math.round(value), two = number => String(number).padStart(2, "0");
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  },
  number: value => Math.abs(value) >= 1000 ? grouped(String(Math.round(value))) : String(Number(value.toPrecision(4))),
};
