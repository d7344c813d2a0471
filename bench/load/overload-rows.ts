/** The results of an overload: goodput, shedding, fairness, each beside its promise. Sends nothing. */
import { figure, ms, percentileOf, type PromiseRow, promise } from './promise-table.ts';

/** Shares of the two keys against each other. */
export const weights = { heavy: 1, light: 3 };
export type KeyName = keyof typeof weights;

export interface Sent {
  readonly key: KeyName;
  /** Since the beginning of the overload. */
  readonly atMs: number;
  readonly tookMs: number;
  /** `late`: usable, but later than a client would wait. `false_success`: an incomplete 200. */
  readonly outcome: 'answered' | 'late' | 'shed' | 'error' | 'false_success' | 'lost';
  readonly retryAfter: string | undefined;
}

export interface Overload {
  readonly places: number;
  readonly serviceMs: number;
  readonly seconds: number;
  /** The first part is not counted: goodput is that of the steady state. */
  readonly settleMs: number;
  /** Usable answers a second without overload. */
  readonly peak: number;
  readonly sent: readonly Sent[];
  readonly livez: readonly number[];
  /** CPU time of workerd by wall-clock time. */
  readonly cpuShare: number;
}

const minGoodput = 0.9;
const maxShedRatio = 3;
const maxUnfairness = 0.1;

export function overloadRows(overload: Overload): PromiseRow[] {
  const { places, serviceMs, seconds, peak, sent, cpuShare } = overload;
  return [
    figure(`capacity of the model server: ${places} places, ${serviceMs} ms`, perSecond((places * 1000) / serviceMs)),
    figure('peak goodput, without overload', perSecond(peak)),
    figure('offered', perSecond(sent.length / seconds)),
    ...goodputRows(overload),
    ...shedRows(overload),
    fairnessRow(overload),
    figure('CPU of workerd', `${share(cpuShare)} of a core`),
  ];
}

function goodputRows(overload: Overload): PromiseRow[] {
  const { peak, sent, seconds, settleMs } = overload;
  const goodput = (steadyAnswers(overload).length * 1000) / (seconds * 1000 - settleMs);
  const [inTime, late, shed] = [ofOutcome(sent, 'answered'), ofOutcome(sent, 'late').length, ofOutcome(sent, 'shed').length];
  const answered = inTime.length + late;
  const took = inTime.map(({ tookMs }) => tookMs);
  const isEnough = goodput >= minGoodput * peak;
  const isComplete = answered + shed === sent.length;
  return [
    promise('goodput under overload', `${perSecond(goodput)}, ${share(goodput / peak)}`, '≥ 90 % of peak', isEnough),
    promise('sent = answered + shed', `${sent.length} = ${answered} + ${shed}`, 'none lost, no other error', isComplete),
    figure('answered too late for anybody', late),
    figure('answered: p50, p99', `${ms(percentileOf(took, 50))}, ${ms(percentileOf(took, 99))}`),
  ];
}

function shedRows({ sent, livez }: Overload): PromiseRow[] {
  const shed = ofOutcome(sent, 'shed');
  const took = shed.map(({ tookMs }) => tookMs);
  const [shedMs, livezMs] = [percentileOf(took, 50), percentileOf(livez, 50)];
  const ratio = shedMs / livezMs;
  const hasWait = shed.every(({ retryAfter }) => /^[1-9]\d{0,3}$/.test(retryAfter ?? ''));
  return [
    promise('shed: p50 against /livez', `${ms(shedMs)}, ${ms(livezMs)}: ${ratio.toFixed(2)} ×`, '≤ 3 ×', ratio <= maxShedRatio),
    // The slowest had a seat until a key with fewer seats for its weight took it.
    figure('shed: p99; /livez: p99', `${ms(percentileOf(took, 99))}; ${ms(percentileOf(livez, 99))}`),
    promise('shed: integer Retry-After', hasWait ? `all ${shed.length}` : 'not all', 'all', hasWait),
  ];
}

function fairnessRow(overload: Overload): PromiseRow {
  const answers = steadyAnswers(overload);
  const part = answers.filter(({ key }) => key === 'light').length / Math.max(1, answers.length);
  const all = weights.light + weights.heavy;
  const fairPart = weights.light / all;
  const isFair = Math.abs(part / fairPart - 1) <= maxUnfairness;
  return promise(`light key's part, weight ${weights.light} of ${all}`, share(part), `${share(fairPart)} ± 10 %`, isFair);
}

/** By the moment of the answer, so that what is still under way at the end is not missed at both ends. */
function steadyAnswers({ sent, seconds, settleMs }: Overload): readonly Sent[] {
  return ofOutcome(sent, 'answered').filter(({ atMs, tookMs }) => atMs + tookMs >= settleMs && atMs + tookMs < seconds * 1000);
}

function ofOutcome(sent: readonly Sent[], outcome: Sent['outcome']): readonly Sent[] {
  return sent.filter((one) => one.outcome === outcome);
}

function perSecond(count: number): string {
  return `${count.toFixed(1)}/s`;
}

function share(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
