// The prompt: words, and at once a network.

import { ask, path } from './api.js';
import { button, duration, el, form, input, make, number, paused, say, sentence } from './dom.js';
import { status } from './connection.js';
import { effects, putFirst } from './shelf.js';
import { state } from './state.js';
import { showNew } from './view.js';
import { cameraOn } from './camera.js';

const shortList = 6;
const longList = 20;
const greeting = el('note').textContent ?? '';

/** Lets the form make effects, and shows prompts to begin with. */
export async function openPrompt() {
  form('ask').addEventListener('submit', (event) => {
    event.preventDefault();
    create(input('prompt').value.trim());
  });
  input('prompt').addEventListener('input', () => {
    tell(greeting);
    suggest();
  });
  document.addEventListener('keydown', (event) => {
    const typing = event.target instanceof HTMLElement && event.target.matches('input:not([type=range]), select, textarea');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !document.querySelector('dialog[open]')) {
      event.preventDefault();
      input('prompt').select();
    }
  });
  await showSuggestions('', shortList);
}

/**
 * Says something beside the prompt.
 * @param {string} text
 * @param {boolean} [bad]
 */
function tell(text, bad = false) {
  const note = el('note');
  note.textContent = text;
  note.classList.toggle('bad', bad);
  input('prompt').setAttribute('aria-invalid', String(bad));
}

const suggest = paused(250, () => showSuggestions(input('prompt').value.trim(), shortList).catch(() => {}));

/**
 * Shows prompts like a text, or some to begin with.
 * @param {string} text
 * @param {number} n
 */
export async function showSuggestions(text, n) {
  const known = text.slice(0, 300);
  const { suggestions } = /** @type {{suggestions: import('./api.js').Suggestion[]}} */ (
    await ask('GET', path('/v1/suggestions', { n, q: known || undefined })));
  if (text !== input('prompt').value.trim() && text !== '') return; // it was typed on
  const chips = suggestions.filter((s) => s.prompt !== text).map((s) => chip(s.prompt));
  if (text === '' && n < longList) {
    chips.push(make('button', { type: 'button', className: 'chip more', onclick: () => showSuggestions('', longList) }, 'More…'));
  }
  el('suggestions').classList.toggle('all', n > shortList);
  el('suggestions').scrollLeft = 0;
  el('suggestions').replaceChildren(...chips);
}

/** @param {string} prompt */
const chip = (prompt) => make('button', {
  type: 'button', className: 'chip',
  onclick: () => {
    input('prompt').value = prompt;
    create(prompt);
  },
}, prompt);

let asked = 0; // the number of the last request

/**
 * Makes the effect of a prompt and shows what it does.
 * @param {string} prompt
 */
async function create(prompt) {
  if (prompt === '') {
    tell('Say what the picture should become, such as “a watercolour painting”.', true);
    input('prompt').focus();
    return;
  }
  const begun = performance.now();
  const mine = ++asked;
  button('ask-button').classList.add('busy');
  tell('Writing weights…');
  try {
    const known = effects().find((e) => e.prompt === prompt && e.steps === 0 && e.base === status?.base);
    const effect = await (known ? ask('GET', `/v1/effects/${known.id}`) : generate(prompt));
    if (mine !== asked) return;
    putFirst(effect);
    await showNew(effects()[0], effect.preview);
    tell(report(effect, performance.now() - begun, known !== undefined));
    say(`${effect.name} is there.`);
  } catch (error) {
    if (mine === asked) refuse(error);
  } finally {
    if (mine === asked) button('ask-button').classList.remove('busy');
  }
}

/**
 * @param {string} prompt
 * @returns {Promise<import('./api.js').Effect>}
 */
function generate(prompt) {
  const sample = cameraOn() ? undefined : state.source?.sample;
  return ask('POST', '/v1/effects', { json: { prompt, sample } });
}

/**
 * What is said of a new effect.
 * @param {import('./api.js').Effect} effect
 * @param {number} took in ms
 * @param {boolean} known whether it was there before
 */
function report(effect, took, known) {
  if (known) return 'It is on the shelf already: here it is.';
  const wrote = `${number(status?.values ?? 0)} values written${effect.preview ? ' and shown' : ''} in ${duration(took / 1000)}.`;
  if (!effect.unknown?.length) return wrote;
  const words = effect.unknown.map((w) => `“${w}”`).join(', ');
  return `${wrote} Skipped as unknown: ${words}.`;
}

/** @param {unknown} error */
function refuse(error) {
  tell(sentence(error), true);
  showSuggestions(input('prompt').value.trim(), shortList).catch(() => {});
}
