/**
 * fast-check arbitraries for structured output: JSON Schemas with a value that satisfies them by construction. Answers to them are in
 * `answer-arbitrary.ts`.
 */
import fc from 'fast-check';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Schema = { [key: string]: unknown };

/** A schema and a value it accepts. */
export interface SchemaCase {
  readonly schema: Schema;
  readonly value: Json;
}

interface Part {
  readonly schema: Schema;
  readonly value: fc.Arbitrary<Json>;
  /** Definitions the schema refers to; they go to the root. */
  readonly defs: Schema;
}

const text = fc.string({
  unit: fc.constantFrom('a', 'b', 'Z', '7', ' ', 'é', '🌍', '"', '\\', '\n', '\t', '{', '}', '[', ']', ',', ':', '`', '/'),
});
export const key = fc.constantFrom('a', 'b', 'name', 'x y', 'n~/', 'é', '__proto__', 'constructor', 'toString', '');
const int = fc.integer({ min: -1000, max: 1000 });
const patterns = ['^[a-z]+$', '^\\d{3}-\\d{4}$', '^([a-z]+-)*[a-z]+$', 'b', '^(?:yes|no)$', '^[^\\s]{2,5}$', '^.*$'];

const part = (schema: Schema, value: fc.Arbitrary<Json>, defs: Schema = {}): Part => ({ schema, value, defs });
export const scalarValue: fc.Arbitrary<Json> = fc.oneof(text, int, fc.boolean(), fc.constant(null));

const strings: fc.Arbitrary<Part> = fc.oneof(
  fc.constant(part({ type: 'string' }, text)),
  fc.tuple(fc.nat(4), fc.nat(6)).map(([minLength, more]) => {
    const maxLength = minLength + more;
    const unit = fc.constantFrom('a', 'é', '🌍', '"', '\n');
    return part({ type: 'string', minLength, maxLength }, fc.string({ unit, minLength, maxLength }));
  }),
  fc.constantFrom(...patterns).map((pattern) => part({ type: 'string', pattern }, fc.stringMatching(new RegExp(pattern, 'u')))),
  fc.constantFrom(
    part({ type: 'string', format: 'uuid' }, fc.uuid()),
    part({ type: 'string', format: 'ipv4' }, fc.ipV4()),
    part({ type: 'string', format: 'email' }, fc.emailAddress()),
    part(
      { type: 'string', format: 'date' },
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString().slice(0, 10)),
    ),
    part(
      { type: 'string', format: 'date-time' },
      fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }).map((date) => date.toISOString()),
    ),
    part({ type: 'string', format: 'something-unknown' }, text),
  ),
);

const numbers: fc.Arbitrary<Part> = fc.oneof(
  fc.constant(part({ type: 'integer' }, int)),
  fc.constant(part({ type: 'number' }, fc.double({ noNaN: true, noDefaultInfinity: true }))),
  fc
    .tuple(int, fc.nat(50))
    .map(([minimum, more]) =>
      part({ type: 'integer', minimum, maximum: minimum + more }, fc.integer({ min: minimum, max: minimum + more })),
    ),
  int.map((limit) =>
    part(
      { exclusiveMinimum: limit, type: 'number' },
      fc.nat(99).map((more) => limit + 0.5 + more),
    ),
  ),
  fc.constantFrom(3, 0.1, 0.25).map((multipleOf) =>
    part(
      { type: 'number', multipleOf },
      fc.nat(300).map((times) => Number((times * multipleOf).toFixed(2))),
    ),
  ),
);

const others: fc.Arbitrary<Part> = fc.oneof(
  fc.constant(part({ type: 'boolean' }, fc.boolean())),
  fc.constant(part({ type: 'null' }, fc.constant(null))),
  fc.constant(part({}, scalarValue)),
  fc
    .array(fc.oneof(scalarValue, fc.array(int, { maxLength: 2 }), fc.dictionary(key, int, { maxKeys: 2 })), {
      minLength: 1,
      maxLength: 4,
    })
    .map((all) => part({ enum: all }, fc.constantFrom(...all))),
  scalarValue.map((only) => part({ const: only }, fc.constant(only))),
);

function nullable(inner: Part): Part {
  return typeof inner.schema['type'] === 'string' && inner.schema['enum'] === undefined
    ? part({ ...inner.schema, type: [inner.schema['type'], 'null'] }, fc.oneof(inner.value, fc.constant(null)), inner.defs)
    : inner;
}

function objects(child: fc.Arbitrary<Part>): fc.Arbitrary<Part> {
  const members = fc.uniqueArray(fc.tuple(key, child, fc.boolean()), { selector: ([name]) => name, maxLength: 4 });
  return fc
    .tuple(members, fc.constantFrom('closed', 'open', 'typed', 'patterned'), fc.boolean())
    .map(([all, kind, isCounted]) => {
      const named = all.map(([name, { schema }]) => [name, schema] as const);
      const required = all.filter(([, , isRequired]) => isRequired).map(([name]) => name);
      const schema: Schema = { type: 'object', properties: Object.fromEntries(named), required };
      if (kind === 'closed') schema['additionalProperties'] = false;
      if (kind === 'typed') schema['additionalProperties'] = { type: 'integer' };
      if (kind === 'patterned')
        Object.assign(schema, { patternProperties: { '^z': { type: 'boolean' } }, additionalProperties: false });
      if (isCounted) schema['minProperties'] = required.length;
      const extra: fc.Arbitrary<readonly (readonly [string, Json])[]> =
        kind === 'closed'
          ? fc.constant([])
          : fc.array(fc.tuple(fc.constantFrom('z', 'z1'), kind === 'patterned' ? fc.boolean() : int), { maxLength: 2 });
      const given = fc.tuple(
        ...all.map(([name, { value }, isRequired]) =>
          (isRequired ? value : fc.option(value, { nil: undefined })).map((made) => [name, made] as const),
        ),
      );
      const value = fc
        .tuple(given, extra)
        .map(([own, more]): Json =>
          Object.fromEntries([...own, ...more].filter((member): member is readonly [string, Json] => member[1] !== undefined)),
        );
      return part(schema, value, Object.assign({}, ...all.map(([, { defs }]) => defs)));
    });
}

