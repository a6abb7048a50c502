// Blends of two effects.

import { ask, path, picture } from './api.js';
import { button, dialog, el, form, image, input, latest, make, note, select, sentence } from './dom.js';
import { effects, putFirst, stale } from './shelf.js';
import { state } from './state.js';

/** Lets the selected effect be mixed with another. */
export function openBlend() {
  button('blend').addEventListener('click', show);
  button('blend-close').addEventListener('click', () => dialog('blend-dialog').close());
  select('blend-other').addEventListener('change', () => draw(true));
  input('blend-weight').addEventListener('input', () => draw(false));
  form('blend-form').addEventListener('submit', (event) => {
    event.preventDefault();
    create();
  });
}

function show() {
  const mine = state.effect;
  if (!mine) return;
  const others = effects().filter((e) => e.id !== mine.id && !stale(e));
  select('blend-other').replaceChildren(...others.map((e) => make('option', { value: e.id }, e.name)));
  note(el('blend-note'), others.length ? '' : 'There is no other effect to blend it with: make one first.');
  dialog('blend-dialog').showModal();
  draw(true);
}

const weight = () => Number(input('blend-weight').value);

/** @param {boolean} all whether the two effects are shown anew, too */
function draw(all) {
  const percent = `${Math.round(100 * weight())} %`;
  el('blend-value').textContent = percent;
  input('blend-weight').setAttribute('aria-valuetext', percent);
  drawPictures(all);
}

const drawPictures = latest(async (/** @type {boolean} */ all) => {
  const a = state.effect;
  const b = effects().find((e) => e.id === select('blend-other').value);
  if (!a || !b) return;
  el('blend-a-name').textContent = a.name;
  el('blend-b-name').textContent = b.name;
  try {
    await put('blend-mix', a.id, b.id, weight());
    if (all || !image('blend-a').src) {
      await put('blend-a', a.id);
      await put('blend-b', b.id);
    }
  } catch (error) {
    note(el('blend-note'), sentence(error));
  }
});

/**
 * Shows what an effect, or a mixture, makes of the source.
 * @param {string} id of the image
 * @param {string} effect
 * @param {string} [other]
 * @param {number} [share]
 */
async function put(id, effect, other, share) {
  const source = state.source;
  if (!source) return;
  const at = path(`/v1/effects/${effect}/apply`, { side: 224, with: other, weight: share });
  const url = URL.createObjectURL(await picture('POST', at, { body: source.small }));
  if (image(id).src) URL.revokeObjectURL(image(id).src);
  image(id).src = url;
  image(id).alt = id === 'blend-mix' ? 'The blend' : '';
}

async function create() {
  const a = state.effect;
  if (!a) return;
  try {
    putFirst(await ask('POST', '/v1/effects/blend', { json: { a: a.id, b: select('blend-other').value, weight: weight() } }));
    dialog('blend-dialog').close();
    state.select(effects()[0]);
  } catch (error) {
    note(el('blend-note'), sentence(error));
  }
}
