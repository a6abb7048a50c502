// A server that wants a token.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finish, make, suite } from './harness.mjs';

const token = 'a secret of the tests';
const { open } = suite(token);

test('sign in', async () => {
  const page = await open();
  page.allowed.push(/status of 401/);
  await page.waitForSelector('#sign-in[open]');
  await page.fill('#token', 'not the secret of the tests');
  await page.press('#token', 'Enter');
  await page.waitForFunction(() => /is not the server's token/.test(document.querySelector('#sign-in-note').textContent));
  await page.fill('#token', token);
  await Promise.all([page.waitForNavigation(), page.press('#token', 'Enter')]);
  await page.waitForSelector('html[data-open]');
  assert.equal(await page.locator('#sign-in[open]').count(), 0);
  await make(page, 'a winter landscape');
  await page.reload();
  await page.waitForSelector('.card[aria-pressed=true]');
  await finish(page);
});
