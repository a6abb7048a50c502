// The stage: a picture before and after, with a divider that can be moved, or the two sides of a race.

import { canvas, el, input } from './dom.js';

/** Shows where the divider is. */
function place() {
  const share = Number(input('divider').value);
  el('compare').style.setProperty('--share', `${share}%`);
  input('divider').setAttribute('aria-valuetext', `${share} % before, ${100 - share} % after`);
}

/** Makes the divider follow fingers, mice and keys. */
export function openStage() {
  const compare = el('compare');
  const divider = input('divider');
  /** @param {PointerEvent} event */
  const follow = (event) => {
    const box = compare.getBoundingClientRect();
    divider.value = String(Math.round((100 * (event.clientX - box.left)) / box.width));
    place();
  };
  compare.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    compare.setPointerCapture(event.pointerId);
    follow(event);
    divider.focus({ preventScroll: true });
    event.preventDefault();
  });
  compare.addEventListener('pointermove', (event) => {
    if (compare.hasPointerCapture(event.pointerId)) follow(event);
  });
  divider.addEventListener('input', place);
  place();
}

/**
 * Paints a picture on one of the page's canvases.
 * @param {string} id of the canvas
 * @param {ImageBitmap | HTMLCanvasElement | OffscreenCanvas} picture
 */
export function paint(id, picture) {
  const c = canvas(id);
  if (c.width !== picture.width || c.height !== picture.height) {
    c.width = picture.width;
    c.height = picture.height;
  }
  c.getContext('2d')?.drawImage(picture, 0, 0);
}

/**
 * Gives the stage the proportions of a picture.
 * @param {number} width
 * @param {number} height
 */
export function proportion(width, height) {
  el('work').style.setProperty('--ratio', String(width / height));
}

/**
 * Shows that something is being computed.
 * @param {boolean} busy
 */
export function busy(busy) {
  el('progress').hidden = !busy;
}
