/** The trouble of a reconciliation: objects evicted and broken between and during requests, calls to them lost on either way. */
import { pick, type Random, seededRandom } from '../../infra/standin/random.ts';
import type { Lab } from '../../infra/rig/lab.ts';

export interface Disorder {
  readonly evictions: number;
  readonly breaks: number;
  readonly failedEvictions: number;
}

type Target = readonly [binding: string, name: string, mayBeEvicted?: false];

/** Calls that are lost, by binding: before the object has them, and after. */
const losses = { LEDGER: 0.1, TENANT: 0.03, KEYS: 0.05, HEALTH: 0.1, ADMISSION: 0.1, SESSION: 0.1 } as const;

export async function loseCalls(lab: Lab, isOn: boolean): Promise<void> {
  for (const [binding, share] of Object.entries(losses)) {
    await lab.wire(binding, isOn ? { loseRequest: share, loseReply: share } : null);
  }
}

/** Disturbs one object at a time until it is told to stop. Resolves with what it did. */
export function makeDisorder(lab: Lab, tenants: readonly string[], seed: string): () => Promise<Disorder> {
  const random = seededRandom('disorder', seed);
  const targets: readonly [Target, ...Target[]] = [
    ['LEDGER', 'root'],
    ...[0, 1, 2, 3].map((shard): Target => ['LEDGER', `shard:${shard}`]),
    ...tenants.map((tenant): Target => ['TENANT', `tenant:${tenant}`]),
    ['KEYS', 'keys'],
    // Only broken: evicting an object whose probes are under way stops all of the local workerd for seconds.
    ['HEALTH', 'fleet', false],
    ['ADMISSION', 'model:qwen2.5-7b'],
  ];
  const done = { evictions: 0, breaks: 0, failedEvictions: 0 };
  let isOver = false;
  const running = (async () => {
    while (!isOver) {
      await strike(lab, pick(random, targets), random, done);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  })();
  return async () => {
    isOver = true;
    await running;
    return done;
  };
}

async function strike(
  lab: Lab,
  [binding, name, mayBeEvicted]: Target,
  random: Random,
  done: { evictions: number; breaks: number; failedEvictions: number },
): Promise<void> {
  if (mayBeEvicted !== false && random() < 0.5) {
    if ((await lab.object(binding, name, { do: 'evict' })) === true) done.evictions += 1;
    else done.failedEvictions += 1;
    return;
  }
  // The order itself fails, as everything else under way in the object does.
  await lab.object(binding, name, { do: 'break' }).catch(() => undefined);
  done.breaks += 1;
}
