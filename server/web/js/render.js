// What the selected effect makes of pictures: computed by the server, or in this browser.

import { picture, path } from './api.js';
import { runLocal } from './local.js';
import { state, training } from './state.js';

/**
 * What the selected effect, or its training so far, makes of an encoded picture.
 * @param {Blob} source
 * @param {number} side of the result at most, in pixels
 * @param {{of?: 'tuned' | 'scratch', format?: 'jpeg' | 'png', signal?: AbortSignal}} [o]
 */
export function apply(source, side, o = {}) {
  const q = { side, format: o.format };
  const at = training() || o.of
    ? path(`/v1/jobs/${state.job?.id}/apply`, { ...q, of: o.of })
    : path(`/v1/effects/${state.effect?.id}/apply`, { ...q, strength: state.strength });
  return picture('POST', at, { body: source, signal: o.signal });
}

/** Whether the effect as it is shown runs in this browser. */
export const runsHere = () => state.local && !training() && state.strength === state.effect?.strength;

/**
 * What the selected effect makes of a source.
 * @param {import('./state.js').Source} source
 * @param {number} side of the result at most, in pixels
 * @param {AbortSignal} [signal]
 * @returns {Promise<ImageBitmap>}
 */
export async function render(source, side, signal) {
  if (runsHere() && state.effect) return runLocal(state.effect, source.bitmap, Math.min(side, 512));
  const blob = side > 512 ? source.large : source.small;
  return createImageBitmap(await apply(blob, side, { signal }));
}

/**
 * What the selected effect makes of a frame.
 * @param {OffscreenCanvas} frame
 */
export async function renderFrame(frame) {
  if (runsHere() && state.effect) return runLocal(state.effect, frame, frame.width, true);
  const blob = await frame.convertToBlob({ type: 'image/jpeg', quality: 0.9 });
  return createImageBitmap(await apply(blob, frame.width));
}
