// What is on the stage: the source, and what the selected effect makes of it.

import { cameraOn } from './camera.js';
import { canvas, el, latest, note, sentence } from './dom.js';
import { apply, render, runsHere } from './render.js';
import { busy, paint, proportion } from './stage.js';
import { stale } from './shelf.js';
import { reachable, state, training } from './state.js';
import { isLost } from './connection.js';
import { settled } from './follow.js';

/** Sides of pictures that are to be there soon, in pixels. */
const quickSide = 256;
const liveSide = 384;

let told = false; // whether an error is shown

/** Shows the source and, over it, what the effect makes of it: at once in few pixels, then in all. */
export const refresh = latest(async () => {
  const source = state.source;
  if (!source) return;
  if (!cameraOn()) {
    proportion(source.bitmap.width, source.bitmap.height);
    paint('before', source.bitmap);
  }
  if (!state.effect || stale(state.effect)) {
    if (!cameraOn()) paint('after', source.bitmap);
    return;
  }
  if (cameraOn() || versus()) return;
  busy(true);
  try {
    const there = painted === mark();
    painted = '';
    if (training()) {
      await pass(source, liveSide);
    } else {
      if (!there) await pass(source, quickSide);
      await pass(source, source.side);
    }
    if (told) note(el('look-note'), '');
    told = false;
  } catch (error) {
    told = !isLost();
    if (told) note(el('look-note'), sentence(error));
  } finally {
    busy(false);
  }
});

/**
 * @param {import('./state.js').Source} source
 * @param {number} side
 */
async function pass(source, side) {
  const { effect, strength } = state;
  if (!effect) return;
  const by = runsHere() ? 'browser' : 'server';
  const result = await render(source, side);
  const current = state.source === source && state.effect === effect && state.strength === strength;
  if (!current || cameraOn()) return;
  paint('after', result);
  canvas('after').dataset.by = by;
}

/** Shows the source as the effect makes it while the strength is being changed. */
export const preview = latest(async () => {
  const source = state.source;
  if (!source || !state.effect || cameraOn()) return;
  try {
    await pass(source, quickSide);
  } catch {
    // the last one counts, and refresh tells
  }
});

/** Whether the stage shows the two sides of a race. */
export const versus = () => !el('versus').hidden;

/** What is on the stage, as far as the effect and the source go. */
const mark = () => `${state.effect?.id} ${state.effect?.version} ${state.strength} ${state.source?.name}`;
let painted = ''; // the mark of a picture that came with an answer

/**
 * Selects a new effect and shows the picture that has come with it.
 * @param {import('./api.js').Effect} effect
 * @param {string} [url] of data
 */
export async function showNew(effect, url) {
  if (url && !cameraOn()) {
    paint('after', await decode(url));
    state.effect = effect;
    state.strength = effect.strength;
    painted = mark();
  }
  state.select(effect);
}

/** @param {string} url of data */
async function decode(url) {
  const i = new Image();
  i.src = url;
  await i.decode();
  return createImageBitmap(i);
}

/** Shows both sides of the race as they are now. */
export const refreshVersus = latest(async () => {
  const source = state.source;
  if (!source || !versus() || !state.job) return;
  proportion(source.bitmap.width, source.bitmap.height);
  for (const of of /** @type {const} */ (['tuned', 'scratch'])) {
    if (!state.job) return;
    const last = state.job.points?.at(-1)?.[of]?.preview; // where the weights are not kept any more
    try {
      if (reachable()) paint(`versus-${of}`, await createImageBitmap(await apply(source.small, quickSide, { of })));
      else if (last && settled(state.job)) paint(`versus-${of}`, await decode(last));
    } catch {
      // the next point, or the server when it is back, brings another
    }
  }
});
