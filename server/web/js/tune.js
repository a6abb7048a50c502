// Trainings of the selected effect: started, stopped, continued, discarded, and followed.

import { ask, Failure } from './api.js';
import { refreshStatus } from './connection.js';
import { button, el, form, input, make, say, select, sentence } from './dom.js';
import { follow, settled } from './follow.js';
import { headline, showJob, tellTune, verdict } from './job.js';
import { allPairs } from './pairs.js';
import { effects, failed, stale, update } from './shelf.js';
import { setReachable, state } from './state.js';
import { refresh, refreshVersus, versus } from './view.js';

/** @typedef {import('./api.js').Job} Job */

let leave = () => {}; // ends the following of a job
/** The effect whose training is shown. */
let shown = '';

/** Lets the panel train effects. */
export function openTune() {
  form('tune').addEventListener('submit', (event) => {
    event.preventDefault();
    start(event.submitter === button('start-race') ? 'race' : 'tune');
  });
  button('stop').addEventListener('click', () => order('stop'));
  button('continue').addEventListener('click', () => order('continue'));
  button('discard').addEventListener('click', () => order('cancel'));
  for (const b of el('views').querySelectorAll('button')) b.addEventListener('click', () => setView(b.dataset.view === 'versus'));
  state.addEventListener('effect', () => {
    showLessons();
    if (state.effect?.id !== shown) reload();
  });
  state.addEventListener('source', () => refreshVersus());
}

/** Finds the newest training of the selected effect, and follows it. */
export async function reload() {
  leave();
  const effect = state.effect;
  if (shown !== (effect?.id ?? '')) {
    shown = effect?.id ?? '';
    setJob(null);
    setView(false);
  }
  tellTune('');
  if (!effect || stale(effect)) return;
  try {
    const { jobs } = /** @type {{jobs: Job[]}} */ (await ask('GET', '/v1/jobs'));
    const newest = jobs.find((j) => j.effect === effect.id);
    if (!newest || shown !== effect.id) return;
    const job = /** @type {Job} */ (await ask('GET', `/v1/jobs/${newest.id}`));
    if (shown === effect.id) take(job);
  } catch (error) {
    if (!(error instanceof Failure && error.status === 0)) failed(error);
  }
}

/** @param {Job | null} job */
function setJob(job) {
  state.job = job;
  state.tell('job');
  showJob();
  el('tune').hidden = job !== null && !settled(job);
  el('views').hidden = job?.kind !== 'race' || !job.points?.length;
}

/**
 * Shows a job and follows it while there is something to come.
 * @param {Job} job
 */
function take(job) {
  leave();
  const before = state.job?.state;
  setJob(job);
  if (settled(job)) {
    if (before === 'running' || before === 'queued') finish(job);
    return;
  }
  leave = follow(job, (job, news) => {
    if (shown !== job.effect) return;
    setJob(job);
    if (news === 'point') {
      setReachable(job.id); // points come from weights
      sharpen(job);
    }
    if (news === 'state' && settled(job)) finish(job);
  });
}

/** @param {Job} job */
function sharpen(job) {
  const last = job.points?.at(-1);
  el('versus-tuned-db').textContent = last ? `${last.tuned.psnr.toFixed(1)} dB` : '';
  el('versus-scratch-db').textContent = last?.scratch ? `${last.scratch.psnr.toFixed(1)} dB` : '';
  if (versus()) refreshVersus();
  else refresh();
}

/**
 * Takes over what has become of the effect.
 * @param {Job} job
 */
async function finish(job) {
  const hadFocus = document.activeElement === document.body || document.activeElement === button('stop');
  say(`${headline(job)}. ${verdict(job)}`);
  refreshStatus().catch(() => {});
  try {
    update(await ask('GET', `/v1/effects/${job.effect}`));
  } catch (error) {
    if (!(error instanceof Failure && (error.status === 0 || error.status === 404))) failed(error);
  }
  if (hadFocus) button(job.state === 'stopped' ? 'continue' : 'start-tune').focus({ preventScroll: true });
  if (versus()) refreshVersus();
  else refresh();
}

