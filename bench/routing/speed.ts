/**
 * Times classification and planning inside workerd: a Worker that does nothing else, called over loopback with a batch size; the clock is
 * outside, because workerd's own stands still while code runs. Prints time per request for the view alone, for each mode, and for the
 * whole decision.
 */
import { fileURLToPath, URL } from 'node:url';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandLine, wholeNumber } from '../../infra/command-line.ts';
import { build } from 'esbuild';
import { compileConfigs } from '../../infra/config/compile.ts';
import { serveWorkerd } from '../../infra/rig/workerd.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import { readRouterConfig } from './router-config.ts';
import type { Batch } from './speed-worker.ts';

const usage = `Times classification in workerd.

  npm run bench:routing -- [--batches N] [--config FILE]

Milliseconds per request, median over batches and the 99th percentile of batches; a single request cannot be timed from outside.
`;

const { values: options } = commandLine({
  name: 'npm run bench:routing',
  help: usage,
  options: { batches: { type: 'string', default: '120' }, config: { type: 'string' } },
});
const batches = wholeNumber('batches', options.batches, { min: 1 });

/** Requests per batch: enough for a batch to be long against the call's own time. */
const batchSize = 50;
const modes = ['none', 'view', 'heuristic', 'hybrid', 'hybrid + plan'] as const satisfies readonly Batch['mode'][];
const warmUpBatches = 15;

async function bundle(): Promise<string> {
  const shipped = compileConfigs(`${repoFolder}configs`).profiles['a40-pair'];
  if (shipped === undefined) throw new Error('the configuration has mistakes');
  const tree = { ...shipped, routing: { ...shipped.routing, ...readRouterConfig(options.config) } };
  const built = await build({
    entryPoints: [fileURLToPath(new URL('speed-worker.ts', import.meta.url))],
    define: { tree: JSON.stringify(tree) },
    bundle: true,
    format: 'esm',
    write: false,
    minify: true,
  });
  return built.outputFiles[0]?.text ?? '';
}

/** Eight different requests of about 4 KB: a long question, so that nothing of it is set aside as material. */
function bodies(): unknown[] {
  const words =
    'please compare the design of our queue with three others and explain which failure would hurt customers most when a region is lost'.split(
      ' ',
    );
  return Array.from({ length: 8 }, (_, seed) => {
    let text = '';
    for (let at = 0; text.length < 1500; at += 1)
      text += `${words[(at * (seed + 3) + seed) % words.length] ?? ''}${at % 11 === 10 ? '. ' : ' '}`;
    return {
      model: 'auto',
      messages: [
        { role: 'system', content: text.repeat(2).slice(0, 2400) },
        { role: 'user', content: text },
      ],
    };
  });
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0;
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-speed-'));
  writeFileSync(join(folder, 'index.js'), await bundle());
  const plain = { compatibilityFlags: [], objects: [], vars: {} };
  const worker = await serveWorkerd({ folder, entry: 'index.js', compatibilityDate: '2026-06-01', ...plain });
  try {
    const requests = bodies();
    const time = async (mode: (typeof modes)[number]): Promise<number> => {
      const started = performance.now();
      const answer = await fetch(worker.urls[0] ?? '', {
        method: 'POST',
        body: JSON.stringify({ mode, count: batchSize, bodies: requests }),
      });
      const said = await answer.text();
      if (!answer.ok) throw new Error(`${mode}: ${said.slice(0, 300)}`);
      return performance.now() - started;
    };
    for (let batch = 0; batch < warmUpBatches; batch += 1) for (const mode of modes) await time(mode);
    const taken: Record<string, number[]> = Object.fromEntries(modes.map((mode) => [mode, []]));
    for (let batch = 0; batch < batches; batch += 1) for (const mode of modes) taken[mode]?.push(await time(mode));
    const idle = quantile(
      (taken['none'] ?? []).toSorted((a, b) => a - b),
      0.5,
    );
    process.stdout.write(
      `4 KB requests in workerd, ${batches} batches of ${batchSize}; ms per request, the call itself taken off\n`,
    );
    for (const mode of modes.slice(1)) {
      const sorted = (taken[mode] ?? []).map((ms) => (ms - idle) / batchSize).toSorted((a, b) => a - b);
      process.stdout.write(
        `${mode.padEnd(14)} p50 ${quantile(sorted, 0.5).toFixed(4)}  p99 of batches ${quantile(sorted, 0.99).toFixed(4)}\n`,
      );
    }
  } finally {
    await worker.stop();
    rmSync(folder, { recursive: true });
  }
}

await main();
