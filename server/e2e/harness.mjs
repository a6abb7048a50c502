// What the tests share: the program with a data folder of its own, and a browser that is watched.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

/** Longer than anything takes on a busy machine. */
export const patience = 120_000;

export const program = process.env.WARMSTART;
/** The folder with onnxruntime-web, or undefined. */
export const ort = process.env.WARMSTART_ORT && path.join(process.env.WARMSTART_ORT, 'node_modules/onnxruntime-web/dist');

/** A server under test. It keeps its folder and its address when it is started again. */
export class Server {
  constructor(token) {
    this.token = token;
  }

  async start() {
    if (!program) throw new Error('WARMSTART names the program: build it with go build -o warmstart ./cmd/warmstart');
    this.data ??= await mkdtemp(path.join(tmpdir(), 'warmstart-e2e-'));
    const args = ['serve', '--listen', `127.0.0.1:${this.port ?? 0}`, '--data', path.join(this.data, 'data')];
    if (ort) args.push('--ort', ort);
    if (this.token) args.push('--token', this.token);
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
    const first = await Promise.race([createInterface(this.child.stdout)[Symbol.asyncIterator]().next(), this.ended]);
    this.url = /^(http\S+) /.exec(first?.value ?? '')?.[1];
    assert.ok(this.url, `the server says where it is: ${JSON.stringify(first)}`);
    this.port = new URL(this.url).port;
    await until('the server is warm', async () => (await this.get('/v1/status')).ready);
  }

  headers() {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }

  async stop(signal = 'SIGTERM') {
    this.child.kill(signal);
    await this.ended;
  }

  async remove() {
    await this.stop();
    await rm(this.data, { recursive: true });
  }

  async get(where) {
    return (await fetch(this.url + where, { headers: this.headers() })).json();
  }

  async post(where, body) {
    const response = await fetch(this.url + where, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
    assert.ok(response.ok, `${where}: ${response.status}`);
    return response.json();
  }

  /** A picture of the server's, as bytes. */
  async picture(where) {
    return Buffer.from(await (await fetch(this.url + where)).arrayBuffer());
  }
}

/** Waits until something holds. */
export async function until(what, holds) {
  const end = Date.now() + patience;
  for (;;) {
    const value = await holds();
    if (value) return value;
    if (Date.now() > end) assert.fail(`waited too long until ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-gpu', '--disable-quic'];
const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];

/** Starts a browser. */
export function browse() {
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  return chromium.launch({ executablePath, args: [...quiet, ...camera, ...sandbox] });
}

/** A server and a browser, for a while. */
class Site {
  /** @param {string} [token] that the server wants */
  constructor(token) {
    this.server = new Server(token);
    this.open = this.open.bind(this);
  }

  async start() {
    [this.browser] = await Promise.all([browse(), this.server.start()]);
  }

  async stop() {
    await this.browser?.close();
    await this.server.remove();
  }

  /**
   * Opens the page.
   * @param {import('playwright-core').BrowserContextOptions & {width?: number, height?: number}} [o]
   */
  async open({ width = 1280, height = 900, ...more } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, acceptDownloads: true, ...more });
    context.setDefaultTimeout(patience);
    const page = await context.newPage();
    watch(page, this.server);
    await page.goto(this.server.url);
    await page.waitForSelector('html[data-open]');
    return page;
  }
}

/** A site for the tests of a file. */
export function suite(token) {
  const site = new Site(token);
  before(() => site.start());
  after(() => site.stop());
  return site;
}

/** Does something with a site, outside tests. */
export async function run(work) {
  const site = new Site();
  await site.start();
  try {
    await work(site);
  } finally {
    await site.stop();
  }
}

/** Collects what must not happen: errors, violations of the policy, requests to elsewhere. */
function watch(page, server) {
  page.wrong = [];
  page.allowed = [];
  const note = (text) => page.wrong.push(text);
  page.on('pageerror', (error) => note(`error in the page: ${error.stack}`));
  page.on('console', (m) => {
    if (m.type() === 'error') note(`console: ${m.text()} ${m.location().url}`);
  });
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(server.url)) note(`request to elsewhere: ${request.url()}`);
  });
}

/**
 * Ends a test of a page: nothing wrong has happened but what was allowed.
 * @param {import('playwright-core').Page} page
 */
export async function finish(page) {
  const left = page.wrong.filter((text) => !page.allowed.some((a) => a.test(text)));
  await page.context().close();
  assert.deepEqual(left, []);
}

/** Types a prompt and waits until its effect is there. */
export async function make(page, prompt) {
  await page.fill('#prompt', prompt);
  await page.press('#prompt', 'Enter');
  await page.waitForFunction((name) => document.querySelector('.card[aria-pressed=true] .card-name')?.textContent === name, prompt);
  await settle(page);
}

/** Waits until the stage is up to date. */
export const settle = (page) => page.waitForFunction(() => document.querySelector('#progress').hidden);

/** What a canvas shows, as 16x16 grey values, to compare. */
export const look = (page, id) => page.evaluate((id) => {
  const c = document.createElement('canvas');
  c.width = c.height = 16;
  const context = c.getContext('2d');
  context.drawImage(document.getElementById(id), 0, 0, 16, 16);
  const { data } = context.getImageData(0, 0, 16, 16);
  return Array.from({ length: 256 }, (_, i) => (data[4 * i] + data[4 * i + 1] + data[4 * i + 2]) / 3);
}, id);

/** The mean difference of two looks, of 255. */
export const difference = (a, b) => a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length;

/** Drops files on the page. */
export async function drop(page, files) {
  const list = files.map(({ name, type, bytes }) => ({ name, type, text: bytes.toString('base64') }));
  await page.evaluate((list) => {
    const data = new DataTransfer();
    for (const { name, type, text } of list) {
      data.items.add(new File([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))], name, { type }));
    }
    for (const kind of ['dragenter', 'dragover', 'drop']) {
      document.querySelector('#stage').dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
    }
  }, list);
}
