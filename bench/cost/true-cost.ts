/** What a token costs on a card of one's own, by what the card can do with it in an hour; and from when on that is less than a hosted price. Simulated. */
import { simulate, type SimulatedRequest, type SimulatedSite } from '../agents/simulate.ts';
import { largeAlone, pair, pairIn4Bits, smallAlone } from '../agents/sites.ts';
import type { Label } from '../agents/workload/task.ts';

/** A request as it is on average, and how many of them the large model answers. */
export interface Traffic {
  readonly promptTokens: number;
  readonly answerTokens: number;
  readonly largeShare: number;
}

/** USD per million tokens. */
export interface HostedPrice {
  readonly input: number;
  readonly output: number;
}

export interface CostRow {
  readonly name: string;
  /** With as many requests as the card can take. */
  readonly requestsPerSecond: number;
  readonly tokensPerSecond: number;
  /** Each model's part of the card's time. */
  readonly cardShare: Readonly<Record<Label, number>>;
  /** USD per million tokens, of prompts and answers together, by the part of the hour in which the card works. */
  readonly usdPerMillion: { readonly full: number; readonly third: number };
  readonly hostedUsdPerMillion: number;
  /** Requests an hour from which on the card is cheaper; null where it never is. */
  readonly breakEvenPerHour: number | null;
  /** The same as a part of what the card can do. */
  readonly breakEvenShare: number;
}

export interface CostOptions {
  readonly traffic: Traffic;
  readonly usdPerHour: number;
  readonly hosted: Readonly<Record<Label, HostedPrice>>;
}

/** As many at once as keep every place taken. */
const askers = 96;
const eachAsks = 12;

export function costRows(options: CostOptions): CostRow[] {
  const { largeShare } = options.traffic;
  return [
    costRow('small model alone on the card', smallAlone, 0, options),
    costRow('large model alone on the card', largeAlone, 1, options),
    costRow('the pair, routed', pair, largeShare, options),
    costRow('the pair with the small model in 4 bits', pairIn4Bits, largeShare, options),
  ];
}

function costRow(name: string, site: SimulatedSite, largeShare: number, { traffic, usdPerHour, hosted }: CostOptions): CostRow {
  const { promptTokens, answerTokens } = traffic;
  const tokens = promptTokens + answerTokens;
  const { waited, tookMs, cardMs } = simulate(site, askersOf(traffic, largeShare));
  const requestsPerSecond = (1000 * waited.length) / tookMs;
  const hostedUsd = (of: HostedPrice): number => (promptTokens * of.input + answerTokens * of.output) / 1e6;
  const hostedPerRequest = largeShare * hostedUsd(hosted.large) + (1 - largeShare) * hostedUsd(hosted.small);
  const full = (1e6 * usdPerHour) / (3600 * requestsPerSecond * tokens);
  const breakEven = usdPerHour / hostedPerRequest;
  const breakEvenShare = breakEven / (3600 * requestsPerSecond);
  const busyMs = cardMs.small + cardMs.large;
  return {
    name,
    requestsPerSecond,
    tokensPerSecond: requestsPerSecond * tokens,
    cardShare: { small: cardMs.small / busyMs, large: cardMs.large / busyMs },
    usdPerMillion: { full, third: 3 * full },
    hostedUsdPerMillion: (1e6 * hostedPerRequest) / tokens,
    breakEvenPerHour: breakEvenShare > 1 ? null : breakEven,
    breakEvenShare,
  };
}

/** Everybody asks again at once. The large requests are spread evenly over each asker's own. */
function askersOf({ promptTokens, answerTokens }: Traffic, largeShare: number): SimulatedRequest[][] {
  return Array.from({ length: askers }, (_, asker) =>
    Array.from({ length: eachAsks }, (__, index) => {
      const at = asker * eachAsks + index;
      const by: Label = Math.floor((at + 1) * largeShare) > Math.floor(at * largeShare) ? 'large' : 'small';
      return { promptTokens, outputTokens: answerTokens, by, pauseMs: 0 };
    }),
  );
}
