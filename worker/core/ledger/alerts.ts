/** Which of today's numbers an operator should look at. Only the rules; logging and showing them is elsewhere. */
import type { RoutingConfig } from '../../../shared/config.ts';
import type { RoutingAlert } from '../../../shared/records.ts';
import type { Named } from './counters.ts';
import { dayOf, sumCounts, type DayCounts } from './days.ts';
import { driftOf, shiftedFrom, total } from './drift.ts';

/** The part of the configuration that holds the limits by which the ledger's numbers are read. */
export interface WatchConfig {
  readonly escalation: Pick<RoutingConfig['escalation'], 'alert_rate'>;
  readonly classifier: Pick<RoutingConfig['classifier'], 'reference'>;
}

/** Under this many judged answers a rate says little: at a true 5 %, more than a tenth of 50 are escalated one time in 26. */
export const minJudged = 50;

export function alertsOf(days: Named<DayCounts>, { escalation, classifier }: WatchConfig, nowMs: number): RoutingAlert[] {
  const window = dayOf(nowMs);
  const alerts: RoutingAlert[] = [];
  for (const [day, { judged, scores }] of days) {
    if (day !== window) continue;
    const [sample = 0, escalated = 0] = sumCounts(judged.map(([, counts]) => counts));
    const [value, limit] = [escalated / sample, escalation.alert_rate];
    if (sample >= minJudged && value > limit) alerts.push({ code: 'escalation_rate', value, limit, window, sample });
    for (const [version, counts] of scores) {
      const { reference } = classifier;
      const drift = reference?.version === version ? driftOf(reference.counts, counts) : null;
      if (drift?.reading !== 'shifted') continue;
      alerts.push({ code: 'score_drift', value: drift.psi, limit: shiftedFrom, window, sample: total(counts) });
    }
  }
  return alerts;
}

/** Which of a window's alerts have not been logged, and what to remember: one line per code, however long it lasts. */
export function untold(
  told: readonly string[],
  alerts: readonly RoutingAlert[],
): { readonly told: readonly string[]; readonly fresh: readonly RoutingAlert[] } {
  const nameOf = ({ code, window }: RoutingAlert): string => `${code} ${window}`;
  const fresh = alerts.filter((alert) => !told.includes(nameOf(alert)));
  // A few at most: two codes, and the days are told in their order.
  return { told: [...told, ...fresh.map(nameOf)].slice(-4), fresh };
}
