// The shelf: the effects that were made so far, which the server keeps.

import { ask, keep, picture, path, recall, send } from './api.js';
import { button, el, icon, make, number, say, sentence } from './dom.js';
import { status } from './connection.js';
import { state } from './state.js';
import { toast } from './toast.js';

/** @typedef {import('./api.js').Effect} Effect */

/** @type {Effect[]} the newest first */
let list = [];
/** @type {Map<string, {effect: Effect, undo: () => void, close: () => void}>} those that are to be deleted soon */
const leaving = new Map();

/** The effects on the shelf, the newest first. */
export const effects = () => list;

/** Whether an effect was made with other models than the server's. */
export const stale = (/** @type {Effect} */ e) => status !== null && e.base !== status.base;

/** Shows the shelf and selects what was selected last. */
export async function openShelf() {
  state.addEventListener('effect', () => {
    if (state.effect) keep('effect', state.effect.id);
    mark();
  });
  window.addEventListener('pagehide', () => {
    for (const { effect } of leaving.values()) send('DELETE', `/v1/effects/${effect.id}`, { keepalive: true }).catch(() => {});
  });
  document.addEventListener('keydown', (event) => {
    const writing = event.target instanceof HTMLElement && event.target.matches('input:not([type=range]), textarea');
    if (event.key === 'z' && (event.ctrlKey || event.metaKey) && !writing) [...leaving.values()].at(-1)?.undo();
  });
  await loadShelf();
  const last = list.find((e) => e.id === recall('effect'));
  if (last) state.select(last);
}

/** Reads the shelf anew. */
export async function loadShelf() {
  const { effects } = /** @type {{effects: Effect[]}} */ (await ask('GET', '/v1/effects'));
  list = effects.filter((e) => !leaving.has(e.id));
  show();
  const selected = state.effect;
  if (!selected) return;
  const now = list.find((e) => e.id === selected.id) ?? null;
  if (JSON.stringify(now) !== JSON.stringify(selected)) state.select(now);
}

/**
 * Puts an effect on the shelf, or in front.
 * @param {Effect} effect
 */
export function putFirst(effect) {
  list = [without(effect), ...list.filter((e) => e.id !== effect.id)];
  show();
}

/**
 * Takes over what the server says of an effect.
 * @param {Effect} effect
 */
export function update(effect) {
  const i = list.findIndex((e) => e.id === effect.id);
  if (i < 0) return;
  list[i] = without(effect);
  show();
  if (state.effect?.id === effect.id) state.select(list[i]);
}

/** @param {Effect} effect */
function without({ preview, ...effect }) {
  return effect;
}

/**
 * Changes an effect's name or strength.
 * @param {string} id
 * @param {{name?: string, strength?: number}} change
 */
export async function change(id, change) {
  update(await ask('PATCH', `/v1/effects/${id}`, { json: change }));
}

/**
 * Takes an effect off the shelf. It is deleted once it cannot be brought back any more.
 * @param {string} id
 */
export function remove(id) {
  const i = list.findIndex((e) => e.id === id);
  if (i < 0) return;
  const [effect] = list.splice(i, 1);
  const back = () => {
    leaving.delete(id);
    list = [...list, effect].sort((a, b) => b.created.localeCompare(a.created));
    show();
    state.select(effect);
  };
  const t = toast(`“${effect.name}” is deleted.`, {
    label: 'Undo', act: back,
    gone: async () => {
      try {
        await ask('DELETE', `/v1/effects/${id}`);
        leaving.delete(id);
      } catch (error) {
        back();
        toast(`“${effect.name}” is still there: ${error instanceof Error ? error.message : error}.`);
      }
    },
  });
  leaving.set(id, { effect, undo: t.act, close: t.close });
  if (state.effect?.id === id) state.select(null);
  show();
  const near = el('cards').querySelectorAll('.card')[Math.min(i, list.length - 1)];
  if (near instanceof HTMLElement) near.focus();
  else el('prompt').focus();
  say(`${effect.name} is deleted. Press Control Z to undo.`);
}

