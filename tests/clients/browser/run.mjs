// Opens a page with a browser SDK in headless Chromium, served from another origin than the server's, and prints what
// the page sent as one JSON line. argv: segment | rudder. $TRIBUTARY_URL, $WRITE_KEY, $PREFIX; $CHROMIUM names the binary.
import {existsSync} from 'node:fs';
import http from 'node:http';
import {fileURLToPath} from 'node:url';

import {build} from 'esbuild';
import {chromium} from 'playwright-core';

import {ORDER} from '../sdk/cases.mjs';

const EVENTS = 7;
const sdk = process.argv[2];
const {TRIBUTARY_URL, WRITE_KEY, PREFIX} = process.env;
const executablePath = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

const {outputFiles: [bundle]} = await build({
  entryPoints: [fileURLToPath(new URL(`page_${sdk}.mjs`, import.meta.url))],
  bundle: true, write: false, format: 'iife', platform: 'browser', target: 'es2020', logLevel: 'error',
  define: {'process.env.NODE_ENV': '"production"', global: 'window'},
});

const shop = http.createServer((request, response) => {
  const page = request.url.startsWith('/bundle.js');
  response.setHeader('Content-Type', page ? 'text/javascript' : 'text/html; charset=utf-8');
  response.end(page ? bundle.contents : '<!doctype html><title>Shop</title><script src="/bundle.js"></script>');
});
await new Promise((listening) => shop.listen(0, '127.0.0.1', listening));

const browser = await chromium.launch({
  executablePath, headless: true,
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
         '--disable-sync', '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
});
try {
  const page = await browser.newPage();
  const problems = [], answers = [];
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('requestfailed', (request) => problems.push(`${request.method()} ${request.url()}: ${request.failure()?.errorText}`));
  page.on('response', (response) => response.url().startsWith(TRIBUTARY_URL) && answers.push(
      {method: response.request().method(), path: new URL(response.url()).pathname, status: response.status()}));
  await page.goto(`http://127.0.0.1:${shop.address().port}/p?a=1`);
  const result = await page.evaluate((options) => window.runPage(options),
                                     {url: TRIBUTARY_URL, writeKey: WRITE_KEY, prefix: PREFIX, order: ORDER});
  const delivered = () => answers.filter((a) => a.method === 'POST' && a.status === 200).length;
  for (let waited = 0; delivered() < EVENTS && waited < 20_000; waited += 50) await page.waitForTimeout(50);
  console.log(JSON.stringify({...result, answers, problems}));
} finally {
  await browser.close();
  shop.close();
}
