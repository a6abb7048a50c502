// Short messages at the bottom, which go by themselves.

import { el, make } from './dom.js';

/**
 * Shows a message for a while.
 * @param {string} text
 * @param {{label: string, act: () => void, gone?: () => void} | null} [o] a button, and what is to be done if it was not used
 * @param {number} [ms]
 * @returns {{close: () => void, act: () => void}} what closes it at once, and what does as the button
 */
export function toast(text, o = null, ms = 7000) {
  let open = true;
  const end = (/** @type {(() => void) | undefined} */ then) => () => {
    if (!open) return;
    open = false;
    clearTimeout(timer);
    t.remove();
    then?.();
  };
  const t = make('div', { className: 'toast' }, make('span', {}, text));
  const act = end(o?.act);
  const close = end(o?.gone);
  if (o) t.append(make('button', { type: 'button', onclick: act }, o.label));
  const timer = setTimeout(close, ms);
  el('toasts').append(t);
  return { close, act };
}
