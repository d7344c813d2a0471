/** What operators are told of pods: their states, what they cost, and what stopping them has saved. */
import type { ConfigTree } from '../../../shared/config.ts';
import type { PodReport } from '../../../shared/observed.ts';
import { fourDigits, isoTime } from '../../../shared/units.ts';
import { hourMs, isWaking, readyAtMs, upMsUntil, usualWakeMs } from './pod-state.ts';
import type { PodStates } from './pod-view.ts';

export function podReports({ pods }: Pick<ConfigTree, 'pods'>, states: PodStates, nowMs: number): PodReport[] {
  return Object.entries(pods).flatMap(([id, rules]): PodReport[] => {
    const pod = states[id];
    if (pod === undefined) return [];
    const usdPerHour = pod.usdPerHour ?? rules.usd_per_hour ?? null;
    const upHours = upMsUntil(pod, nowMs) / hourMs;
    const today = new Date(nowMs).toISOString().slice(0, 10);
    const sinceMs = pod.upSinceMs === null ? 0 : nowMs - Math.max(pod.upSinceMs, Date.parse(`${today}T00:00:00Z`));
    const todayMs = (pod.upMsByDay.find(({ day }) => day === today)?.upMs ?? 0) + Math.max(0, sinceMs);
    return [
      {
        id,
        provider: rules.provider,
        upstreams: rules.upstreams,
        phase: pod.phase,
        since: isoTime(pod.phaseAtMs) ?? '',
        is_held_down: pod.isHeldDown,
        trouble: pod.trouble,
        ready_at: isWaking(pod) ? isoTime(readyAtMs(pod, nowMs)) : null,
        last_wanted: isoTime(pod.wantedAtMs),
        wakes: pod.wakes,
        usual_wake_seconds: Math.round(usualWakeMs(pod) / 1000),
        up_hours: fourDigits(upHours),
        up_hours_today: fourDigits(todayMs / hourMs),
        up_hours_by_day: pod.upMsByDay.map(({ day, upMs }) => ({ day, hours: fourDigits(upMs / hourMs) })),
        usd_per_hour: usdPerHour,
        cost_usd: usdPerHour === null ? null : fourDigits(upHours * usdPerHour),
      },
    ];
  });
}
