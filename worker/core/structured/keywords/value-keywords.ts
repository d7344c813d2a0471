/** Keywords about one value by itself: its type, its allowed values, numbers and strings. */
import { violate, type Check } from '../check-run.ts';
import { canonicalJson, jsonTypeOf, type JsonType } from '../../json/value.ts';
import type { CompileKeyword, KeywordScope } from '../schema-node.ts';
import { formatTest } from '../string-formats.ts';

const typeNames: ReadonlyMap<unknown, JsonType> = new Map([
  ['object', 'object'],
  ['array', 'array'],
  ['string', 'string'],
  ['number', 'number'],
  ['integer', 'number'],
  ['boolean', 'boolean'],
  ['null', 'null'],
]);

function compileType(given: unknown, scope: KeywordScope): Check | null {
  const names: readonly unknown[] = Array.isArray(given) ? given : [given];
  const types = new Set(names.flatMap((name) => typeNames.get(name) ?? []));
  if (names.length === 0 || !names.every((name) => typeNames.has(name))) {
    return scope.refuse('must be one or more of object, array, string, number, integer, boolean, null.');
  }
  const isWholeOnly = names.includes('integer') && !names.includes('number');
  scope.node.types = types;
  return (value, run) => {
    const type = jsonTypeOf(value);
    if (types.has(type) && !(isWholeOnly && typeof value === 'number' && !Number.isInteger(value))) return true;
    return violate(run, `must be ${names.join(' or ')}, is ${type}`);
  };
}

/**
 * Equality of JSON Schema: 1 and 1.0 are the same, the order of keys does not count. Containers compare by their canonical text.
 */
function compileAllowed(allowed: readonly unknown[], message: string): Check {
  const scalars = new Set(allowed.filter((value) => typeof value !== 'object' || value === null));
  const containers = new Set(allowed.filter((value) => typeof value === 'object' && value !== null).map(canonicalJson));
  return (value, run) => {
    if (scalars.has(value)) return true;
    if (containers.size > 0 && typeof value === 'object' && value !== null) {
      const text = canonicalJson(value);
      run.stepsLeft -= text.length;
      if (containers.has(text)) return true;
    }
    return violate(run, message);
  };
}

function compileEnum(given: unknown, scope: KeywordScope): Check | null {
  if (!Array.isArray(given)) return scope.refuse('must be an array.');
  return compileAllowed(given, 'must be one of the values of enum');
}

function compileNumber(message: string, holds: (value: number, limit: number) => boolean): CompileKeyword {
  return (given, scope) => {
    if (typeof given !== 'number') return scope.refuse('must be a number.');
    return (value, run) => typeof value !== 'number' || holds(value, given) || violate(run, `must be ${message} ${given}`);
  };
}

function compileMultipleOf(given: unknown, scope: KeywordScope): Check | null {
  if (typeof given !== 'number' || given <= 0) return scope.refuse('must be a number above 0.');
  return (value, run) => {
    if (typeof value !== 'number') return true;
    run.stepsLeft -= 10;
    return isMultiple(value, given) || violate(run, `must be a multiple of ${given}`);
  };
}

/** Exact on the decimal spelling: 0.3 is a multiple of 0.1, although 0.3 / 0.1 is not whole in binary. */
function isMultiple(value: number, divisor: number): boolean {
  if (Number.isSafeInteger(value) && Number.isSafeInteger(divisor)) return value % divisor === 0;
  const [digits, exponent] = decimal(value);
  const [divisorDigits, divisorExponent] = decimal(divisor);
  const shift = exponent - divisorExponent;
  if (shift >= 0) return (digits * 10n ** BigInt(shift)) % divisorDigits === 0n;
  return digits % (divisorDigits * 10n ** BigInt(-shift)) === 0n;
}

/** A finite number as integer × 10^exponent; the exponents of doubles lie within ±350. */
function decimal(value: number): readonly [bigint, number] {
  const [coefficient = '0', exponent = '0'] = String(Math.abs(value)).split('e');
  const [whole = '0', fraction = ''] = coefficient.split('.');
  return [BigInt(whole + fraction), Number(exponent) - fraction.length];
}

/** Lengths count code points. The number of UTF-16 units often decides without counting. */
function compileLength(message: string, holds: (length: number, limit: number) => boolean): CompileKeyword {
  return (given, scope) => {
    if (!isCount(given)) return scope.refuse('must be a whole number, 0 or more.');
    return (value, run) => {
      if (typeof value !== 'string') return true;
      run.stepsLeft -= value.length >> 2;
      if (run.stepsLeft < 0) return false;
      let length = value.length;
      for (let at = 0; at < value.length; at += 1) if ((value.codePointAt(at) ?? 0) > 0xffff) length -= 1;
      return holds(length, given) || violate(run, `must be ${message} ${given} characters long`);
    };
  };
}

export function isCount(given: unknown): given is number {
  return typeof given === 'number' && Number.isInteger(given) && given >= 0;
}

function compilePatternKeyword(given: unknown, scope: KeywordScope): Check | null {
  if (typeof given !== 'string') return scope.refuse('must be a string.');
  const compiled = scope.pattern(given);
  if (!compiled.ok) return scope.refuse(`${compiled.failure}.`);
  return (value, run) => typeof value !== 'string' || compiled.value(value, run) || violate(run, 'must match the pattern');
}

function compileFormatKeyword(given: unknown, scope: KeywordScope): Check | null {
  if (typeof given !== 'string') return scope.refuse('must be a string.');
  const test = formatTest(given);
  if (test === null) return null;
  return (value, run) => {
    if (typeof value !== 'string') return true;
    run.stepsLeft -= value.length;
    return (run.stepsLeft >= 0 && test(value)) || violate(run, `must be a ${given}`);
  };
}

export const valueKeywords: readonly (readonly [string, CompileKeyword])[] = [
  ['type', compileType],
  ['enum', compileEnum],
  ['const', (given) => compileAllowed([given], 'must be the value of const')],
  ['minimum', compileNumber('at least', (value, limit) => value >= limit)],
  ['maximum', compileNumber('at most', (value, limit) => value <= limit)],
  ['exclusiveMinimum', compileNumber('above', (value, limit) => value > limit)],
  ['exclusiveMaximum', compileNumber('below', (value, limit) => value < limit)],
  ['multipleOf', compileMultipleOf],
  ['minLength', compileLength('at least', (length, limit) => length >= limit)],
  ['maxLength', compileLength('at most', (length, limit) => length <= limit)],
  ['pattern', compilePatternKeyword],
  ['format', compileFormatKeyword],
];
