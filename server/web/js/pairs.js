// Own pairs: a zip file or two folders, dropped or chosen, which the server keeps to train on.

import { ask, ownHeaders } from './api.js';
import { button, dialog, el, form, input, make, note, number, say, sentence } from './dom.js';

/** @typedef {import('./api.js').Pairs} Pairs */
/** @typedef {{name: string, files: File[]}} Folder */

/** @type {Pairs[]} */
let sets = [];
/** What is to be sent. */
let chosen = /** @type {{zip: File | null, a: Folder | null, b: Folder | null}} */ ({ zip: null, a: null, b: null });
/** @type {(id: string) => void} */
let taken = () => {};

/** Pairs that were brought. */
export const allPairs = () => sets;

/**
 * Lets people bring pairs.
 * @param {(id: string) => void} use is told which are to be trained on
 */
export async function openPairs(use) {
  taken = use;
  button('own-pairs').addEventListener('click', showDialog);
  button('pairs-close').addEventListener('click', () => dialog('pairs-dialog').close());
  form('pairs-form').addEventListener('submit', (event) => {
    event.preventDefault();
    upload();
  });
  for (const which of /** @type {const} */ (['a', 'b'])) {
    const file = input(`file-${which}`);
    button(`pick-${which}`).addEventListener('click', () => file.click());
    file.addEventListener('change', () => {
      const files = [...(file.files ?? [])];
      file.value = '';
      if (files.length) choose({ ...chosen, zip: null, [which]: { name: files[0].webkitRelativePath.split('/')[0] || 'folder', files } });
    });
  }
  input('file-zip').addEventListener('change', () => {
    const file = input('file-zip').files?.[0];
    input('file-zip').value = '';
    if (file) offerZip(file);
  });
  await loadPairs();
}

/** Reads anew which pairs there are. */
export async function loadPairs() {
  sets = (await ask('GET', '/v1/pairs')).pairs;
}

function showDialog() {
  if (!dialog('pairs-dialog').open) {
    choose({ zip: null, a: null, b: null });
    dialog('pairs-dialog').showModal();
  }
}

/**
 * Offers a zip file.
 * @param {File} zip
 */
export function offerZip(zip) {
  showDialog();
  choose({ zip, a: null, b: null });
}

/**
 * Offers folders: one of inputs, and one of targets.
 * @param {Folder[]} folders by name
 */
export function offerFolders(folders) {
  showDialog();
  const [a = null, b = null] = folders;
  choose(folders.length === 1 && chosen.a && !chosen.b ? { zip: null, a: chosen.a, b: a } : { zip: null, a, b });
}

const isPicture = (/** @type {File} */ f) => /\.(png|jpe?g|webp)$/i.test(f.name) && !f.name.startsWith('.');

/** The pictures of a folder. */
const pictures = (/** @type {Folder | null} */ f) => (f?.files ?? []).filter(isPicture).sort((x, y) => x.name.localeCompare(y.name, 'en', { numeric: true }));

const stem = (/** @type {File} */ f) => f.name.replace(/\.[^.]*$/, '');

/** @param {typeof chosen} what */
function choose(what) {
  chosen = what;
  const { zip, a, b } = what;
  const found = el('pairs-found');
  for (const i of found.querySelectorAll('img')) URL.revokeObjectURL(i.src);
  note(el('pairs-note'), '');
  found.hidden = !zip && !a && !b;
  const parts = [];
  if (zip) parts.push(make('p', {}, make('b', {}, zip.name), `, ${number(zip.size / 2 ** 20, 1)} MiB`));
  if (a || b) {
    const stems = new Set(pictures(b).map(stem));
    const both = pictures(a).filter((f) => stems.has(stem(f)));
    const first = both[0];
    const target = first && pictures(b).find((f) => stem(f) === stem(first));
    parts.push(half('Inputs', a, first), make('button', { type: 'button', className: 'quiet', onclick: () => choose({ ...chosen, a: b, b: a }) }, 'Swap'), half('Targets', b, target));
    if (a && b) parts.push(make('p', { className: 'whole' }, both.length ? `${number(both.length)} pairs` : 'No two files have the same name: pairs are matched by their names.'));
    button('pairs-send').disabled = both.length === 0;
  } else {
    button('pairs-send').disabled = !zip;
  }
  found.replaceChildren(...parts);
  showSets();
}

