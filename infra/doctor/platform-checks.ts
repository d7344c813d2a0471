/** What wrangler.toml tells the platform: bindings, doors to the outside, objects, logs, dates. */
import { placeOf, blockPath, listOf, tableOf } from './toml-place.ts';
import { type Check, deployedIds, error, type Facts, type Finding, note } from './finding.ts';
import { addressesOf } from './settings-checks.ts';

const environments = ['development', ...deployedIds];

/** Keys of a block whose names must be the same everywhere, since environments inherit none of them. */
const notInherited = [
  'durable_objects',
  'queues',
  'ratelimits',
  'kv_namespaces',
  'r2_buckets',
  'd1_databases',
  'services',
  'version_metadata',
  'vars',
];

/** `HEALTH:HealthObject`, by the place it stands at. */
function namesIn(facts: Facts, environment: string): Map<string, string> {
  const block = tableOf(facts.toml, ...blockPath(environment));
  const names = new Map<string, string>();
  for (const key of notInherited) {
    if (key === 'vars') for (const name of Object.keys(tableOf(block['vars']))) names.set(`vars ${name}`, 'vars');
    const inner = key === 'durable_objects' ? 'bindings' : key === 'queues' ? 'producers' : null;
    const list = inner === null ? listOf(block[key]) : listOf(tableOf(block[key])[inner]);
    for (const { name, binding, class_name: objectClass } of list) {
      names.set(`${key} ${String(name ?? binding)}${objectClass === undefined ? '' : ` (${String(objectClass)})`}`, key);
    }
  }
  return names;
}

function bindingsAlike(facts: Facts): Finding[] {
  const all = new Map(environments.map((environment) => [environment, namesIn(facts, environment)]));
  const everywhere = new Map([...all.values()].flatMap((names) => [...names]));
  return environments.flatMap((environment) => {
    const missing = [...everywhere].filter(([name]) => all.get(environment)?.has(name) !== true);
    return missing.map(([name, key]) => {
      const has = environments.filter((other) => all.get(other)?.has(name) === true).join(' and ');
      const where = placeOf(facts.tomlText, [...blockPath(environment), key]);
      return error(
        where,
        `${environment} lacks ${name}, which ${has} has: environments inherit no bindings and vars.`,
        `Repeat it for ${environment}.`,
      );
    });
  });
}

function environmentsNamed(facts: Facts): Finding[] {
  return environments.flatMap((environment) => {
    const path = [...blockPath(environment), 'vars', 'ENVIRONMENT'];
    const { ENVIRONMENT: name } = tableOf(facts.toml, ...blockPath(environment), 'vars');
    if (name === environment) return [];
    const what = `${environment} calls itself ${JSON.stringify(name ?? null)}: rules for what may run there are chosen by that name.`;
    return [error(placeOf(facts.tomlText, path), what, `ENVIRONMENT = "${environment}"`)];
  });
}

/** One counter for two environments would let staging use up production's rate. */
function rateNamespaces(facts: Facts): Finding[] {
  const owners = new Map<string, string>();
  return environments.flatMap((environment) =>
    listOf(tableOf(facts.toml, ...blockPath(environment))['ratelimits']).flatMap((limit, index) => {
      const id = String(limit['namespace_id']);
      const owner = owners.get(id);
      owners.set(id, owner ?? `${environment} ${String(limit['name'])}`);
      if (owner === undefined) return [];
      const where = placeOf(facts.tomlText, [...blockPath(environment), 'ratelimits', index, 'namespace_id']);
      return [
        error(
          where,
          `${environment}: the rate limit ${String(limit['name'])} counts in namespace ${id}, as ${owner} does.`,
          'Give it a namespace_id that nothing else in the account uses.',
        ),
      ];
    }),
  );
}

const neededFlags = {
  global_fetch_strictly_public: "a model server's hostname in the gateway's own zone would be called past Access",
  enable_request_signal: 'a client that leaves early would not be noticed, and its model would generate on',
};

function flags(facts: Facts): Finding[] {
  return environments.flatMap((environment) => {
    const own = tableOf(facts.toml, ...blockPath(environment))['compatibility_flags'] ?? facts.toml['compatibility_flags'];
    const set = Array.isArray(own) ? own : [];
    const missing = Object.entries(neededFlags).filter(([flag]) => !set.includes(flag));
    // What is inherited is said once.
    if (environment !== 'development' && own === facts.toml['compatibility_flags']) return [];
    const where = placeOf(facts.tomlText, [...blockPath(environment), 'compatibility_flags']);
    return missing.map(([flag, why]) =>
      error(where, `${environment}: without ${flag} ${why}.`, `Add "${flag}" to compatibility_flags.`),
    );
  });
}

interface Door {
  readonly pattern: string;
  readonly path: readonly (string | number)[];
}

