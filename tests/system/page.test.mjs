// The page at / in a real browser: place an order, watch its updates.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';

import { chromium } from 'playwright-core';

import { FAST, withEngine, withServices } from './harness.mjs';

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const WAIT = { timeout: 20_000 };

// Each state lasts long enough to be seen.
const PACE = {
  ...FAST,
  DROVER_SIM_QUOTE_MIN_MS: 200,
  DROVER_SIM_QUOTE_MAX_MS: 300,
  DROVER_SIM_SETTLE_MIN_MS: 800,
  DROVER_SIM_SETTLE_MAX_MS: 900,
};

const missing = fs.existsSync(CHROMIUM) ? false : `${CHROMIUM} is not installed (./dev setup test)`;

function inBrowser(holder) {
  let browser;
  const problems = []; // what the pages complained of

  before(async () => {
    const profile = path.join(holder.engine.dir, 'chromium');
    browser = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      args: ARGUMENTS,
    });
  });
  after(() => browser?.close());

  async function open() {
    const page = await browser.newPage();
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.goto(`http://127.0.0.1:${holder.engine.port}/`);
    return page;
  }

  async function order(page, tokenIn, tokenOut, amount) {
    await page.getByLabel('Token In', { exact: true }).selectOption(tokenIn);
    await page.getByLabel('Token Out', { exact: true }).selectOption(tokenOut);
    await page.getByLabel('Amount', { exact: true }).fill(amount);
    const posted = page.waitForResponse((answer) => answer.request().method() === 'POST', WAIT);
    await page.getByRole('button', { name: 'Execute Order' }).click();
    const answer = await posted;
    return { status: answer.status(), json: await answer.json() };
  }

  // The order's entry under Live Updates, once it shows this text.
  const shows = (page, orderId, text) =>
    page.getByRole('listitem').filter({ hasText: orderId }).filter({ hasText: text }).waitFor(WAIT);

  it('places an order and shows each update up to confirmed', async () => {
    const page = await open();
    const { status, json } = await order(page, 'SOL', 'USDC', '0.25');
    assert.equal(status, 200, `expected the order to be accepted: ${JSON.stringify(json)}`);
    for (const text of ['routing', 'submitted', 'confirmed']) await shows(page, json.orderId, text);
    const told = await holder.engine.finished(json.orderId);
    await shows(page, json.orderId, told.txHash);
    await shows(page, json.orderId, String(told.executedPrice));
    assert.equal(told.amountIn, 0.25, 'expected the amount that was typed');
    await page.close();
  });

  it('shows orders that others place', async () => {
    const page = await open();
    await page.getByText('Connected', { exact: true }).waitFor(WAIT);
    const { orderId } = await holder.engine.api.order({ tokenIn: 'RAY' });
    await shows(page, orderId, 'confirmed');
    await page.close();
  });

  it('says why an order was refused', async () => {
    const page = await open();
    const { status, json } = await order(page, 'SOL', 'SOL', '1');
    assert.equal(status, 400);
    await page.getByText(json.message).waitFor(WAIT);
    await page.close();
    const refusal = /status of 400/; // the browser's own note of it
    assert.ok(
      problems.every((text) => refusal.test(text)),
      `expected no error: ${problems}`,
    );
    problems.length = 0;
  });

  it('goes on after the engine was away', async () => {
    const page = await open();
    const { json } = await order(page, 'USDC', 'SOL', '10');
    await shows(page, json.orderId, 'submitted');
    await holder.engine.stop();
    await holder.engine.start();
    await shows(page, json.orderId, 'confirmed');
    await page.close();
  });
}

withServices('the page', (services) => {
  describe('in Chromium', { skip: missing }, () => {
    withEngine('at an engine', services, PACE, inBrowser);
  });
});
