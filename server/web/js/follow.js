// Following a training: what the server tells of it as it happens.

import { ask } from './api.js';
import { check } from './connection.js';

/**
 * @typedef {import('./api.js').Job} Job
 * @typedef {import('./api.js').Point} Point
 */

/** Whether nothing more happens to a job unless someone wants it. */
export const settled = (/** @type {Job} */ j) => j.state !== 'queued' && j.state !== 'running';

/** Whether there is more to come of a job that has not settled, or that can be continued. */
export const over = (/** @type {Job} */ j) => settled(j) && j.state !== 'stopped';

/**
 * Follows a job until it has settled. When the connection breaks, the page finds out that the server is back and follows anew.
 * @param {Job} job as a whole; what is new is put into it
 * @param {(job: Job, news: 'state' | 'point') => void} tell
 * @returns {() => void} ends it
 */
export function follow(job, tell) {
  job.points ??= [];
  const points = job.points;
  const stream = new EventSource(`/v1/jobs/${job.id}/events?after=${points.at(-1)?.number ?? 0}`);
  let open = true;
  const close = () => {
    open = false;
    stream.close();
  };
  stream.addEventListener('state', (event) => {
    const { points, example } = job;
    for (const name of /** @type {const} */ (['position', 'error', 'untuned'])) delete job[name];
    Object.assign(job, JSON.parse(event.data).job, { points, example });
    if (settled(job)) close();
    tell(job, 'state');
    if (!job.example && job.train > 0) {
      ask('GET', `/v1/jobs/${job.id}`).then((whole) => {
        job.example = /** @type {Job} */ (whole).example;
        if (open || settled(job)) tell(job, 'state');
      }, () => {});
    }
  });
  stream.addEventListener('point', (event) => {
    const point = /** @type {Point} */ (JSON.parse(event.data).point);
    if (point.number <= (points.at(-1)?.number ?? 0)) return;
    points.push(point);
    tell(job, 'point');
  });
  stream.addEventListener('error', () => {
    close();
    check();
  });
  return close;
}
