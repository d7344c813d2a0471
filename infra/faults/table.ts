/**
 * What every fault of a model server must look like from outside: the one table that the tests over HTTP run and that a command line can
 * print. It holds promises, not behaviour; `infra/standin/faults.ts` says what each fault is.
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

/** What tells a row from every other. */
export function nameOf(row: FaultCase): string {
  return row.needs === undefined ? directiveOf(row) : `${directiveOf(row)} (${row.needs.replaceAll('_', ' ')})`;
}

/** Whether another model that is well must answer in the place of the one with the fault. */
export function isHealedByFallback(expectation: Expectation): boolean {
  return (expectation.ends === 'status' || expectation.ends === 'late_error') && errors[expectation.code].blames === 'upstream';
}
