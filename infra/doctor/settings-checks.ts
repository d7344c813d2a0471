/** What an operator has to say about a deployment: addresses, secrets, names. Judged by the Worker's own rules where it has some. */
import { defaultKeyVar } from '../../shared/config.ts';
import { type Check, type Deployed, error, type Facts, type Finding, note, type SeenSecrets } from './finding.ts';
import { mistakesOf } from './settings.ts';
import { placeOf, tableOf } from './toml-place.ts';

/** In place of a value that cannot be seen: no rule of the Worker objects to it. */
const unseen = 'q7Vt2mXc9LrB4wZk';

/** What a sentence of the Worker's own rules asks for. NAME is the variable, ENV the environment. */
const remedies: readonly (readonly [RegExp, string])[] = [
  [/is a placeholder/, "Put the model server's own hostname, the one of its tunnel, under [env.ENV.vars] in wrangler.toml."],
  [/holds the origin of a model server/, 'Write NAME = "https://…" under [env.ENV.vars] in wrangler.toml.'],
  [/is a published example/, 'openssl rand -base64 33 | npx wrangler secret put NAME --env ENV'],
  [/^ADMIN_TOKEN is not set/, 'openssl rand -base64 33 | npx wrangler secret put ADMIN_TOKEN --env ENV'],
  [
    /^ACCESS_CLIENT_ID and/,
    'Make a service token in Zero Trust (Access, Service credentials) and put both halves: npx wrangler secret put ACCESS_CLIENT_ID --env ENV, then ACCESS_CLIENT_SECRET.',
  ],
  [
    /API key of the provider of pod/,
    "Make an API key in the provider's console, with the right to start and stop pods, and put it: npx wrangler secret put NAME --env ENV",
  ],
  [/must be the id of a pod/, "Copy the id from the provider's list of pods to NAME under [env.ENV.vars] in wrangler.toml."],
  [/API key of a model server/, 'npx wrangler secret put NAME --env ENV'],
  [/^BOOTSTRAP_API_KEY/, 'npx wrangler secret delete BOOTSTRAP_API_KEY --env ENV; make keys with npm run keys -- create.'],
  [/^CONFIG_OVERRIDES is refused/, 'Move the change into configs/profiles/, or make it at run time: npm run config -- set.'],
  [/^CONFIG_OVERRIDES/, 'Write it as one JSON object, or take it out.'],
  [/^CONFIG_PROFILE/, 'Name one of them under [env.ENV.vars] in wrangler.toml.'],
  [/^ENVIRONMENT/, 'Write ENVIRONMENT = "ENV" under [env.ENV.vars] in wrangler.toml.'],
  [/is no binding/, 'Bind it under [env.ENV] in wrangler.toml, or take the upstream out of configs/models.yaml.'],
  [/16 to 512 printable/, 'openssl rand -base64 33 | npx wrangler secret put NAME --env ENV'],
  [/origin without a path|is not a URL|begin with https|credentials/, 'Write it as https://host, with nothing behind the host.'],
];

function remedyFor(sentence: string, name: string, environment: string): string {
  const [, text = 'Mend the value of NAME for ENV.'] = remedies.find(([pattern]) => pattern.test(sentence)) ?? [];
  return text.replaceAll('NAME', name).replaceAll('ENV', environment);
}

export function varsOf({ toml }: Facts, environment: Deployed): Record<string, string> {
  const vars = Object.entries(tableOf(toml, 'env', environment, 'vars'));
  return Object.fromEntries(vars.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]));
}

/** The secrets that the chosen profile's model servers and the providers of its pods are asked with. */
function keyVariables(facts: Facts, environment: Deployed): string[] {
  const vars = varsOf(facts, environment);
  const profile = facts.profiles[vars['CONFIG_PROFILE'] ?? ''];
  const pods = Object.values(profile?.pods ?? {}).filter(({ id_var: id }) => (vars[id] ?? '') !== '');
  return [...new Set([...Object.values(profile?.upstreams ?? {}), ...pods].map(({ key_var: variable }) => variable))];
}

