// Whether the server is there: the page says when it is not, and goes on when it is again.

import { ask, sleep, trouble } from './api.js';
import { dialog, el, form, input, note, number, say, sentence } from './dom.js';

/** Tells of 'found', when the server answers again after it was lost, and 'status', with what it says of itself. */
export const connection = new EventTarget();

/** @type {import('./api.js').Status | null} */
export let status = null;

let lost = false;
const pollEvery = 10_000; // ms, while the page is looked at

/** Asks for the server's status, and again from time to time. */
export async function connect() {
  trouble.addEventListener('lost', check);
  trouble.addEventListener('denied', signIn);
  form('sign-in-form').addEventListener('submit', submitToken);
  await refreshStatus().catch(check);
  setInterval(() => {
    if (!lost && !document.hidden) refreshStatus().catch(() => {});
  }, pollEvery);
}

/** Whether the server answers, as far as is known. */
export const isLost = () => lost;

/** Asks what the server is and how busy it is. */
export async function refreshStatus() {
  status = await ask('GET', '/v1/status');
  show();
  connection.dispatchEvent(new Event('status'));
}

/** Waits until the server answers, and tells of it. */
export async function check() {
  if (lost) return;
  lost = true;
  const banner = el('banner');
  // A server that answers at once was only busy or restarted faster than anyone could see.
  for (let wait = 100; ; wait = Math.min(wait * 1.5, 2000)) {
    try {
      const response = await fetch('/v1/status', { cache: 'no-store' });
      if (response.ok || response.status === 401) break;
    } catch {
      // not yet
    }
    if (banner.hidden) {
      banner.textContent = 'The server does not answer. Trying again…';
      banner.classList.remove('good');
      banner.hidden = false;
    }
    await sleep(wait);
  }
  lost = false;
  if (!banner.hidden) {
    banner.textContent = 'The server is back.';
    banner.classList.add('good');
    setTimeout(() => { if (!lost) banner.hidden = true; }, 2500);
  }
  await refreshStatus().catch(() => {});
  connection.dispatchEvent(new Event('found'));
}

function show() {
  if (!status) return;
  const jobs = status.running + status.queued;
  const busy = jobs === 0 ? 'idle' : jobs === 1 ? '1 training' : `${jobs} trainings`;
  el('server').textContent = status.ready ? busy : 'warming up…';
  el('server').classList.toggle('busy', !status.ready || jobs > 0);
  el('server-facts').textContent = `${number(status.weights)} weights, ${status.threads} ${status.threads === 1 ? 'thread' : 'threads'}`;
  el('version').textContent = status.version === '(devel)' ? '' : `Warmstart ${status.version}`;
  if (!status.ready) setTimeout(() => refreshStatus().catch(() => {}), 500);
}

function signIn() {
  const d = dialog('sign-in');
  if (!d.open) d.showModal();
}

/** @param {Event} event */
async function submitToken(event) {
  event.preventDefault();
  try {
    await ask('POST', '/v1/session', { json: { token: input('token').value } });
    location.reload();
  } catch (error) {
    note(el('sign-in-note'), sentence(error));
    say(sentence(error));
  }
}
