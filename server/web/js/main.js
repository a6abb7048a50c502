// The page: its parts are opened, and told when the server is back.

import { openBlend } from './blend.js';
import { openCamera } from './camera.js';
import { connect, connection, status } from './connection.js';
import { el } from './dom.js';
import { openDrop } from './drop.js';
import { openPanel } from './effect.js';
import { loadPairs, openPairs } from './pairs.js';
import { openPrompt, showSuggestions } from './prompt.js';
import { loadShelf, openShelf } from './shelf.js';
import { loadSamples, openSources } from './source.js';
import { openStage } from './stage.js';
import { setReachable, state } from './state.js';
import { choosePairs, openTune, reload } from './tune.js';
import { refresh, refreshVersus } from './view.js';

/** Brings the page up to date with a server that was away. */
async function recover() {
  setReachable('');
  try {
    await Promise.all([loadSamples(), loadPairs(), loadShelf()]);
    await reload();
    if (el('suggestions').children.length === 0) await showSuggestions('', 6);
    refresh();
    refreshVersus();
  } catch {
    // it is away again, which is told
  }
}

/** Lets effects run on the server or in this browser, where both can be. */
function openLocal() {
  const buttons = el('runs-in').querySelectorAll('button');
  const show = () => { el('runs-in').hidden = !(status?.ort); };
  for (const b of buttons) {
    b.addEventListener('click', () => {
      state.local = b.dataset.local !== '';
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === b));
      refresh();
    });
  }
  connection.addEventListener('status', show);
  show();
}

async function open() {
  openStage();
  openPanel();
  openTune();
  openBlend();
  openCamera();
  openDrop();
  for (const name of ['source', 'effect', 'still']) state.addEventListener(name, () => refresh());
  connection.addEventListener('found', recover);
  await connect();
  openLocal();
  const parts = [openSources(), openPrompt(), openPairs(choosePairs), openShelf()];
  const failed = (await Promise.allSettled(parts)).some((p) => p.status === 'rejected');
  if (failed) recover();
  document.documentElement.dataset.open = 'yes';
}

open();
