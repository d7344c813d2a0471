/**
 * What only `GET /metrics` tells apart: a model's requests by intent and ending, its errors, and how fast it was for what. By model, because
 * models are configured: nothing that a client sends makes a name here.
 */
import type { LedgerEntry } from '../../../shared/records.ts';
import { type Named, sumByName } from './counters.ts';
import type { Counted } from './dimensions.ts';
import { emptyHistogram, type Histogram, histogramOf, sumHistograms } from './histogram.ts';

/** One model's part. */
export interface ModelDetail {
  /** Requests by `intent ending`. */
  readonly endings: Named<number>;
  /** Requests that failed, by OpenAI's type of the error. */
  readonly errors: Named<number>;
  /** By intent. */
  readonly latency: Named<Histogram>;
  /** Of streams: from the request to the stream's end. */
  readonly streams: Histogram;
  /** From the first byte to the end of a stream, per token after the first. Whole milliseconds. */
  readonly perToken: Histogram;
  /** Requests that were to be answered by this model, and those of them that another one answered because it could not. */
  readonly wanted: number;
  readonly fellBack: number;
}

export interface Detail {
  readonly models: Named<ModelDetail>;
  /** Requests by `intent confidence`. */
  readonly classified: Named<number>;
  readonly classification: Histogram;
  /** Calls of Durable Objects, by class. */
  readonly calls: Named<number>;
  /** What was done with documents, and how long the steps before an answer from them took. Missing in what earlier versions counted. */
  readonly documents?: DocumentWork;
}

export interface DocumentWork {
  readonly counts: Named<number>;
  readonly steps: Named<Histogram>;
}

const noDetail: ModelDetail = {
  endings: [],
  errors: [],
  latency: [],
  streams: emptyHistogram,
  perToken: emptyHistogram,
  wanted: 0,
  fellBack: 0,
};

export const emptyDetail: Detail = { models: [], classified: [], classification: emptyHistogram, calls: [] };

/** Most models counted separately, as in `GET /stats`. */
const maxModels = 100;
/** Far more than there are intents, endings, kinds of errors or classes of objects. */
const maxWords = 60;
/** Separates the words of a name: no intent, ending or band has one. */
const gap = ' ';
const noIntent = 'none';

/**
 * The part of requests that are alike.
 *
 * @param latency empty for requests whose duration says nothing about the gateway
 */
export function detailOf({ entry, entries, model }: Counted, latency: Histogram): Detail {
  const { ending, errorType, primaryModel, intentBand } = entry;
  const count = entries.length;
  const intent = entry.intent ?? noIntent;
  const streams = latency.count === 0 ? [] : entries.filter(({ isStream }) => isStream);
  const answered: ModelDetail = {
    ...noDetail,
    endings: [[intent + gap + ending, count]],
    errors: errorType === null ? [] : [[errorType, count]],
    latency: latency.count === 0 ? [] : [[intent, latency]],
    streams: histogramOf(streams.map(({ latencyMs }) => latencyMs)),
    perToken: histogramOf(streams.flatMap((stream) => perTokenOf(stream) ?? [])),
  };
  const fellBack = entries.filter(({ fallbackUsed }) => fallbackUsed).length;
  const wanted: ModelDetail | null =
    primaryModel === null || ending === 'unknown' ? null : { ...noDetail, wanted: count, fellBack };
  return {
    ...emptyDetail,
    models:
      wanted === null || primaryModel === null
        ? [[model, answered]]
        : [
            [model, answered],
            [primaryModel, wanted],
          ],
    classified: intentBand === null ? [] : [[intent + gap + intentBand, count]],
    classification: ending === 'unknown' ? emptyHistogram : histogramOf(entries.map(({ classificationMs }) => classificationMs)),
  };
}

/** Streams that ended well alone: what was generated elsewhere or not shown would make a model look slow or fast. */
function perTokenOf({ ending, firstByteMs, latencyMs, rescued, attemptUsages }: LedgerEntry): number | null {
  const [only] = attemptUsages;
  if (ending !== 'ok' || firstByteMs === null || rescued || only === undefined || attemptUsages.length > 1) return null;
  const { completionTokens } = only.usage;
  return completionTokens < 2 ? null : (latencyMs - firstByteMs) / (completionTokens - 1);
}

/** Adds any number of details. What was stored before there were any has none. */
export function sumDetails(list: readonly Detail[]): Detail {
  return {
    models: sumByName(
      list.map(({ models }) => models),
      maxModels,
      sumModels,
    ),
    classified: sumWords(list.map(({ classified }) => classified)),
    classification: sumHistograms(list.map(({ classification }) => classification)),
    calls: sumWords(list.map(({ calls }) => calls)),
    ...sumDocuments(list.flatMap(({ documents }) => documents ?? [])),
  };
}

/** Most batches have none, and pay nothing for it. */
function sumDocuments(list: readonly DocumentWork[]): Pick<Detail, 'documents'> {
  if (list.length === 0) return {};
  const counts = sumWords(list.map((work) => work.counts));
  return {
    documents: {
      counts,
      steps: sumByName(
        list.map(({ steps }) => steps),
        maxWords,
        sumHistograms,
      ),
    },
  };
}

/** Takes back what was counted for a request whose ending was unknown: such a one has no durations. */
export function negatedDetail({ models, classified }: Detail): Detail {
  const less = (named: Named<number>): Named<number> => named.map(([name, count]) => [name, -count] as const);
  return {
    ...emptyDetail,
    models: models.map(([name, { endings, errors }]) => [name, { ...noDetail, endings: less(endings), errors: less(errors) }]),
    classified: less(classified),
  };
}

/** The words that a name was made of. */
export function wordsInName(name: string): readonly string[] {
  return name.split(gap);
}

function sumModels(list: readonly ModelDetail[]): ModelDetail {
  return {
    endings: sumWords(list.map(({ endings }) => endings)),
    errors: sumWords(list.map(({ errors }) => errors)),
    latency: sumByName(
      list.map(({ latency }) => latency),
      maxWords,
      sumHistograms,
    ),
    streams: sumHistograms(list.map(({ streams }) => streams)),
    perToken: sumHistograms(list.map(({ perToken }) => perToken)),
    wanted: sum(list.map(({ wanted }) => wanted)),
    fellBack: sum(list.map(({ fellBack }) => fellBack)),
  };
}

function sumWords(lists: readonly Named<number>[]): Named<number> {
  return sumByName(lists, maxWords, sum);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
