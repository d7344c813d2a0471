/** What lies outside the Worker and is named in wrangler.toml: each environment has its own, and no id is left as it was shipped. */
import { type Check, error, type Facts, type Finding } from './finding.ts';
import { blockPath, listOf, placeOf, tableOf } from './toml-place.ts';

const environments = ['development', 'staging', 'production'];

/** Where they stand in a block, and the key that says which one is meant. */
const kinds: readonly (readonly [path: readonly string[], key: string, word: string])[] = [
  [['queues', 'producers'], 'queue', 'queue'],
  [['queues', 'consumers'], 'queue', 'queue'],
  [['hyperdrive'], 'id', 'Hyperdrive configuration'],
  [['vectorize'], 'index_name', 'Vectorize index'],
  [['kv_namespaces'], 'id', 'KV namespace'],
  [['r2_buckets'], 'bucket_name', 'bucket'],
  [['d1_databases'], 'database_id', 'database'],
];

interface Named {
  readonly environment: string;
  readonly word: string;
  readonly name: string;
  readonly place: string;
}

function resources(facts: Facts): Named[] {
  return environments.flatMap((environment) =>
    kinds.flatMap(([path, key, word]) => {
      const full = [...blockPath(environment), ...path];
      const parent = tableOf(facts.toml, ...full.slice(0, -1));
      return listOf(parent[full.at(-1) ?? '']).flatMap((item, index) => {
        const name = item[key];
        const place = placeOf(facts.tomlText, [...full, index, key]);
        return typeof name === 'string' ? [{ environment, word, name, place }] : [];
      });
    }),
  );
}

/** A queue has one consumer: a deployment of one environment would take the other's messages. The rest would mix what they hold. */
function shared(facts: Facts): Finding[] {
  const owners = new Map<string, string>();
  return resources(facts).flatMap(({ environment, word, name, place }) => {
    const owner = owners.get(`${word} ${name}`) ?? environment;
    owners.set(`${word} ${name}`, owner);
    if (owner === environment) return [];
    return [
      error(
        place,
        `${environment} and ${owner} have the same ${word}, ${name}: what belongs to one would reach the other.`,
        `Give ${environment} a ${word} of its own.`,
      ),
    ];
  });
}

function shippedIds(facts: Facts): Finding[] {
  const left = resources(facts).filter(({ name }) => /^0+$|^<.*>$|^your-/i.test(name));
  return left.map(({ environment, word, name, place }) =>
    error(
      place,
      `${environment}: the ${word} ${name} is a placeholder; the deployment would fail.`,
      `Make one (npx wrangler … create) and put its id there, or take the block out.`,
    ),
  );
}

export const resourceChecks: readonly Check[] = [
  {
    id: 'own-resources',
    answeredBy: 'repository',
    looksFor: 'queues, databases and indexes of its own for each environment',
    find: shared,
  },
  { id: 'shipped-ids', answeredBy: 'operator', looksFor: 'no id left as it was shipped', find: shippedIds },
];