/**
 * @param {string} title
 * @param {Folder | null} folder
 * @param {File | undefined} file to show
 */
function half(title, folder, file) {
  const facts = folder ? `${folder.name}: ${number(pictures(folder).length)} pictures` : 'not chosen yet';
  const picture = file ? make('img', { src: URL.createObjectURL(file), alt: `The first of them, ${file.name}` }) : make('span', { className: 'blank' });
  return make('figure', {}, picture, make('figcaption', {}, make('b', {}, title), ` ${facts}`));
}

function showSets() {
  el('pairs-sets').hidden = sets.length === 0;
  el('pairs-sets').replaceChildren(make('h3', {}, 'On the server'), make('ul', {}, ...sets.map((p) => make('li', {},
    make('span', {}, `${p.name} (${number(p.train)} to learn from, ${number(p.test)} to measure with)`),
    make('button', { type: 'button', className: 'quiet', 'aria-label': `Delete ${p.name}`, onclick: () => removeSet(p) }, 'Delete')))));
}

/** @param {Pairs} p */
async function removeSet(p) {
  try {
    await ask('DELETE', `/v1/pairs/${p.id}`);
    await loadPairs();
    showSets();
    say(`${p.name} is deleted.`);
  } catch (error) {
    note(el('pairs-note'), sentence(error));
  }
}

/** Sends the pairs, and tells what came of them. */
async function upload() {
  const { zip, a, b } = chosen;
  const name = (zip ? zip.name.replace(/\.zip$/i, '') : `${a?.name} to ${b?.name}`).trim().slice(0, 100) || 'pairs';
  /** @type {File | FormData} */
  let body = zip ?? new FormData();
  if (body instanceof FormData) {
    for (const f of pictures(a)) body.append('a', f, f.name);
    for (const f of pictures(b)) body.append('b', f, f.name);
  }
  button('pairs-send').disabled = true;
  note(el('pairs-note'), '');
  try {
    const p = await post(`/v1/pairs?name=${encodeURIComponent(name)}`, body);
    await loadPairs();
    dialog('pairs-dialog').close();
    taken(p.id);
    const left = p.skipped?.length ? ` ${number(p.skipped.length)} files were left out, such as ${p.skipped[0]}.` : '';
    note(el('tune-note'), `${number(p.train + p.test)} pairs are there.${left}`, Boolean(p.skipped?.length));
  } catch (error) {
    note(el('pairs-note'), sentence(error));
  } finally {
    el('pairs-bar').hidden = true;
    button('pairs-send').disabled = false;
  }
}

/**
 * Sends pairs and shows how much of them is sent, which fetch cannot.
 * @param {string} path
 * @param {File | FormData} body
 * @returns {Promise<Pairs>}
 */
function post(path, body) {
  const bar = el('pairs-bar');
  const request = new XMLHttpRequest();
  request.open('POST', path);
  request.responseType = 'json';
  for (const [name, value] of Object.entries(ownHeaders())) request.setRequestHeader(name, value);
  if (body instanceof File) request.setRequestHeader('Content-Type', 'application/zip');
  request.upload.addEventListener('progress', (event) => {
    const percent = Math.round((100 * event.loaded) / (event.total || 1));
    bar.hidden = false;
    bar.setAttribute('aria-valuenow', String(percent));
    bar.style.setProperty('--share', `${percent}%`);
  });
  return new Promise((resolve, reject) => {
    request.addEventListener('load', () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Error(request.response?.error?.message ?? `the server answered ${request.status}`));
    });
    request.addEventListener('error', () => reject(new Error('the upload broke off: the server ended it, or does not answer')));
    request.send(body);
  });
}
