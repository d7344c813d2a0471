/** Starts model servers and the tunnel gate from a command line, prints where they are, and stops them on SIGINT or SIGTERM. */
import { parseArgs } from 'node:util';
import { modelRoles } from './chat.ts';
import type { ModelRole } from './chat.ts';
import { listFaults } from './faults.ts';
import type { Fleet, FleetModel } from './fleet.ts';
import { a40Pair, startFleet } from './fleet.ts';
import type { FlavourName } from './flavours/registry.ts';
import { flavours, isFlavourName } from './flavours/registry.ts';

const HELP = `Stand-in model servers with vLLM's wire, and the tunnel gate before them. Loopback only.

  node infra/standin/cli.ts [--model id=small,port=8001,served=NAME,role=small] ... [options]

Models
  --model SPEC           one server, repeatable; keys: id, port, served, role (${modelRoles.join(', ')}),
                         tool-parser, flavour (${Object.keys(flavours).join(', ')}), control-port. Without any: small on 8001 and large on 8002.
Options for all models
  --api-key KEY          what /v1 demands as Bearer token (none: open)
  --seed TEXT            servers with the same seed give the same answers
  --time-scale N         1 is real time, 0 (default) as fast as possible
  --max-model-len N      context length in tokens (32768)
  --tool-parser NAME     none (default: calls as text) or hermes
  --reasoning-parser     reasoning in a field of its own
  --tokens-per-chunk N   tokens in one event (1)
  --rejects-prefill      answer 400 to continue_final_message
  --gpu                  pace, queue and KV cache of one A40 shared by all models
  --max-num-queued-reqs N   503 beyond so many waiting requests, with --gpu (no limit)
  --control              open the control surfaces (/__log, /__control)
  --log-bodies           keep request bodies in the log
Gate
  --no-gate              model servers only
  --gate-port ID=PORT    port of the gate before a model, repeatable (default: any free one)
  --gate-control PORT    open /__gate/control and /__gate/log
  --client-id TEXT, --client-secret TEXT   the service token to demand
  --refusal KIND         access-302 (default) or access-403
Output
  --json                 one line of JSON when everything is ready
  --list-faults          print the fault table and leave
  --help

Directives in the texts of system messages and of the last user message steer one answer:
  [[say:TEXT]] [[say64:BASE64]]   answer exactly this        [[think:TEXT]]  think this first
  [[tokens:N]]                    about so many tokens       [[pace:MS]]     wall-clock ms between tokens
  [[call:NAME {"json": 1}]]       call a tool, repeatable
  [[fault:NAME;key=value;...]]    show a fault; on=ID limits it to a server, times=N to the first N
                                  requests of a conversation. Also as header x-standin-fault.`;