/** Names and values as the Worker will have them; what cannot be seen is taken to be in order. */
function valuesOf(facts: Facts, environment: Deployed, { from, values }: SeenSecrets): Record<string, string> {
  const assumed =
    from === 'nowhere' ? ['ADMIN_TOKEN', 'ACCESS_CLIENT_ID', 'ACCESS_CLIENT_SECRET', ...keyVariables(facts, environment)] : [];
  const seen = Object.entries(values).map(([name, value]) => [name, value ?? unseen]);
  return {
    ...Object.fromEntries(assumed.map((name) => [name, unseen])),
    ...varsOf(facts, environment),
    ...Object.fromEntries(seen),
  };
}

const nothingSeen: SeenSecrets = { from: 'nowhere', why: 'they were not looked for', values: {} };

function secretsOf(facts: Facts, environment: Deployed): SeenSecrets {
  return facts.secrets[environment] ?? nothingSeen;
}

/** Everything the deployed Worker would answer 503 `not_ready` for. */
function ownRules(facts: Facts): Finding[] {
  if (Object.keys(facts.profiles).length === 0) return [];
  return facts.wanted.flatMap((environment) => {
    const sentences = mistakesOf(valuesOf(facts, environment, secretsOf(facts, environment)), facts.profiles);
    return sentences.map((sentence) => {
      const [name = ''] = /^[A-Z][A-Z0-9_]+/.exec(sentence) ?? [];
      const isVar = name in varsOf(facts, environment) || /_URL$|^ENVIRONMENT$|^CONFIG_/.test(name);
      const where = isVar ? placeOf(facts.tomlText, ['env', environment, 'vars', name]) : `secrets of ${environment}`;
      return error(where, `${environment}: ${sentence}`, remedyFor(sentence, name, environment));
    });
  });
}

/** What was not looked at is said, not passed over. */
function unseenSecrets(facts: Facts): Finding[] {
  return facts.wanted.flatMap((environment) => {
    const { from, why } = secretsOf(facts, environment);
    const file = 'give them with --secrets-file FILE';
    if (from === 'nowhere') {
      const what = `${environment}: its secrets could not be seen (${why}), so nothing is known of them.`;
      return [note(`secrets of ${environment}`, what, `npx wrangler login, or ${file}.`)];
    }
    if (from === 'file') return [];
    const what = `${environment}: the names of its secrets are there; whether a value is a published example cannot be seen.`;
    return [note(`secrets of ${environment}`, what, `To check values as well, ${file}.`)];
  });
}

/** `wrangler deploy` itself refuses without them, so a key that a profile names belongs there. */
function requiredSecrets(facts: Facts): Finding[] {
  return facts.wanted.flatMap((environment) => {
    const { required } = tableOf(facts.toml, 'env', environment, 'secrets');
    const names = Array.isArray(required) ? required : [];
    const missing = keyVariables(facts, environment).filter((name) => name !== defaultKeyVar && !names.includes(name));
    const where = placeOf(facts.tomlText, ['env', environment, 'secrets', 'required']);
    return missing.map((name) => {
      const what = `${environment}: the configuration sends ${name} to a model server or a provider, and a deployment does not ask for it.`;
      return error(where, what, `Add "${name}" to required under [env.${environment}.secrets].`);
    });
  });
}

