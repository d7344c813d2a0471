/** All security checks in the order they run: those that inspect what the others left behind come last. */
import type { SecurityCheck } from '../check.ts';
import { adminChecks } from './admin.ts';
import { bombChecks } from './bombs.ts';
import { documentChecks } from './documents.ts';
import { echoChecks } from './echoes.ts';
import { forgeryChecks } from './forgery.ts';
import { hygieneChecks } from './hygiene.ts';
import { injectionChecks } from './injection.ts';
import { keyChecks } from './keys.ts';
import { publishedChecks } from './published.ts';
import { supplyChecks } from './supply.ts';
import { traceChecks } from './traces.ts';
import { workloadChecks } from './workload.ts';

export const securityChecks: readonly SecurityCheck[] = [
  ...forgeryChecks,
  ...keyChecks,
  ...adminChecks,
  ...hygieneChecks,
  ...bombChecks,
  ...injectionChecks,
  ...documentChecks,
  ...echoChecks,
  ...workloadChecks,
  ...supplyChecks,
  ...publishedChecks,
  ...traceChecks,
];
