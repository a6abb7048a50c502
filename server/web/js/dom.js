// Small helpers for the document.

/**
 * The element with an id, which is of a type.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {{new(): T}} type
 * @returns {T}
 */
function typed(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${type.name} #${id}`);
  return found;
}

export const el = (/** @type {string} */ id) => typed(id, HTMLElement);
export const input = (/** @type {string} */ id) => typed(id, HTMLInputElement);
export const button = (/** @type {string} */ id) => typed(id, HTMLButtonElement);
export const select = (/** @type {string} */ id) => typed(id, HTMLSelectElement);
export const form = (/** @type {string} */ id) => typed(id, HTMLFormElement);
export const canvas = (/** @type {string} */ id) => typed(id, HTMLCanvasElement);
export const link = (/** @type {string} */ id) => typed(id, HTMLAnchorElement);
export const image = (/** @type {string} */ id) => typed(id, HTMLImageElement);
export const dialog = (/** @type {string} */ id) => typed(id, HTMLDialogElement);

/**
 * A new element with properties and children.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any>} [properties] of the element; those with a hyphen are set as attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-') || name === 'role') e.setAttribute(name, value);
    else /** @type {any} */ (e)[name] = value;
  }
  e.append(...children);
  return e;
}

/**
 * An icon of the page's sprite.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.append(use);
  return svg;
}

/**
 * Tells screen readers something.
 * @param {string} text
 */
export function say(text) {
  el('say').textContent = text;
}

/**
 * Shows a sentence in a place for notes, or hides the place.
 * @param {HTMLElement} place
 * @param {string} text "" hides it
 * @param {boolean} [bad] whether it is an error
 */
export function note(place, text, bad = true) {
  place.textContent = text;
  place.hidden = text === '';
  place.classList.toggle('bad', bad && text !== '');
}

/**
 * A message as a sentence.
 * @param {unknown} error
 */
export function sentence(error) {
  const text = error instanceof Error ? error.message : String(error);
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(first) ? first : first + '.';
}

/**
 * A number as people read it.
 * @param {number} value
 * @param {number} [digits] after the point
 */
export function number(value, digits = 0) {
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/**
 * A time as people read it.
 * @param {number} s seconds
 */
export function duration(s) {
  if (s < 0.9995) return `${number(s * 1000)} ms`;
  if (s < 99.95) return `${number(s, 1)} s`;
  return `${Math.floor(s / 60)} min ${number(Math.floor(s % 60))} s`;
}

/**
 * Wraps work so that one run at a time is at work, and of the calls in the meantime only the last one is carried out.
 * @template {any[]} A
 * @param {(...args: A) => Promise<void>} work which handles its own errors
 * @returns {(...args: A) => Promise<void>} done when nothing is left to do
 */
export function latest(work) {
  /** @type {A | null} */
  let next = null;
  /** @type {Promise<void> | null} */
  let running = null;
  const run = async () => {
    try {
      while (next) {
        const args = next;
        next = null;
        await work(...args);
      }
    } finally {
      running = null;
    }
  };
  return (...args) => {
    next = args;
    running ??= run();
    return running;
  };
}

/**
 * Wraps work so that it is done once calls have paused.
 * @template {any[]} A
 * @param {number} pause in ms
 * @param {(...args: A) => void} work
 */
export function paused(pause, work) {
  let timer = 0;
  return (/** @type {A} */ ...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), pause);
  };
}
