// The quality of trainings over time, as a chart.

import { number } from './dom.js';

const space = 'http://www.w3.org/2000/svg';
const height = 190;
const margin = { left: 34, right: 8, top: 12, bottom: 28 };

/**
 * @typedef {{x: number, y: number}} Place
 * @typedef {{name: string, kind: 'tuned' | 'scratch', points: Place[]}} Curve
 */

/**
 * A new element of a drawing.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 */
function draw(tag, attributes, ...children) {
  const e = document.createElementNS(space, tag);
  for (const [name, value] of Object.entries(attributes)) e.setAttribute(name, String(value));
  e.append(...children);
  return e;
}

/**
 * Round numbers between two, about so many.
 * @param {number} lo
 * @param {number} hi
 * @param {number} about
 */
function ticks(lo, hi, about) {
  const raw = (hi - lo) / about;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5].find((m) => m * power >= raw) ?? 10);
  const list = [];
  for (let v = Math.ceil(lo / step) * step; v <= hi + step / 1e6; v += step) list.push(Math.abs(v) < step / 1e6 ? 0 : v);
  return { list, digits: Math.max(0, -Math.floor(Math.log10(step))) };
}

/** A chart in a place of the page. */
export class Chart {
  /** @param {HTMLElement} place */
  constructor(place) {
    this.place = place;
    this.svg = draw('svg', { role: 'img', height });
    this.again = () => {};
    place.replaceChildren(this.svg);
    new ResizeObserver(() => this.again()).observe(place);
  }

  /**
   * Draws curves.
   * @param {Curve[]} curves
   * @param {{end: number, base?: number, live: boolean}} o the least that the time axis ends at, in seconds; the quality without
   *   any network, in dB; whether there is more to come
   */
  update(curves, o) {
    this.again = () => this.draw(curves, o);
    this.again();
  }

  /**
   * @param {Curve[]} curves
   * @param {Parameters<Chart['update']>[1]} o
   */
  draw(curves, o) {
    const width = this.place.clientWidth;
    const all = curves.flatMap((c) => c.points);
    if (all.length === 0 || width === 0) return;
    const end = Math.max(o.end, ...all.map((p) => p.x));
    let [lo, hi] = [Math.min(...all.map((p) => p.y)), Math.max(...all.map((p) => p.y))];
    const based = o.base !== undefined && lo - o.base < Math.max(2, 1.5 * (hi - lo)); // it would flatten the curves
    if (based) [lo, hi] = [Math.min(lo, o.base ?? lo), Math.max(hi, o.base ?? hi)];
    const air = Math.max(0.5, 0.12 * (hi - lo));
    lo -= air;
    hi += air;
    const x = (/** @type {number} */ v) => margin.left + (v / end) * (width - margin.left - margin.right);
    const y = (/** @type {number} */ v) => height - margin.bottom - ((v - lo) / (hi - lo)) * (height - margin.top - margin.bottom);
    const parts = [...axes(x, y, lo, hi, end)];
    this.svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
    if (based && o.base !== undefined) {
      parts.push(draw('line', { class: 'chart-base', x1: x(0), x2: x(end), y1: y(o.base), y2: y(o.base) }),
        draw('text', { class: 'chart-label', x: x(end), y: y(o.base) - 5, 'text-anchor': 'end' }, 'pictures as they are'));
    }
    for (const c of curves) parts.push(...curve(c, x, y, o.live));
    this.svg.replaceChildren(...parts);
    this.svg.setAttribute('aria-label', summary(curves));
  }
}

/**
 * Lines and numbers at round values.
 * @param {(v: number) => number} x
 * @param {(v: number) => number} y
 * @param {number} lo
 * @param {number} hi
 * @param {number} end
 */
function* axes(x, y, lo, hi, end) {
  const rows = ticks(lo, hi, 4);
  for (const v of rows.list) {
    yield draw('line', { class: 'chart-grid', x1: x(0), x2: x(end), y1: y(v), y2: y(v) });
    yield draw('text', { class: 'chart-label', x: margin.left - 8, y: y(v) + 4, 'text-anchor': 'end' }, number(v, rows.digits));
  }
  const columns = ticks(0, end, 5);
  for (const v of columns.list) {
    const anchor = v === 0 ? 'start' : v === end ? 'end' : 'middle';
    yield draw('text', { class: 'chart-label', x: x(v), y: height - 8, 'text-anchor': anchor }, v === 0 ? '0 s' : `${number(v, columns.digits)} s`);
  }
}

/**
 * A curve, and a dot where it ends.
 * @param {Curve} c
 * @param {(v: number) => number} x
 * @param {(v: number) => number} y
 * @param {boolean} live
 */
function curve(c, x, y, live) {
  const last = c.points[c.points.length - 1];
  if (!last) return [];
  const d = c.points.map((p, i) => `${i ? 'L' : 'M'}${x(p.x).toFixed(1)} ${y(p.y).toFixed(1)}`).join('');
  return [
    draw('path', { class: `chart-line chart-${c.kind}`, d }),
    draw('circle', { class: `chart-dot chart-${c.kind}${live ? ' live' : ''}`, cx: x(last.x), cy: y(last.y), r: 4 }),
  ];
}

/** @param {Curve[]} curves */
function summary(curves) {
  const said = curves.filter((c) => c.points.length > 0).map((c) => {
    const [first, last] = [c.points[0], c.points[c.points.length - 1]];
    return `${c.name}: ${number(first.y, 1)} dB at first, ${number(last.y, 1)} dB after ${number(last.x, 1)} s`;
  });
  return `Quality over time. ${said.join('. ')}.`;
}
