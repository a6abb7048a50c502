// The panel of the selected effect: its name, its strength, and what can be taken along.

import { ask } from './api.js';
import { cameraOn } from './camera.js';
import { connection } from './connection.js';
import { button, canvas, el, input, link, number, paused, say } from './dom.js';
import { apply } from './render.js';
import { change, effects, failed, putFirst, remove, stale } from './shelf.js';
import { state, training } from './state.js';
import { preview, refresh } from './view.js';

/** Lets the panel show and change the selected effect. */
export function openPanel() {
  state.addEventListener('effect', show);
  connection.addEventListener('status', show);
  openName();
  openStrength();
  button('delete').addEventListener('click', () => state.effect && remove(state.effect.id));
  button('get-picture').addEventListener('click', () => savePicture().catch(failed));
  button('anew').addEventListener('click', () => makeAnew().catch(failed));
}

function show() {
  const effect = state.effect;
  el('empty').hidden = effect !== null;
  el('effect').hidden = effect === null;
  document.title = effect ? `${effect.name} · Warmstart` : 'Warmstart';
  if (!effect) return;
  const old = stale(effect);
  el('stale').hidden = !old;
  el('live').hidden = old;
  const name = input('name');
  if (document.activeElement !== name || name.dataset.effect !== effect.id) name.value = effect.name;
  name.dataset.effect = effect.id;
  name.title = effect.name;
  el('facts').textContent = facts(effect);
  showStrength();
  const whole = effect.kind === 'weights';
  const adapter = link('get-adapter');
  adapter.href = `/v1/effects/${effect.id}/${whole ? 'weights' : 'adapter'}`;
  adapter.lastChild?.replaceWith(whole ? 'Weights' : 'Adapter');
  link('get-onnx').href = `/v1/effects/${effect.id}/onnx`;
}

/** @param {import('./api.js').Effect} effect */
function facts(effect) {
  const parts = [];
  if (effect.name !== effect.prompt && !effect.blend) parts.push(`“${effect.prompt}”`);
  if (effect.blend) {
    const [a, b] = [effect.blend.a, effect.blend.b].map((id) => effects().find((e) => e.id === id)?.name ?? 'one that is gone');
    parts.push(`${number(100 * (1 - effect.blend.weight))} % ${a}, ${number(100 * effect.blend.weight)} % ${b}`);
  }
  parts.push(effect.steps === 0 ? 'Weights as they were written' : `Trained for ${number(effect.steps)} steps`);
  if (effect.psnr) parts.push(`${number(effect.psnr, 1)} dB`);
  return parts.join(' · ');
}

function openName() {
  const name = input('name');
  const restore = () => { name.value = state.effect?.name ?? ''; };
  name.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') restore();
    if (event.key === 'Enter' || event.key === 'Escape') name.blur();
  });
  name.addEventListener('change', async () => {
    const effect = state.effect;
    const wanted = name.value.trim();
    if (!effect || wanted === effect.name) return;
    if (wanted === '') return restore();
    try {
      await change(effect.id, { name: wanted });
      say(`Renamed to ${wanted}.`);
    } catch (error) {
      restore();
      failed(error);
    }
  });
}

const storeStrength = paused(400, async () => {
  const { effect, strength } = state;
  if (!effect || strength === effect.strength) return;
  try {
    await change(effect.id, { strength });
  } catch (error) {
    failed(error);
    state.select(effect);
  }
});

function openStrength() {
  const slider = input('strength');
  slider.addEventListener('input', () => {
    state.strength = Number(slider.value);
    showStrength();
    preview();
    storeStrength();
  });
}

function showStrength() {
  const percent = `${Math.round(100 * state.strength)} %`;
  input('strength').value = String(state.strength);
  input('strength').setAttribute('aria-valuetext', percent);
  el('strength-value').textContent = percent;
  input('strength').disabled = training();
}
state.addEventListener('job', showStrength);

/** Downloads what is on the stage, in all pixels that there are. */
async function savePicture() {
  const { effect, source } = state;
  if (!effect || !source) return;
  const blob = cameraOn() ? await png(canvas('after')) : await apply(source.large, 2048, { format: 'png' });
  const a = document.createElement('a');
  a.href = URL.createObjectURL(blob);
  a.download = `${effect.name.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '') || 'effect'}.png`;
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 60_000);
}

/**
 * @param {HTMLCanvasElement} c
 * @returns {Promise<Blob>}
 */
const png = (c) => new Promise((resolve, reject) => {
  c.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the picture cannot be saved'))), 'image/png');
});

/** Makes an effect of other models again, with the server's. */
async function makeAnew() {
  const old = state.effect;
  if (!old) return;
  putFirst(await ask('POST', '/v1/effects', { json: { prompt: old.prompt, name: old.name } }));
  state.select(effects()[0]);
  refresh();
}
