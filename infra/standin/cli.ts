/** Starts model servers and the tunnel gate from a command line, prints their addresses, and stops them on SIGINT or SIGTERM. */
import { decimalNumber, portNumber, readCommandLine, runCommand, UsageError, wholeNumber } from '../command-line.ts';
import { modelRoles } from './chat.ts';
import { listFaults } from './faults.ts';
import type { Fleet, FleetModel } from './fleet.ts';
import { a40Pair, startFleet } from './fleet.ts';
import { flavourNames } from './flavours/registry.ts';

const HELP = `Stand-in model servers with vLLM's wire, and the tunnel gate before them. Loopback only.

  node infra/standin/cli.ts [--model id=small,port=8001,served=NAME,role=small] ... [options]

Models
  --model SPEC           one server, repeatable; keys: id, port, served, role (${modelRoles.join(', ')}),
                         tool-parser, flavour (${flavourNames.join(', ')}), control-port. Without any: small on 8001 and large on 8002.
Options for all models
  --api-key KEY          what /v1 demands as Bearer token (none: open)
  --seed TEXT            servers with the same seed give the same answers
  --time-scale N         1 is real time, 0 (default) as fast as possible
  --max-model-len N      context length in tokens (32768)
  --tool-parser NAME     none (default: calls as text) or hermes
  --reasoning-parser     reasoning in a field of its own
  --tokens-per-chunk N   tokens in one event (1)
  --rejects-prefill      answer 400 to continue_final_message
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
} as const;

function readArguments() {
  return readCommandLine({ name: 'node infra/standin/cli.ts', help: HELP, options }).values;
}

type Values = ReturnType<typeof readArguments>;

function pairs(text: string): Map<string, string> {
  return new Map(
    text.split(',').map((part): [string, string] => {
      const equals = part.indexOf('=');
      return equals === -1 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
    }),
  );
}

/** One of the names, or a `UsageError` that lists them. */
function oneOf<Name extends string>(option: string, text: string, names: readonly Name[]): Name {
  const name = names.find((known) => known === text);
  if (name === undefined) throw new UsageError(`--${option} ${text}: expected ${names.join(' or ')}.`);
  return name;
}

const toolParser = (text: string) => oneOf('tool-parser', text, ['none', 'hermes']);

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
      port: port === undefined ? 0 : wholeNumber('model', port, { max: 65_535 }),
      servedName: spec.get('served') ?? known?.servedName ?? id,
      role: oneOf('model', spec.get('role') ?? known?.role ?? 'small', modelRoles),
      ...(parser === undefined ? {} : { toolParser: toolParser(parser) }),
      ...(flavour === undefined ? {} : { flavour: oneOf('model', flavour, flavourNames) }),
      ...(control === undefined ? {} : { controlPort: portNumber('model', control) }),
    };
  });
}

function start(values: Values): Promise<Fleet> {
  const timeScale = decimalNumber('time-scale', values['time-scale']);
  const gatePorts = (values['gate-port'] ?? []).map((text): [string, number] => {
    const [id = '', port = ''] = text.split('=');
    return [id, portNumber('gate-port', port)];
  });
  const { refusal } = values;
  return startFleet({
    models: fleetModels(values),
    gate: !values['no-gate'],
    gatePorts: Object.fromEntries(gatePorts),
    gateControlPort: values['gate-control'] === undefined ? null : portNumber('gate-control', values['gate-control']),
    ...(refusal === undefined ? {} : { refusal: oneOf('refusal', refusal, ['access-302', 'access-403']) }),
    ...(values['client-id'] ? { clientId: values['client-id'] } : {}),
    ...(values['client-secret'] ? { clientSecret: values['client-secret'] } : {}),
    shared: {
      apiKey: values['api-key'] ?? null,
      ...(values.seed === undefined ? {} : { seed: values.seed }),
      timeScale,
      maxModelLen: wholeNumber('max-model-len', values['max-model-len'], { min: 1 }),
      toolParser: toolParser(values['tool-parser']),
      reasoningParser: values['reasoning-parser'],
      tokensPerChunk: wholeNumber('tokens-per-chunk', values['tokens-per-chunk'], { min: 1 }),
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

async function main(): Promise<number> {
  const values = readArguments();
  if (values['list-faults']) {
    console.log(listFaults());
    return 0;
  }
  const fleet = await start(values);
  announce(fleet, values.json);
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await fleet.close();
  return 0;
}

await runCommand(main);
