/** The sixteen scenarios, in the order in which they run. */
import { longRuns } from './long-runs.ts';
import { refusals } from './refusals.ts';
import type { FailoverScenario } from './scenario.ts';
import { streams } from './streams.ts';

export const failoverScenarios: readonly FailoverScenario[] = [...refusals, ...streams, ...longRuns];
