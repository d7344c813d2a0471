/** Model servers and the gate in front of them, started and stopped together in one process, for tests and `npm start`. */
import type { Gate } from './gate.ts';
import { startGate } from './gate.ts';
import type { ModelServer } from './server.ts';
import { startModelServer } from './server.ts';
import type { ModelServerOptions } from './options.ts';

/** One model server of a fleet: its id is its name in faults, routes and URLs. */
export type FleetModel = Partial<ModelServerOptions> & { readonly id: string };

export interface FleetOptions {
  /** Defaults to the pair on one A40: `small` and `large`. */
  readonly models?: readonly FleetModel[];
  /** Options for all models; a model's own win. */
  readonly shared?: Partial<ModelServerOptions>;
  /** false leaves the gate out: the URLs are the servers' own. */
  readonly gate?: boolean;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly refusal?: 'access-302' | 'access-403';
  readonly gatePorts?: Readonly<Record<string, number>>;
  /** null keeps the gate's control surface closed; the in-process controls always work. */
  readonly gateControlPort?: number | null;
  readonly gateReadTimeoutMs?: number;
}

export interface Fleet {
  readonly models: Readonly<Record<string, ModelServer>>;
  readonly gate: Gate | null;
  /** Model id → the origin a gateway should be given: the gate's, or the server's own without a gate. */
  readonly urls: Readonly<Record<string, string>>;
  /** Model id → the server's own origin. */
  readonly directUrls: Readonly<Record<string, string>>;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The model server of an id; throws for one that is not in the fleet. */
  model(id: string): ModelServer;
  close(): Promise<void>;
}

export const a40Pair: readonly FleetModel[] = [
  { id: 'small', servedName: 'Qwen/Qwen2.5-7B-Instruct', role: 'small' },
  { id: 'large', servedName: 'Qwen/Qwen2.5-32B-Instruct-AWQ', role: 'large' },
];

export const accessClientId = 'stand-in.access';
export const accessClientSecret = 'stand-in-access-secret';

/** Starts everything; when one part cannot start, the others are stopped again and the reason is thrown. */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const { models: wanted = a40Pair, clientId = accessClientId, clientSecret = accessClientSecret } = options;
  const started: ModelServer[] = [];
  const closeModels = async () => {
    await Promise.all(started.map((server) => server.close()));
  };
  try {
    for (const model of wanted) started.push(await startModelServer({ ...options.shared, ...model }));
    const directUrls = Object.fromEntries(started.map(({ id, url }) => [id, url]));
    const gate =
      options.gate === false ? null : await startGate({ ...gateOptions(options), routes: directUrls, clientId, clientSecret });
    const models = Object.fromEntries(started.map((server) => [server.id, server]));
    return {
      models,
      gate,
      urls: gate?.urls ?? directUrls,
      directUrls,
      clientId,
      clientSecret,
      model(id) {
        const server = models[id];
        if (!server) throw new Error(`No model server "${id}" in the fleet: ${Object.keys(models).join(', ')}`);
        return server;
      },
      async close() {
        await gate?.close();
        await closeModels();
      },
    };
  } catch (error) {
    await closeModels();
    throw error;
  }
}

function gateOptions({ refusal, gatePorts, gateControlPort, gateReadTimeoutMs }: FleetOptions) {
  return {
    ...(refusal ? { refusal } : {}),
    ...(gatePorts ? { ports: gatePorts } : {}),
    ...(gateReadTimeoutMs ? { readTimeoutMs: gateReadTimeoutMs } : {}),
    controlPort: gateControlPort ?? null,
  };
}