function arrays(child: fc.Arbitrary<Part>): fc.Arbitrary<Part> {
  return fc.oneof(
    fc
      .tuple(child, fc.nat(2), fc.nat(3))
      .map(([item, minItems, more]) =>
        part(
          { type: 'array', items: item.schema, minItems, maxItems: minItems + more },
          fc.array(item.value, { minLength: minItems, maxLength: minItems + more }),
          item.defs,
        ),
      ),
    fc.constant(part({ type: 'array', items: { type: 'integer' }, uniqueItems: true }, fc.uniqueArray(int, { maxLength: 5 }))),
    fc
      .array(child, { minLength: 1, maxLength: 3 })
      .map((items) =>
        part(
          { type: 'array', prefixItems: items.map(({ schema }) => schema), items: false },
          fc.tuple(...items.map(({ value }) => value)),
          Object.assign({}, ...items.map(({ defs }) => defs)),
        ),
      ),
    fc.constant(
      part(
        { type: 'array', contains: { const: 7 }, minContains: 1, maxContains: 2 },
        fc.array(fc.integer({ min: 8 }), { maxLength: 3 }).map((all) => [7, ...all]),
      ),
    ),
  );
}

function combined(child: fc.Arbitrary<Part>): fc.Arbitrary<Part> {
  return fc.oneof(
    fc
      .tuple(child, child)
      .map(([first, second]) =>
        part({ anyOf: [first.schema, second.schema] }, fc.oneof(first.value, second.value), { ...first.defs, ...second.defs }),
      ),
    fc.tuple(child, child).map(([first, second]) => {
      const branch = (kind: string, { schema }: Part) => ({
        type: 'object',
        properties: { kind: { const: kind }, of: schema },
        required: ['kind', 'of'],
      });
      const value = fc.oneof(
        first.value.map((of) => ({ kind: 'one', of })),
        second.value.map((of) => ({ kind: 'two', of })),
      );
      return part({ oneOf: [branch('one', first), branch('two', second)] }, value, { ...first.defs, ...second.defs });
    }),
    child.map((inner) => part({ allOf: [inner.schema, {}] }, inner.value, inner.defs)),
    child.map((inner) =>
      part(
        { ...inner.schema, not: { const: 'never this' } },
        inner.value.filter((value) => value !== 'never this'),
        inner.defs,
      ),
    ),
    // oxlint-disable-next-line unicorn/no-thenable -- a JSON Schema keyword
    fc.constant(part({ if: { type: 'integer' }, then: { minimum: 0 }, else: { type: 'string' } }, fc.oneof(fc.nat(), text))),
    child.map((inner) => {
      const name = `d${hash(JSON.stringify(inner.schema))}`;
      return part({ $ref: `#/$defs/${name}` }, inner.value, { ...inner.defs, [name]: inner.schema });
    }),
    fc.constant(part({ $ref: '#/$defs/tree' }, tree(3), { tree: treeSchema })),
  );
}

const treeSchema = {
  type: 'object',
  properties: { v: { type: 'integer' }, kids: { type: 'array', items: { $ref: '#/$defs/tree' } } },
  required: ['v'],
  additionalProperties: false,
};

function tree(depth: number): fc.Arbitrary<Json> {
  const leaf = int.map((v): Json => ({ v }));
  return depth === 0
    ? leaf
    : fc.oneof(
        leaf,
        fc.tuple(int, fc.array(tree(depth - 1), { maxLength: 2 })).map(([v, kids]): Json => ({ v, kids })),
      );
}

function hash(source: string): number {
  let sum = 7;
  for (let at = 0; at < source.length; at += 1) sum = (sum * 31 + source.charCodeAt(at)) >>> 0;
  return sum;
}

function parts(depth: number): fc.Arbitrary<Part> {
  const scalars = fc.oneof(strings, numbers, others);
  if (depth === 0) return scalars;
  const child = parts(depth - 1);
  return fc.oneof(
    { weight: 2, arbitrary: scalars },
    { weight: 3, arbitrary: objects(child) },
    { weight: 2, arbitrary: arrays(child) },
    { weight: 2, arbitrary: combined(child) },
    { weight: 1, arbitrary: fc.oneof(objects(child), arrays(child)).map(nullable) },
  );
}

function finish(arbitrary: fc.Arbitrary<Part>): fc.Arbitrary<SchemaCase> {
  return arbitrary.chain(({ schema, value, defs }) =>
    value.map((made) => ({ schema: plain({ ...schema, $defs: defs }), value: plain(made) })),
  );
}

/** As it comes off the wire: no -0, no special prototypes. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Schemas of any root type, with a value each. */
export const schemaCase: fc.Arbitrary<SchemaCase> = finish(parts(3));

/** Schemas whose root is an object, as OpenAI demands it. */
export const objectSchemaCase: fc.Arbitrary<SchemaCase> = finish(objects(parts(2)));
