/**
 * How every fault of a model server must look from outside: the table that the tests over HTTP and `npm run faults` share. It holds
 * promises; `infra/standin/faults.ts` implements the faults.
 */
import { errors } from '../../shared/errors.ts';
import { bodies } from './chapters/bodies.ts';
import { connection } from './chapters/connection.ts';
import { contextWords } from './chapters/context-words.ts';
import { endings } from './chapters/endings.ts';
import { events } from './chapters/events.ts';
import { framing } from './chapters/framing.ts';
import { status } from './chapters/status.ts';
import { tools } from './chapters/tools.ts';
import { usage } from './chapters/usage.ts';
import { words } from './chapters/words.ts';
import type { Expectation, FaultCase } from './fault-case.ts';

export const faultTable: readonly FaultCase[] = [
  ...connection,
  ...status,
  ...contextWords,
  ...bodies,
  ...endings,
  ...framing,
  ...events,
  ...usage,
  ...words,
  ...tools,
];

/** `name` or `name;settings`, as a request asks for it. */
export function directiveOf({ fault, settings }: FaultCase): string {
  return settings === undefined ? fault : `${fault};${settings}`;
}

/** A unique name for a row. */
export function nameOf(row: FaultCase): string {
  return row.needs === undefined ? directiveOf(row) : `${directiveOf(row)} (${row.needs.replaceAll('_', ' ')})`;
}

/** Whether a healthy model must answer in place of the faulty one. */
export function isHealedByFallback(expectation: Expectation): boolean {
  return (expectation.ends === 'status' || expectation.ends === 'late_error') && errors[expectation.code].blames === 'upstream';
}
