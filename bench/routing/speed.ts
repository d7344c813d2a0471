/**
 * Times classification and planning inside workerd: a Worker that does nothing else, called over loopback with a batch size; the clock is
 * outside, because workerd's own stands still while code runs. Prints time per request for the view alone, for each mode, and for the
 * whole decision.
 */
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { compileConfigs } from '../../infra/config/compile.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import { readRouterConfig } from './router-config.ts';

const usage = `Times classification in workerd.

  npm run bench:routing -- [--batches N] [--config FILE]

Milliseconds per request, median over batches and the 99th percentile of batches; a single request cannot be timed from outside.
`;

const { values: options } = parseArgs({
  options: { help: { type: 'boolean', short: 'h' }, batches: { type: 'string', default: '120' }, config: { type: 'string' } },
});

/** Requests per batch: enough for a batch to be long against the call's own time. */
const batchSize = 50;
const modes = ['none', 'view', 'heuristic', 'hybrid', 'hybrid + plan'] as const;
const warmUpBatches = 15;

async function bundle(): Promise<string> {
  const shipped = compileConfigs(`${repoFolder}configs`).profiles['a40-pair'];
  if (shipped === undefined) throw new Error('the configuration has mistakes');
  const tree = { ...shipped, routing: { ...shipped.routing, ...readRouterConfig(options.config) } };
  const root = `${repoFolder}worker/core/classify/`;
  const script = `
    import { buildView } from '${root}view.ts';
    import { classify } from '${root}classify.ts';
    import { loadWeights } from '${root}weights/load.ts';
    import { planRoute } from '${root}../route/plan.ts';
    import { prepareConfig } from '${repoFolder}shared/config-prepare.ts';
    const whole = prepareConfig('speed', ${JSON.stringify(tree)});
    const config = whole.routing;
    const situation = {
      config: whole, wish: { kind: 'auto', strategy: null }, strategy: 'latency', agent: null, session: null, arm: null,
      hasVisionHint: false, allowedModels: null, loadOf: () => 0.2, queueOf: () => 3, isUp: () => true, serverRoomOf: () => null, random: () => 0.5,
    };
    const modes = { heuristic: { ...config, classifier: { ...config.classifier, mode: 'heuristic' } }, hybrid: { ...config, classifier: { ...config.classifier, mode: 'hybrid' } } };
    let sink = 0;
    export default { async fetch(request) {
      const { mode, count, bodies } = await request.json();
      for (let at = 0; at < count && mode !== 'none'; at += 1) {
        const view = buildView(bodies[at % bodies.length]);
        if (mode === 'view') { sink += view.totalChars; continue; }
        const classification = classify(view, modes[mode] ?? modes.hybrid, loadWeights());
        sink += classification.score;
        if (mode === 'hybrid + plan') sink += planRoute({ ...situation, view, classification }).value.plan.candidates.length;
      }
      return new Response(String(sink));
    } };`;
  const built = await build({
    stdin: { contents: script, resolveDir: root, loader: 'ts' },
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
  if (options.help === true) {
    process.stdout.write(usage);
    return;
  }
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      name: 'speed',
      host: '127.0.0.1',
      port: 0,
      cf: false,
      modules: true,
      script: await bundle(),
      compatibilityDate: '2026-06-01',
    }),
  );
  try {
    const requests = bodies();
    const time = async (mode: (typeof modes)[number]): Promise<number> => {
      const started = performance.now();
      const answer = await worker.dispatchFetch('http://localhost/', {
        method: 'POST',
        body: JSON.stringify({ mode, count: batchSize, bodies: requests }),
      });
      await answer.text();
      return performance.now() - started;
    };
    for (let batch = 0; batch < warmUpBatches; batch += 1) for (const mode of modes) await time(mode);
    const taken: Record<string, number[]> = Object.fromEntries(modes.map((mode) => [mode, []]));
    for (let batch = 0; batch < Number(options.batches); batch += 1)
      for (const mode of modes) taken[mode]?.push(await time(mode));
    const idle = quantile(
      (taken['none'] ?? []).toSorted((a, b) => a - b),
      0.5,
    );
    process.stdout.write(
      `4 KB requests in workerd, ${options.batches} batches of ${batchSize}; ms per request, the call itself taken off\n`,
    );
    for (const mode of modes.slice(1)) {
      const sorted = (taken[mode] ?? []).map((ms) => (ms - idle) / batchSize).toSorted((a, b) => a - b);
      process.stdout.write(
        `${mode.padEnd(14)} p50 ${quantile(sorted, 0.5).toFixed(4)}  p99 of batches ${quantile(sorted, 0.99).toFixed(4)}\n`,
      );
    }
  } finally {
    await worker.dispose();
  }
}

await main();