function routesOf({ toml }: Facts, environment: string): Door[] {
  const block = tableOf(toml, ...blockPath(environment));
  const path = blockPath(environment);
  const one = block['route'] === undefined ? [] : [{ pattern: patternOf(block['route']), path: [...path, 'route'] }];
  const routes = block['routes'];
  const many = Array.isArray(routes)
    ? routes.map((route, index) => ({ pattern: patternOf(route), path: [...path, 'routes', index] }))
    : [];
  return [...one, ...many];
}

function patternOf(route: unknown): string {
  return typeof route === 'string' ? route : String(tableOf(route)['pattern']);
}

/** A `wrangler deploy` without --env uploads the top of the file. */
function developmentIsClosed(facts: Facts): Finding[] {
  const why = 'so a wrangler deploy without --env would publish development, where example keys are valid.';
  const open = ['workers_dev', 'preview_urls'].filter((key) => facts.toml[key] !== false);
  return [
    ...open.map((key) =>
      error(
        placeOf(facts.tomlText, [key]),
        `${key} is not false at the top of the file, ${why}`,
        `Write ${key} = false at the top; [env.staging] says what it needs itself.`,
      ),
    ),
    ...routesOf(facts, 'development').map(({ path, pattern }) =>
      error(
        placeOf(facts.tomlText, path),
        `${pattern} is a route of development, ${why}`,
        'Move it under [env.staging] or [env.production].',
      ),
    ),
  ];
}

function productionDoors(facts: Facts): Finding[] {
  if (!facts.wanted.includes('production')) return [];
  const block = tableOf(facts.toml, 'env', 'production');
  const findings: Finding[] = [];
  if ((block['workers_dev'] ?? facts.toml['workers_dev']) !== false)
    findings.push(
      error(
        placeOf(facts.tomlText, ['env', 'production', 'workers_dev']),
        "production has an address under workers.dev: your zone's firewall and Access do not stand in front of it.",
        'Write workers_dev = false under [env.production].',
      ),
    );
  if ((block['preview_urls'] ?? facts.toml['preview_urls']) !== false)
    findings.push(
      error(
        placeOf(facts.tomlText, ['env', 'production', 'preview_urls']),
        'production has a public address for every uploaded version.',
        'Write preview_urls = false under [env.production].',
      ),
    );
  return findings;
}

function productionIsReached(facts: Facts): Finding[] {
  if (!facts.wanted.includes('production') || routesOf(facts, 'production').length > 0) return [];
  const what = 'production has neither a route nor a custom domain: nobody could reach it.';
  const fix = 'Write routes = [{ pattern = "gateway.your-domain", custom_domain = true }] under [env.production].';
  return [error(placeOf(facts.tomlText, ['env', 'production']), what, fix)];
}

