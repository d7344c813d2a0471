/** What an operator should look at now, the worst first, each with what to do. Nothing when all is well. */
import type { BudgetList, Fleet, SeriesBucket } from '../../../shared/observed.ts';
import type { RoutingAlert, Stats } from '../../../shared/records.ts';
import type { RowsStatus } from '../../../shared/rows-status.ts';
import { count, dayAndTime, nothing, percent, usd, words } from './format.ts';

export interface Concern {
  readonly tone: 'bad' | 'warn';
  readonly title: string;
  readonly advice: string;
}

/** What is known; null while it is not loaded. */
export interface Known {
  readonly stats: Stats | null;
  readonly fleet: Fleet | null;
  readonly budgets: BudgetList | null;
  readonly buckets: readonly SeriesBucket[] | null;
}

const errorShare = 0.05;
const fewestRequests = 20;
const budgetShare = 0.8;

export function concernsIn({ stats, fleet, budgets, buckets }: Known): Concern[] {
  const found = [
    ...(fleet === null ? [] : [...modelConcerns(fleet), ...tunnelConcerns(fleet), ...podConcerns(fleet)]),
    ...(buckets === null ? [] : errorConcerns(buckets)),
    ...(stats === null ? [] : stats.alerts.map(alertConcern)),
    ...(stats?.request_log == null ? [] : logConcerns(stats.request_log)),
    ...(budgets === null ? [] : budgetConcerns(budgets)),
  ];
  return found.toSorted((a, b) => Number(a.tone === 'warn') - Number(b.tone === 'warn'));
}

function modelConcerns({ models }: Fleet): Concern[] {
  return models.flatMap((model): Concern[] => {
    if (model.status === 'down' || model.status === 'missing') {
      const isWedged = model.instances.some(({ wedged_since: since }) => since !== null);
      const silent = isWedged ? 'A server’s engine is dead while its API answers: restart it' : 'None of its servers answers';
      const reason = model.status === 'down' ? silent : 'Its servers say that they do not have it';
      return [{ tone: 'bad', title: `${model.id} is ${model.status}`, advice: `${reason}; its requests go down their chains.` }];
    }
    const open = model.instances.filter(({ breaker }) => breaker === 'open').map(({ upstream }) => upstream);
    const queued = model.queued > 0 ? `${count(model.queued)} calls wait for a place` : '';
    return [
      ...(open.length > 0
        ? [
            {
              tone: 'warn' as const,
              title: `${model.id}: ${open.join(', ')} left out`,
              advice: 'It failed in a row and is tried again by itself.',
            },
          ]
        : []),
      ...(queued === '' ? [] : [{ tone: 'warn' as const, title: `${model.id} is full`, advice: `${queued}.` }]),
    ];
  });
}

function tunnelConcerns({ tunnels }: Fleet): Concern[] {
  return tunnels
    .filter(({ status }) => status === 'down')
    .map(({ id }) => ({
      tone: 'bad',
      title: `Tunnel ${id} is down`,
      advice: 'Look at cloudflared on the machine of the model servers.',
    }));
}

const podAdvice: Readonly<Record<string, string>> = {
  no_gpu: 'Its machine has no GPU free. It is tried again by itself; a new pod on another machine is the sure way.',
  never_ready: 'It was started and no server answered in time. Look at its log.',
  refused: 'The provider refuses the API key.',
  gone: 'The provider knows no such pod.',
  api: 'The provider’s API fails. It is tried again by itself.',
};

function podConcerns({ pods }: Fleet): Concern[] {
  return pods.flatMap(({ id, trouble }): Concern[] =>
    trouble === null
      ? []
      : [{ tone: 'bad', title: `Pod ${id}: ${words(trouble)}`, advice: podAdvice[trouble] ?? 'Look at its provider.' }],
  );
}

function errorConcerns(buckets: readonly SeriesBucket[]): Concern[] {
  const requests = buckets.reduce((sum, bucket) => sum + bucket.requests, 0);
  const failed = buckets.reduce(
    (sum, { endings }) => sum + (endings.upstream_error ?? 0) + (endings.timeout ?? 0) + (endings.unknown ?? 0),
    0,
  );
  if (requests < fewestRequests || failed / requests <= errorShare) return [];
  const title = `${percent(failed, requests)} of the requests got no answer`;
  return [{ tone: 'bad', title, advice: 'Open one of them below: its attempts say which server failed, and how.' }];
}

const alertWords: Readonly<Record<RoutingAlert['code'], (alert: RoutingAlert) => Concern>> = {
  escalation_rate: ({ value, limit, sample }) => ({
    tone: 'warn',
    title: `${percent(value, 1)} of the small tier’s judged answers were replaced`,
    advice: `More than ${percent(limit, 1)}, of ${count(sample)} today; each cost both models. Raise the share of large answers.`,
  }),
  score_drift: ({ value, limit, sample }) => ({
    tone: 'warn',
    title: `What is asked has changed: drift ${value.toFixed(2)}`,
    advice: `More than ${limit.toFixed(2)}, over ${count(sample)} scores today. Calibrate the threshold with new requests.`,
  }),
};

/** One that a newer gateway knows and this page does not is shown by its name. */
function alertConcern(alert: RoutingAlert): Concern {
  const known: ((alert: RoutingAlert) => Concern) | undefined = alertWords[alert.code];
  return known?.(alert) ?? { tone: 'warn', title: words(alert.code), advice: `${alert.value} is above ${alert.limit}.` };
}

/** Fewer are on their way as a rule. */
const fewWaiting = 100;

function logConcerns({ waiting, dropped, refused, last_error: why }: RowsStatus): Concern[] {
  const lost = dropped + refused;
  const found: Concern[] = [];
  if (lost > 0) {
    const advice = `${count(dropped)} found the outbox full, ${count(refused)} were refused by the database. The ledger has them all.`;
    found.push({ tone: 'bad', title: `${count(lost)} requests are missing in the request log`, advice });
  }
  if (waiting > fewWaiting || why !== null) {
    const advice = `The database does not take them${why === null ? '' : ` (${why})`}; they are written once it does.`;
    found.push({ tone: 'warn', title: `${count(waiting)} rows of the request log wait`, advice });
  }
  return found;
}

function budgetConcerns({ budgets }: BudgetList): Concern[] {
  return budgets
    .filter(({ limit_usd: limit, remaining_usd: remaining }) => limit > 0 && (limit - remaining) / limit >= budgetShare)
    .map(({ key_name: name, window, limit_usd: limit, remaining_usd: remaining, resets_at: resetsAt }) => ({
      tone: remaining <= 0 ? ('bad' as const) : ('warn' as const),
      title: `${name}: ${remaining <= 0 ? 'nothing' : usd(remaining)} left of ${usd(limit)} a ${window}`,
      advice: `Begins again ${resetsAt === '' ? nothing : dayAndTime(resetsAt)}.`,
    }));
}