/** @type {Map<string, HTMLLIElement>} by the effect's ID */
const cards = new Map();

/** Brings the cards in line with the list. */
function show() {
  el('shelf').hidden = list.length === 0;
  el('shelf-count').textContent = number(list.length);
  for (const [id, card] of cards) {
    if (!list.some((e) => e.id === id)) {
      card.remove();
      cards.delete(id);
      seen.unobserve(card);
    }
  }
  const parent = el('cards');
  list.forEach((effect, i) => {
    const card = cards.get(effect.id) ?? newCard(effect);
    fill(card, effect);
    if (parent.children[i] !== card) parent.insertBefore(card, parent.children[i] ?? null);
  });
  button('blend').hidden = list.length < 2;
  mark();
}

/** @param {Effect} effect */
function newCard(effect) {
  const { id } = effect;
  const picture = make('img', { alt: '', width: 160, height: 160 });
  const select = make('button', {
    type: 'button', className: 'card', 'data-effect': id,
    onclick: () => {
      state.select(list.find((e) => e.id === id) ?? null);
      el('stage').scrollIntoView({ block: 'nearest' });
    },
  }, make('span', { className: 'thumb' }, picture), make('span', { className: 'card-name' }), make('span', { className: 'card-facts' }));
  const close = make('button', { type: 'button', className: 'card-delete', onclick: () => remove(id) }, icon('close'));
  const card = make('li', { className: 'cell' }, select, close);
  cards.set(id, card);
  seen.observe(card);
  return card;
}

/**
 * @param {HTMLLIElement} card
 * @param {Effect} effect
 */
function fill(card, effect) {
  const [name, facts, close] = ['.card-name', '.card-facts', '.card-delete'].map((s) => /** @type {HTMLElement} */ (card.querySelector(s)));
  name.textContent = effect.name;
  facts.textContent = stale(effect) ? 'other models' : effect.blend ? 'blend' : effect.steps > 0 ? `${number(effect.steps)} steps` : 'as written';
  card.classList.toggle('stale', stale(effect));
  close.setAttribute('aria-label', `Delete ${effect.name}`);
  close.title = 'Delete';
  const wanted = `${effect.version} ${effect.strength} ${status?.base}`;
  if (card.dataset.wanted === wanted) return;
  card.dataset.wanted = wanted;
  if (card.dataset.seen) enqueue(effect.id);
}

/** Shows which card is selected. */
function mark() {
  for (const [id, card] of cards) card.querySelector('.card')?.setAttribute('aria-pressed', String(state.effect?.id === id));
}

/** Thumbnails are fetched once their cards come near the screen. */
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting || !(entry.target instanceof HTMLLIElement)) continue;
    entry.target.dataset.seen = 'yes';
    seen.unobserve(entry.target);
    for (const [id, card] of cards) if (card === entry.target) enqueue(id);
  }
}, { rootMargin: '400px' });

/** @type {string[]} effects whose thumbnails are to be fetched */
const queue = [];
let fetching = false;

/** @param {string} id */
async function enqueue(id) {
  if (!queue.includes(id)) queue.push(id);
  if (fetching) return;
  fetching = true;
  for (let next = queue.shift(); next; next = queue.shift()) await fetchThumbnail(next);
  fetching = false;
}

/** @param {string} id */
async function fetchThumbnail(id) {
  const card = cards.get(id);
  const i = card?.querySelector('img');
  const effect = list.find((e) => e.id === id);
  if (!card || !i || !effect || stale(effect)) return;
  try {
    const blob = await picture('GET', path(`/v1/effects/${id}/preview`, { side: 160 }), { cache: 'no-cache' });
    const old = i.src;
    i.src = URL.createObjectURL(blob);
    if (old) URL.revokeObjectURL(old);
  } catch {
    card.dataset.wanted = ''; // fetched when the shelf is shown again
  }
}

/**
 * Says that something about an effect failed.
 * @param {unknown} error
 */
export const failed = (error) => toast(sentence(error));