const options = {
  model: { type: 'string', multiple: true },
  'api-key': { type: 'string' },
  seed: { type: 'string' },
  'time-scale': { type: 'string', default: '0' },
  'max-model-len': { type: 'string', default: '32768' },
  'tool-parser': { type: 'string', default: 'none' },
  'reasoning-parser': { type: 'boolean', default: false },
  'tokens-per-chunk': { type: 'string', default: '1' },
  'rejects-prefill': { type: 'boolean', default: false },
  gpu: { type: 'boolean', default: false },
  'max-num-queued-reqs': { type: 'string' },
  control: { type: 'boolean', default: false },
  'log-bodies': { type: 'boolean', default: false },
  'no-gate': { type: 'boolean', default: false },
  'gate-port': { type: 'string', multiple: true },
  'gate-control': { type: 'string' },
  'client-id': { type: 'string' },
  'client-secret': { type: 'string' },
  refusal: { type: 'string' },
  json: { type: 'boolean', default: false },
  'list-faults': { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof readArguments>;

function readArguments() {
  return parseArgs({ options }).values;
}

function pairs(text: string): Map<string, string> {
  return new Map(
    text.split(',').map((part): [string, string] => {
      const equals = part.indexOf('=');
      return equals === -1 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
    }),
  );
}

function whole(text: string | undefined, name: string): number {
  const value = Number(text);
  if (text === undefined || text === '' || !Number.isFinite(value) || value < 0)
    throw new Error(`${name} wants a number, not "${text}"`);
  return value;
}

function toolParser(text: string): 'none' | 'hermes' {
  if (text === 'none' || text === 'hermes') return text;
  throw new Error(`tool-parser is none or hermes, not "${text}"`);
}

function flavourOf(text: string): FlavourName {
  if (isFlavourName(text)) return text;
  throw new Error(`flavour is one of ${Object.keys(flavours).join(', ')}, not "${text}"`);
}

function roleOf(text: string): ModelRole {
  const role = modelRoles.find((known) => known === text);
  if (!role) throw new Error(`role is one of ${modelRoles.join(', ')}, not "${text}"`);
  return role;
}

function fleetModels(values: Values): FleetModel[] {
  if (!values.model) return a40Pair.map((model, index) => ({ ...model, port: 8001 + index }));
  return values.model.map((text) => {
    const spec = pairs(text);
    const id = spec.get('id') ?? 'small';
    const known = a40Pair.find((model) => model.id === id);
    const [port, parser, control, flavour] = ['port', 'tool-parser', 'control-port', 'flavour'].map((key) => spec.get(key));
    return {
      ...known,
      id,
      port: port === undefined ? 0 : whole(port, 'port'),
      servedName: spec.get('served') ?? known?.servedName ?? id,
      role: roleOf(spec.get('role') ?? known?.role ?? 'small'),
      ...(parser === undefined ? {} : { toolParser: toolParser(parser) }),
      ...(flavour === undefined ? {} : { flavour: flavourOf(flavour) }),
      ...(control === undefined ? {} : { controlPort: whole(control, 'control-port') }),
    };
  });
}

function start(values: Values): Promise<Fleet> {
  const timeScale = whole(values['time-scale'], '--time-scale');
  const gatePorts = (values['gate-port'] ?? []).map((text): [string, number] => {
    const [id = '', port] = text.split('=');
    return [id, whole(port, '--gate-port')];
  });
  const { refusal, 'max-num-queued-reqs': queueLimit } = values;
  if (refusal !== undefined && refusal !== 'access-302' && refusal !== 'access-403')
    throw new Error('--refusal is access-302 or access-403');
  return startFleet({
    models: fleetModels(values),
    gpu: values.gpu,
    maxQueued: queueLimit === undefined ? null : whole(queueLimit, '--max-num-queued-reqs'),
    gate: !values['no-gate'],
    gatePorts: Object.fromEntries(gatePorts),
    gateControlPort: values['gate-control'] === undefined ? null : whole(values['gate-control'], '--gate-control'),
    ...(refusal ? { refusal } : {}),
    ...(values['client-id'] ? { clientId: values['client-id'] } : {}),
    ...(values['client-secret'] ? { clientSecret: values['client-secret'] } : {}),
    shared: {
      apiKey: values['api-key'] ?? null,
      ...(values.seed === undefined ? {} : { seed: values.seed }),
      timeScale,
      maxModelLen: whole(values['max-model-len'], '--max-model-len'),
      toolParser: toolParser(values['tool-parser']),
      reasoningParser: values['reasoning-parser'],
      tokensPerChunk: Math.max(1, Math.floor(whole(values['tokens-per-chunk'], '--tokens-per-chunk'))),
      rejectsPrefill: values['rejects-prefill'],
      control: values.control,
      logsBodies: values['log-bodies'],
    },
  });
}

function announce(fleet: Fleet, asJson: boolean): void {
  const controls = Object.fromEntries(Object.values(fleet.models).map(({ id, controlUrl }) => [id, controlUrl]));
  const { urls, directUrls, clientId, clientSecret, gate } = fleet;
  if (asJson) {
    console.log(JSON.stringify({ urls, directUrls, controls, gateControl: gate?.controlUrl ?? null, clientId, clientSecret }));
    return;
  }
  for (const [id, url] of Object.entries(urls)) {
    console.log(`${id.padEnd(10)} ${url}${gate ? `  (gate, in front of ${directUrls[id]})` : ''}`);
    if (controls[id]) console.log(`${' '.repeat(10)} ${controls[id]}  (control)`);
  }
  if (gate) console.log(`service token: CF-Access-Client-Id: ${clientId}, CF-Access-Client-Secret: ${clientSecret}`);
}

async function main(): Promise<void> {
  const values = readArguments();
  if (values.help || values['list-faults']) {
    console.log(values.help ? HELP : listFaults());
    return;
  }
  const fleet = await start(values);
  announce(fleet, values.json);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void fleet.close().then(() => process.exit(0)));
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
