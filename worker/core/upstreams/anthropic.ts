/** Anthropic's Messages API, and servers that speak it. */
import { fail, ok } from '../../../shared/result.ts';
import type { HideSecrets } from '../log/known-secrets.ts';
import { asArray, asObject, asString } from '../json/view.ts';
import { createEventReader, readMessage } from './anthropic-answer.ts';
import { encodeRequest, unwritten } from './anthropic-request.ts';
import { untoldWarning } from './untold.ts';
import type { Dialect, ListedModel, WireOptions } from './dialect.ts';
import { readFinishReason } from './finish-reasons.ts';
import { readError, readErrorEvent } from './read-error.ts';
import { noAnswer } from './transport-failure.ts';

const version = '2023-06-01';

export function createAnthropic(hideSecrets: HideSecrets, wire: WireOptions): Dialect {
  const base = wire.base_path ?? '/v1';
  /** A reading with errors, which come as an event of their own or in place of an answer. */
  const orError =
    (read: Dialect['readChunk']): Dialect['readChunk'] =>
    (payload) => {
      const error = errorIn(payload);
      return error === null ? read(payload) : fail(readErrorEvent(error, hideSecrets));
    };
  return {
    headers: (key) => ({ 'anthropic-version': version, ...(key === null ? {} : { 'x-api-key': key }) }),

    probe: {
      models: wire.lists_models === false ? null : { path: `${base}/models?limit=1000`, read: readModels },
      load: null,
    },

    encode(request, options) {
      const body = encodeRequest(request, options, wire);
      return { path: `${base}/messages`, body, warning: untoldWarning(options.servedName, unwritten(request, body)) };
    },

    readError: (head, body, nowMs) => readError(head, body, nowMs, hideSecrets),

    readCompletion(body) {
      const error = errorIn(body);
      if (error !== null) return fail(readErrorEvent(error, hideSecrets));
      const message = readMessage(body);
      return message === null ? fail(noAnswer) : ok(message);
    },

    // One event by itself, for whoever looks at a single one.
    readChunk: orError((payload) => createEventReader()(payload)),

    readStream: () => orError(createEventReader()),

    readFinish: readFinishReason,

    // Clouds add their own measurements to the event.
    isEndMark: (payload) => payload.length < 1000 && /^\s*\{\s*"type"\s*:\s*"message_stop"/.test(payload),
  };
}

/** The error in an answer or an event; null when there is none. */
function errorIn(body: unknown): Readonly<Record<string, unknown>> | string | null {
  const root = asObject(body);
  return asObject(root?.['error']) ?? (asString(root?.['error']) || null);
}

/**
 * The ids of a list, and of each that ends with its date also the alias without: calls may name either. Null when the body is not a list. It
 * says nothing of rooms.
 */
function readModels(body: string): readonly ListedModel[] | null {
  let list: readonly unknown[] | null = null;
  try {
    list = asArray(asObject(JSON.parse(body))?.['data']);
  } catch {
    // No JSON, no list.
  }
  const names = list?.flatMap((entry) => {
    const name = asString(asObject(entry)?.['id']);
    return name === null ? [] : [name, name.replace(/-20\d{6}$/, '')];
  });
  return names === undefined ? null : [...new Set(names)].map((name) => ({ name, contextTokens: null }));
}
