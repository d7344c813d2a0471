/**
 * fast-check arbitraries of answers to a generated schema: they state its value correctly, repairably, changed or not at all. For
 * tests of the pure machine and of the whole gateway.
 */
import fc from 'fast-check';
import { key, scalarValue, type Json, type SchemaCase } from './schema-arbitrary.ts';

/** One JSON value, changed in one place: most of the time no longer valid. */
export function changed(value: Json): fc.Arbitrary<Json> {
  const other: fc.Arbitrary<Json> = fc.oneof(
    scalarValue,
    fc.constant<Json>([]),
    fc.constant<Json>({}),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  if (typeof value !== 'object' || value === null) return other;
  if (Array.isArray(value)) {
    if (value.length === 0)
      return fc.oneof(
        other,
        other.map((item) => [item]),
      );
    return fc.nat(value.length - 1).chain((index) =>
      fc.oneof(
        fc.constant(value.filter((_item, at) => at !== index)),
        changed(value[index] ?? null).map((item) => value.with(index, item)),
        other,
      ),
    );
  }
  const members = Object.entries(value);
  const added = fc.tuple(key, other).map(([name, made]): Json => Object.fromEntries([...members, [name, made]]));
  if (members.length === 0) return fc.oneof(other, added);
  return fc.nat(members.length - 1).chain((index) => {
    const without = Object.fromEntries(members.filter((_member, at) => at !== index));
    const [name, old] = members[index] ?? ['', null];
    return fc.oneof(
      fc.constant(without),
      added,
      changed(old).map((made): Json => Object.fromEntries(members.with(index, [name, made]))),
      other,
    );
  });
}

export interface AnswerCase extends SchemaCase {
  readonly text: string;
  /** `broken` is not repairable; `changed` is JSON, and satisfies the schema or not. */
  readonly kind: 'valid' | 'repairable' | 'broken' | 'changed';
}

/** JSON with a comma behind the last part of every container that has one. */
function withTrailingCommas(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const inner = Array.isArray(value)
    ? value.map(withTrailingCommas)
    : Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}: ${withTrailingCommas(member)}`);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  return inner.length === 0 ? `${open}${close}` : `${open}${inner.join(', ')} ,\n${close}`;
}

function repairable(value: Json): fc.Arbitrary<string> {
  const json = JSON.stringify(value, null, 1);
  return fc.constantFrom(
    `\`\`\`json\n${json}\n\`\`\``,
    `\`\`\`\n${json}\n\`\`\`\n`,
    `Sure! Here is the {JSON} you asked for:\n\n${json}\n\nLet me know if you need more.`,
    `Here you go:\n\`\`\`json\n${json}\n\`\`\`\nIt has the {fields} as asked, 100%.`,
    withTrailingCommas(value),
    `\`\`\`json\n${withTrailingCommas(value)}\n\`\`\``,
    json.replaceAll('\\n', '\n').replaceAll('\\t', '\t').replaceAll('\\\n', '\\\\n').replaceAll('\\\t', '\\\\t'),
  );
}

function broken(value: Json): fc.Arbitrary<string> {
  const json = JSON.stringify(value);
  return fc.oneof(
    fc.nat(Math.max(0, json.length - 2)).map((length) => json.slice(0, length + 1)),
    fc.constantFrom(
      `${json}${json}`,
      `${json}]`,
      `${json}}`,
      `${json},`,
      `[${json}`,
      `${json}\n\nor:\n${json}`,
      '',
      '   ',
      'I cannot do that.',
      'None',
      `{'a': ${json}}`,
      `{a: ${json}}`,
      `{"a": NaN}`,
      `{"a": 1e999}`,
      `{"a": 01}`,
      `{"a": 1,, "b": 2}`,
      '{,}',
      '[,]',
      `{"a": "\\x"}`,
    ),
  );
}

/** With \u escapes for everything else, as many servers write JSON. */
function asciiOnly(json: string): string {
  return json.replace(/[^\n -~]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Answers to a schema. The root of repairable and broken ones is an object or array: scalars have nothing to repair. */
export function answerTo({ schema, value }: SchemaCase): fc.Arbitrary<AnswerCase> {
  const isContainer = typeof value === 'object' && value !== null;
  const indent = fc.constantFrom(0, 1, 4);
  const valid = fc.tuple(indent, fc.constantFrom('', ' ', '\r\n\t'), fc.boolean()).map(([space, around, isAscii]) => {
    const json = JSON.stringify(value, null, space);
    return `${around}${isAscii ? asciiOnly(json) : json}${around}`;
  });
  const asCase = (kind: AnswerCase['kind']) => (made: string) => ({ schema, value, text: made, kind });
  const any = [
    valid.map(asCase('valid')),
    changed(value)
      .map((made) => JSON.stringify(made))
      .map(asCase('changed')),
  ];
  return fc.oneof(
    ...any,
    ...(isContainer ? [repairable(value).map(asCase('repairable')), broken(value).map(asCase('broken'))] : []),
  );
}