/** A route on a model server's hostname would make the gateway call itself. */
function routeHosts(facts: Facts): Finding[] {
  return facts.wanted.flatMap((environment) =>
    routesOf(facts, environment).flatMap(({ pattern, path }) => {
      const host = pattern.replace(/^[a-z]+:\/\//, '').split('/')[0] ?? '';
      const where = placeOf(facts.tomlText, path);
      if (/(?:^|\.)example\.(?:com|net|org)$|your-domain/i.test(host))
        return [error(where, `${environment}: the route ${pattern} is a placeholder.`, 'Put a hostname of your own zone there.')];
      const same = addressesOf(facts).filter((address) => address.environment === environment && address.url.hostname === host);
      return same.map(({ name }) =>
        error(
          where,
          `${environment}: the gateway's route ${pattern} is also the address in ${name}: it would call itself.`,
          'Give the gateway and each model server hostnames of their own.',
        ),
      );
    }),
  );
}

function logs(facts: Facts): Finding[] {
  return facts.wanted.flatMap((environment) => {
    const own = facts.toml['env'] !== undefined && 'observability' in tableOf(facts.toml, 'env', environment);
    const path = [...(own ? blockPath(environment) : []), 'observability'];
    const observability = tableOf(facts.toml, ...path);
    const where = placeOf(facts.tomlText, path);
    if (observability['enabled'] !== true)
      return [
        error(
          where,
          `${environment}: the Worker's logs are off, and the reason for 503 not_ready is told only there.`,
          'Write enabled = true under [observability].',
        ),
      ];
    const rate = observability['head_sampling_rate'] ?? 1;
    if (typeof rate !== 'number' || rate <= 0 || rate > 1)
      return [
        error(
          where,
          `${environment}: head_sampling_rate is ${String(rate)}; expected more than 0, up to 1.`,
          'Write head_sampling_rate = 1, or less where logs cost too much.',
        ),
      ];
    return rate < 0.01
      ? [
          note(
            where,
            `${environment}: only ${rate * 100} % of requests are logged; a rare failure leaves no trace.`,
            'Take 0.01 or more.',
          ),
        ]
      : [];
  });
}

function objects(facts: Facts): Finding[] {
  const classes = tableOf(facts.toml['exports']);
  const findings: Finding[] = [];
  if (facts.toml['migrations'] !== undefined && Object.keys(classes).length > 0)
    findings.push(
      error(
        placeOf(facts.tomlText, ['migrations']),
        'migrations and exports exclude each other: the platform refuses the upload.',
        'Keep [exports.*] and delete migrations.',
      ),
    );
  for (const [name, value] of Object.entries(classes)) {
    const where = placeOf(facts.tomlText, ['exports', name]);
    const { storage, state = 'created' } = tableOf(value);
    if (state === 'created' && storage !== 'sqlite')
      findings.push(
        error(
          where,
          `${name} is not stored in SQLite, which its code needs and which cannot be changed later.`,
          `Write storage = "sqlite" under [exports.${name}].`,
        ),
      );
    if (state === 'created' && !new RegExp(`export (?:class ${name}\\b|\\{[^}]*\\b${name}\\b[^}]*\\})`).test(facts.entry))
      findings.push(
        error(
          where,
          `worker/index.ts exports no ${name}.`,
          `Export it there, or say what becomes of its data: [exports.${name}] state = "deleted".`,
        ),
      );
  }
  for (const environment of environments) {
    for (const { name, class_name: objectClass } of listOf(
      tableOf(facts.toml, ...blockPath(environment), 'durable_objects')['bindings'],
    )) {
      if (!Object.hasOwn(classes, String(objectClass)))
        findings.push(
          error(
            placeOf(facts.tomlText, [...blockPath(environment), 'durable_objects']),
            `${environment}: ${String(name)} is bound to ${String(objectClass)}, which [exports] does not have.`,
            `Add [exports.${String(objectClass)}] with type = "durable-object" and storage = "sqlite".`,
          ),
        );
    }
  }
  return findings;
}

const dayMs = 86_400_000;

function compatibilityDate(facts: Facts): Finding[] {
  return environments.flatMap((environment) => {
    const block = tableOf(facts.toml, ...blockPath(environment));
    if (environment !== 'development' && block['compatibility_date'] === undefined) return [];
    const where = placeOf(facts.tomlText, [...blockPath(environment), 'compatibility_date']);
    const date = String(block['compatibility_date'] ?? '');
    const fix = `Write compatibility_date = "YYYY-MM-DD", the date of the last release of the runtime that the tests ran on.`;
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(Date.parse(date)))
      return [error(where, `${environment}: compatibility_date is "${date}", not a date.`, fix)];
    const ageDays = (Date.parse(facts.today) - Date.parse(date)) / dayMs;
    if (ageDays < 0)
      return [error(where, `${environment}: compatibility_date ${date} lies in the future: the platform refuses it.`, fix)];
    return ageDays > 365
      ? [
          note(
            where,
            `${environment}: compatibility_date ${date} is more than a year old.`,
            'Move it on, run npm test, deploy to staging first.',
          ),
        ]
      : [];
  });
}

/** Bindings without a local implementation: `wrangler dev` refuses to start with them. */
const remoteOnly = ['ai', 'hyperdrive', 'vectorize', 'vpc_services', 'mtls_certificates'];

function remoteBindings(facts: Facts): Finding[] {
  return remoteOnly
    .filter((key) => facts.toml[key] !== undefined)
    .map((key) =>
      error(
        placeOf(facts.tomlText, [key]),
        `[${key}] at the top of the file: npm start and npm run dev would ask for a Cloudflare login.`,
        `Move it under [env.staging] and [env.production].`,
      ),
    );
}

export const platformChecks: readonly Check[] = [
  { id: 'bindings', answeredBy: 'repository', looksFor: 'the same bindings and vars in every environment', find: bindingsAlike },
  { id: 'names', answeredBy: 'repository', looksFor: 'environments that say their own name', find: environmentsNamed },
  { id: 'rate-namespaces', answeredBy: 'repository', looksFor: 'rate limits that count apart', find: rateNamespaces },
  { id: 'flags', answeredBy: 'repository', looksFor: 'compatibility flags that the gateway relies on', find: flags },
  { id: 'development', answeredBy: 'repository', looksFor: 'no public address for development', find: developmentIsClosed },
  { id: 'doors', answeredBy: 'repository', looksFor: 'no way into production past its own domain', find: productionDoors },
  { id: 'reached', answeredBy: 'operator', looksFor: 'a domain of its own for production', find: productionIsReached },
  { id: 'routes', answeredBy: 'operator', looksFor: 'routes with hostnames of your own', find: routeHosts },
  { id: 'logs', answeredBy: 'repository', looksFor: 'logs that are written, and sampled on purpose', find: logs },
  { id: 'objects', answeredBy: 'repository', looksFor: 'Durable Objects bound, exported and stored alike', find: objects },
  { id: 'date', answeredBy: 'repository', looksFor: 'a compatibility date that the platform takes', find: compatibilityDate },
  { id: 'remote', answeredBy: 'repository', looksFor: 'no binding at the top that needs a login', find: remoteBindings },
];