/**
 * Starts a training.
 * @param {'tune' | 'race'} kind
 */
async function start(kind) {
  const effect = state.effect;
  if (!effect) return;
  tellTune('');
  const [from, id] = select('lesson').value.split(' ');
  const request = {
    kind, effect: effect.id, seconds: Number(select('seconds').value),
    all_weights: input('all-weights').checked || effect.kind === 'weights',
    gan: input('adversarial').checked,
    pairs: from === 'pairs' ? id : undefined, edit: from === 'edit' ? id : undefined,
    recipe: kind === 'race' && input('best-recipe').checked ? 'best' : undefined,
  };
  for (const b of [button('start-tune'), button('start-race')]) b.disabled = true;
  try {
    const job = /** @type {Job} */ (await ask('POST', '/v1/jobs', { json: request }));
    if (shown !== effect.id) return;
    take(job);
    if (kind === 'race') setView(true);
    button('stop').focus({ preventScroll: true });
    say(kind === 'race' ? 'The race begins.' : 'The training begins.');
    refreshStatus().catch(() => {});
  } catch (error) {
    tellTune(sentence(error));
  } finally {
    for (const b of [button('start-tune'), button('start-race')]) b.disabled = false;
  }
}

/** @param {'stop' | 'continue' | 'cancel'} what */
async function order(what) {
  const job = state.job;
  if (!job) return;
  try {
    const now = /** @type {Job} */ (await ask('POST', `/v1/jobs/${job.id}/${what}`));
    if (state.job?.id !== job.id) return;
    if (what === 'continue' || settled(now)) take(now);
    if (what === 'continue') button('stop').focus({ preventScroll: true });
  } catch (error) {
    if (error instanceof Failure && error.status === 409) reload(); // it was over before
    else tellTune(sentence(error));
  }
}

/**
 * Shows the two sides of a race, or the picture before and after.
 * @param {boolean} race
 */
function setView(race) {
  el('versus').hidden = !race;
  el('compare').hidden = race;
  el('work').classList.toggle('two', race);
  for (const b of el('views').querySelectorAll('button')) b.setAttribute('aria-pressed', String((b.dataset.view === 'versus') === race));
  if (!race) refresh();
  else if (state.job) sharpen(state.job);
}

/** Offers what the selected effect can be trained on. */
export function showLessons() {
  const effect = state.effect;
  if (!effect) return;
  const list = select('lesson');
  const before = list.dataset.effect === effect.id ? list.value : '';
  const built = effect.edit ? [make('option', { value: 'own' }, `${plain(effect.edit)}, pairs made here`)]
    : origins(effect).map((s) => make('option', { value: `edit ${s.edit}` }, `${plain(s.edit)}, pairs made here`));
  const own = allPairs().map((p) => make('option', { value: `pairs ${p.id}` }, `${p.name} (${p.train + p.test} pairs)`));
  list.replaceChildren(...built, ...own);
  list.dataset.effect = effect.id;
  if ([...list.options].some((o) => o.value === before)) list.value = before;
  const none = list.options.length === 0;
  el('lesson-none').hidden = !none;
  for (const b of [button('start-tune'), button('start-race')]) b.hidden = none;
  el('tune').classList.toggle('without', none);
}

/**
 * What pairs can be made of for an effect whose prompt names no built-in edit: of what is most like it, or of what it was mixed from.
 * @param {import('./api.js').Effect} effect
 * @returns {import('./api.js').Suggestion[]}
 */
function origins(effect) {
  if (!effect.blend) return effect.nearest ?? [];
  const { a, b } = effect.blend;
  return effects().filter((e) => (e.id === a || e.id === b) && e.edit).map((e) => ({ prompt: e.prompt, edit: e.edit ?? '' }));
}

/** A built-in edit in plain words. */
const plain = (/** @type {string} */ edit) => edit.split('+').map((e) => e.split(':')[0].replaceAll('-', ' ')).join(' and ');

/**
 * Chooses pairs to train on.
 * @param {string} id
 */
export function choosePairs(id) {
  showLessons();
  select('lesson').value = `pairs ${id}`;
  select('lesson').focus();
}