const secretName = /(?:KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$/;
const secretValue = /^(?:sk-|pm_|eyJ|ghp_|Bearer )|:\/\/[^/@]*:[^/@]*@/;

function secretsInVars(facts: Facts): Finding[] {
  return facts.wanted.flatMap((environment) => {
    const suspicious = Object.entries(varsOf(facts, environment)).filter(
      ([name, value]) => secretName.test(name) || secretValue.test(value),
    );
    return suspicious.map(([name]) => {
      const what = `${environment}: ${name} is a secret in plain text: whoever reads the repository or the dashboard has it.`;
      const fix = `Take the line out, make a new value, and put it: npx wrangler secret put ${name} --env ${environment}`;
      return error(placeOf(facts.tomlText, ['env', environment, 'vars', name]), what, fix);
    });
  });
}

const privateHost = /^(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|\[)|\.(?:local|internal|lan)$/i;

/** Right for a Worker on a machine of one's own; from Cloudflare such a server cannot be reached, or is reached in the clear. */
function unreachableAddresses(facts: Facts): Finding[] {
  return addressesOf(facts).flatMap(({ environment, name, url }) => {
    const where = placeOf(facts.tomlText, ['env', environment, 'vars', name]);
    const fix = `Publish the server through the tunnel and write its https:// address under [env.${environment}.vars].`;
    if (privateHost.test(url.hostname)) {
      return [
        error(where, `${environment}: ${name} is ${url.hostname}, an address that Cloudflare's network cannot reach.`, fix),
      ];
    }
    return url.protocol === 'http:'
      ? [error(where, `${environment}: ${name} sends prompts and the server's key in the clear.`, fix)]
      : [];
  });
}

export interface Address {
  readonly environment: Deployed;
  readonly name: string;
  readonly url: URL;
}

/** The vars that hold an address. */
export function addressesOf(facts: Facts): Address[] {
  return facts.wanted.flatMap((environment) =>
    Object.entries(varsOf(facts, environment)).flatMap(([name, value]) => {
      const url = name.endsWith('_URL') ? URL.parse(value) : null;
      return url === null ? [] : [{ environment, name, url }];
    }),
  );
}

/** Names that RFC 2606 reserves: those of the model servers are the Worker's own rule, these are all others. */
const exampleHost = /(?:^|[./@])example\.(?:com|net|org)\b/i;

function otherPlaceholders(facts: Facts): Finding[] {
  return facts.wanted.flatMap((environment) => {
    const upstreams = new Set(addressesOf(facts).map(({ name }) => name));
    const left = Object.entries(varsOf(facts, environment)).filter(
      ([name, value]) => !upstreams.has(name) && exampleHost.test(value),
    );
    return left.map(([name]) => {
      const where = placeOf(facts.tomlText, ['env', environment, 'vars', name]);
      return error(
        where,
        `${environment}: ${name} still has an example's hostname.`,
        `Put your own under [env.${environment}.vars].`,
      );
    });
  });
}

/** Tests of a staging that asks production's servers take their places. */
function sharedServers(facts: Facts): Finding[] {
  const all = addressesOf({ ...facts, wanted: ['staging', 'production'] });
  const production = new Set(all.filter(({ environment }) => environment === 'production').map(({ url }) => url.origin));
  return all
    .filter(({ environment, url }) => environment === 'staging' && facts.wanted.includes('staging') && production.has(url.origin))
    .map(({ name, url }) => {
      const what = `staging and production both ask ${url.origin}: each counts the server's places as its own.`;
      return note(
        placeOf(facts.tomlText, ['env', 'staging', 'vars', name]),
        what,
        'Halve max_in_flight for both, or give staging servers of its own.',
      );
    });
}

export const settingsChecks: readonly Check[] = [
  {
    id: 'settings',
    answeredBy: 'operator',
    looksFor: 'real addresses and secrets that are not published, by the rules of the Worker',
    find: ownRules,
  },
  { id: 'seen-secrets', answeredBy: 'operator', looksFor: 'secrets that could be looked at', find: unseenSecrets },
  {
    id: 'required-secrets',
    answeredBy: 'repository',
    looksFor: 'keys of model servers that a deployment asks for',
    find: requiredSecrets,
  },
  { id: 'plain-secrets', answeredBy: 'repository', looksFor: 'no secret among the vars', find: secretsInVars },
  {
    id: 'reachable',
    answeredBy: 'operator',
    looksFor: 'addresses that Cloudflare can reach, over https',
    find: unreachableAddresses,
  },
  { id: 'placeholders', answeredBy: 'operator', looksFor: 'no other placeholder left', find: otherPlaceholders },
  { id: 'own-servers', answeredBy: 'operator', looksFor: 'model servers of its own for each environment', find: sharedServers },
];
