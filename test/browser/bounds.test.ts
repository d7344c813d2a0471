/** A page that stays open does not grow, and one that is opened is there soon. Events are sent by the test itself: 10,000 of them take hours otherwise. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { FeedMessage, RequestRecord } from '../../shared/observed.ts';
import { panel } from '../support/browser/reading.ts';
import { sendTraffic } from '../support/browser/traffic.ts';
import { describePages, visit } from '../support/browser/visit.ts';

const events = 10_000;
const atATime = 50;
/** Of which the page keeps 200 requests: what it may grow by. */
const mayGrowBytes = 6_000_000;

function record(index: number, agent: string): RequestRecord {
  return {
    id: `flood-${index}`,
    at: new Date(Date.now() + index).toISOString(),
    key_id: 'bootstrap',

    session: null,
    agent,
    requested_model: 'auto',
    routed_model: 'qwen2.5-7b',
    served_model: 'qwen2.5-7b',
    tier: 'small',
    intent: 'general',
    strategy: 'cost',
    score: 0.1,
    rule: 'complexity',
    reason: `complexity 0.10 is below 0.60 for request ${index}, and this sentence is as long as such sentences are`,
    ending: 'ok',
    error_code: null,
    stream: true,
    fallback_used: false,
    escalated: false,
    rescued: false,
    cache: 'bypass',
    latency_ms: 100 + index,
    first_byte_ms: 50,
    prompt_tokens: 100,
    completion_tokens: 100,
    cost_nano_usd: 20_000,
    all_large_cost_nano_usd: 160_000,
  };
}

/** A dashboard whose socket is a stand-in inside the page: what sends from outside would keep messages of its own in the page's memory. */
async function openFeed(): Promise<{ page: Page; send(requests: readonly RequestRecord[]): Promise<unknown> }> {
  const page = await visit('dashboard', { prepare: (fresh) => fresh.addInitScript(standinSocket) });
  await panel(page, 'Requests').getByText('Live', { exact: true }).waitFor();
  const totals = { requests: 0, succeeded: 0, cost_nano_usd: 0, all_large_cost_nano_usd: 0 };
  return {
    page,
    send(requests) {
      const message: FeedMessage = { type: 'requests', requests, more: 0, totals, alerts: [] };
      return page.evaluate(`window.feedSocket.receive(${JSON.stringify(JSON.stringify(message))})`);
    },
  };
}

const standinSocket = `window.WebSocket = class extends EventTarget {
  constructor() {
    super();
    window.feedSocket = this;
    setTimeout(() => this.dispatchEvent(new Event('open')));
  }
  send() {}
  close() {}
  receive(data) {
    this.dispatchEvent(new MessageEvent('message', { data }));
  }
};`;

async function sizeOf(page: Page): Promise<{ readonly nodes: number; readonly heapBytes: number }> {
  await page.evaluate('gc()');
  return {
    nodes: Number(await page.evaluate('document.querySelectorAll("*").length')),
    heapBytes: Number(await page.evaluate('performance.memory.usedJSHeapSize')),
  };
}

describePages('the dashboard', () => {
  test(`keeps its size through ${events} events of the feed`, async () => {
    const { page } = await openFeed();
    // Made in the page, one message a turn as a socket would bring them.
    const flood = async (from: number, to: number): Promise<void> => {
      await page.evaluate(`(async () => {
        const model = ${JSON.stringify(record(0, ''))};
        for (let index = ${from}; index < ${to}; index += ${atATime}) {
          const requests = Array.from({ length: ${atATime} }, (_, offset) => {
            const number = index + offset;
            const at = new Date(Date.now() + number).toISOString();
            return { ...model, id: 'flood-' + number, agent: 'agent-' + number, reason: model.reason + number, at };
          });
          window.feedSocket.receive(JSON.stringify({ type: 'requests', requests, more: 0, totals: {}, alerts: [] }));
          await new Promise((resolve) => setTimeout(resolve));
        }
      })()`);
      await panel(page, 'Requests')
        .getByRole('cell', { name: `agent-${to - 1}`, exact: true })
        .waitFor();
    };
    // Full lists first, so that only what grows without end can grow.
    await flood(0, 1000);
    const before = await sizeOf(page);
    await flood(1000, 1000 + events);
    const after = await sizeOf(page);
    console.log(
      `nodes ${before.nodes} → ${after.nodes}, heap ${(before.heapBytes / 1e6).toFixed(1)} → ${(after.heapBytes / 1e6).toFixed(1)} MB`,
    );
    expect(after.nodes).toBeLessThan(before.nodes + 50);
    expect(after.heapBytes).toBeLessThan(before.heapBytes + mayGrowBytes);
    expect(await panel(page, 'Requests').locator('tbody tr').count()).toBeLessThanOrEqual(20);
  });

  test('shows names with markup in them as text', async () => {
    const markup = '<img src=x onerror=document.title=1>';
    const { page, send } = await openFeed();
    await send([{ ...record(1, markup), reason: markup, requested_model: markup, routed_model: null, served_model: null }]);
    await panel(page, 'Requests').getByRole('cell', { name: markup }).first().waitFor();
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.title()).toBe('Dashboard · Pointsman');
  });

  test('can be used, and shows its numbers, soon after it was opened', async () => {
    await sendTraffic();
    for (let round = 0; round < 3; round += 1) {
      const page = await visit('dashboard', {
        prepare: (fresh) => fresh.addInitScript(notingFirst('.page-head button', '.tiles')),
      });
      await page.locator('.tiles').waitFor();
      const [usableMs = 0, numbersMs = 0] = (await page.evaluate('window.firstMs')) as readonly number[];
      console.log(`usable after ${usableMs.toFixed(0)} ms, numbers after ${numbersMs.toFixed(0)} ms`);
      expect(usableMs).toBeGreaterThan(0);
      expect(numbersMs).toBeGreaterThanOrEqual(usableMs);
    }
  });
});

/** Notes when an element of each kind first stands in the page, in ms since it was asked for. */
function notingFirst(...selectors: readonly string[]): string {
  return `window.firstMs = [];
  new MutationObserver(() => {
    ${JSON.stringify(selectors)}.forEach((selector, index) => {
      if (window.firstMs[index] === undefined && document.querySelector(selector) !== null) window.firstMs[index] = performance.now();
    });
  }).observe(document, { childList: true, subtree: true });`;
}
