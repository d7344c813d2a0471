/** What the fuzzing run makes of the document, and what it finds in answers: planted mistakes are found, sound answers are not at fault. */
import { describe, expect, it } from 'vitest';
import { judge } from '../../../infra/fuzz/judge.ts';
import { type FuzzRequest, makeRequest } from '../../../infra/fuzz/request.ts';
import { fuzzedSurface } from '../../../infra/fuzz/surface.ts';
import { seededRandom } from '../../../infra/standin/random.ts';
import { errorEnvelope } from '../../../shared/errors.ts';

const surface = fuzzedSurface();
const credentials = { key: 'a-key', admin: 'an-admin' };
const operationOf = (title: string) => {
  const found = surface.operations.find((operation) => operation.title === title);
  if (found === undefined) throw new Error(title);
  return found;
};

describe('requests', () => {
  const made = surface.operations.flatMap((operation) => {
    const random = seededRandom('requests', operation.title);
    return Array.from({ length: 60 }, () => ({ operation, request: makeRequest(surface, operation, random, credentials, {}) }));
  });

  it('fit the document unless they are wrong', () => {
    const bad = made.flatMap(({ operation, request: { kind, body } }) => {
      if (kind === 'wrong' || body === null) return [];
      const mistakes = surface.bodyMistakes(operation, JSON.parse(body));
      return mistakes.length === 0 ? [] : [`${operation.title} ${kind} ${body.slice(0, 200)}: ${mistakes.at(-1) ?? ''}`];
    });
    expect(bad.slice(0, 5)).toEqual([]);
  });

  it('are of all kinds, and the wrong ones say why', () => {
    expect(new Set(made.map(({ request }) => request.kind))).toEqual(new Set(['sound', 'allowed', 'wrong']));
    expect(made.filter(({ request }) => (request.kind === 'wrong') !== (request.fault !== ''))).toEqual([]);
  });

  it('are the same with the same seed', () => {
    const again = (seed: string): FuzzRequest[] => {
      const random = seededRandom(seed);
      return Array.from({ length: 20 }, () => makeRequest(surface, operationOf('POST /admin/keys'), random, credentials, {}));
    };
    expect(again('1')).toEqual(again('1'));
    expect(again('1')).not.toEqual(again('2'));
  });

  it('change no configuration', () => {
    const changes = made.filter(({ operation }) => operation.path.startsWith('/admin/config') && operation.method !== 'GET');
    expect(changes.filter(({ request }) => !request.path.includes('dry_run=true'))).toEqual([]);
  });
});

const sound: FuzzRequest = { kind: 'sound', fault: '', path: '/', headers: {}, body: null };
const wrong: FuzzRequest = { ...sound, kind: 'wrong', fault: 'something' };
const json = { 'content-type': 'application/json' };
const refused = { ...json, 'x-should-retry': 'false', 'x-request-id': 'an-id' };
const nameless = JSON.stringify(errorEnvelope({ code: 'invalid_value' }));
const named = JSON.stringify(errorEnvelope({ code: 'invalid_value', param: 'limit' }));
const ours = JSON.stringify(errorEnvelope({ code: 'internal_error' }));
const stream = { 'content-type': 'text/event-stream; charset=utf-8' };

describe('an answer', () => {
  it.each([
    ['that is right', 'GET /livez', sound, 200, json, '{"status":"ok"}', null],
    ['with a key that is not in the document', 'GET /livez', sound, 200, json, '{"status":"ok","more":1}', /more/],
    ['without a key that is always there', 'GET /readyz', sound, 200, json, '{"status":"ready"}', /profile/],
    ['with another value', 'GET /livez', sound, 200, json, '{"status":"fine"}', /status/],
    ['that is not JSON', 'GET /livez', sound, 200, json, 'ok', /is not JSON/],
    ['of another media type', 'GET /livez', sound, 200, { 'content-type': 'text/plain' }, 'ok', /media type "text\/plain"/],
    ['with a status that is not in the document', 'GET /livez', sound, 418, json, '{}', /status 418/],
    [
      'to a wrong request',
      'GET /admin/keys',
      wrong,
      200,
      json,
      '{"object":"list","data":[],"has_more":false,"last_id":null}',
      /accepted/,
    ],
    ['that refuses a wrong request by its field', 'GET /admin/keys', wrong, 400, refused, named, null],
    ['that refuses without a field', 'GET /admin/keys', wrong, 400, refused, nameless, /names no field/],
    ['that refuses a sound request', 'GET /admin/keys', sound, 400, refused, named, /refused a sound request/],
    ['of the gateway’s own trouble', 'GET /admin/keys', sound, 500, refused, ours, /nothing that is sent/],
    ['that refuses with a code of another path', 'GET /livez', wrong, 500, refused, named, /code/],
    ['without x-should-retry', 'GET /admin/keys', wrong, 400, json, named, /without x-should-retry/],
    ['that streams to its end', 'POST /v1/chat/completions', sound, 200, stream, 'data: [DONE]\n\n', null],
    [
      'that streams and breaks off',
      'POST /v1/chat/completions',
      sound,
      200,
      stream,
      'data: {}\n\n',
      /neither \[DONE\] nor an error/,
    ],
    ['that streams something else', 'POST /v1/chat/completions', sound, 200, stream, 'data: {"id":1}\n\ndata: [DONE]\n\n', /id/],
  ] as const)('%s', (_, title, request, status, headers, text, finds) => {
    const found = judge(surface, operationOf(title), request, { status, headers: new Headers(headers), text });
    if (finds === null) expect(found).toEqual([]);
    else expect(found.join('\n')).toMatch(finds);
  });
});
