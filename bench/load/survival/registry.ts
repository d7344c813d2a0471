/** Every survival scenario, in the order in which they run. */
import { brokenStreams } from './broken-streams.ts';
import { leavingClients } from './leaving-clients.ts';
import { oneModelDead } from './one-model-dead.ts';
import { outage } from './outage.ts';
import type { Scenario } from './scenario.ts';
import { silentModel } from './silent-model.ts';
import { twoIsolates } from './two-isolates.ts';

/** @param outageSeconds how long the outage of everything lasts */
export function survivalScenarios(outageSeconds: number): readonly Scenario[] {
  return [oneModelDead, outage(outageSeconds), brokenStreams, silentModel, leavingClients, twoIsolates];
}
