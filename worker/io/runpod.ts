/**
 * RunPod's REST API for one pod: `GET /pods/{id}`, `POST /pods/{id}/start` and `…/stop` (docs.runpod.io/api-reference, version 1, read on
 * 30 November 2026). A pod names the state it should have in `desiredStatus` (RUNNING, EXITED, TERMINATED) and its price in
 * `adjustedCostPerHr`, else in `costPerHr`, a number or a text.
 */
import { isObject } from '../../shared/is-object.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import type { PodCallFailure } from '../core/pods/pod-step.ts';
import type { PodControl } from '../core/pods/pods-port.ts';
import { retryAfterMs as readRetryAfter } from '../core/upstreams/retry-after.ts';

export const runpodUrl = 'https://rest.runpod.io/v1';

const deadlineMs = 10_000;
const maxAnswerChars = 65_536;

/** "There are not enough free GPUs on the host machine to start this pod." comes under several statuses, 500 among them. */
const noGpu = /\bgpus?\b|instances? (?:currently )?available|resources to deploy/i;

export interface PodAddress {
  readonly url: string;
  readonly podId: string;
  readonly key: string;
}

export function createRunpod({ url, podId, key }: PodAddress): PodControl {
  const call = async (method: 'GET' | 'POST', path: string): Promise<Result<string, PodCallFailure>> => {
    try {
      const response = await fetch(`${url}/pods/${encodeURIComponent(podId)}${path}`, {
        method,
        headers: { authorization: `Bearer ${key}`, accept: 'application/json' },
        redirect: 'manual',
        signal: AbortSignal.timeout(deadlineMs),
      });
      const text = (await response.text()).slice(0, maxAnswerChars);
      return response.ok ? ok(text) : fail(failureOf(response, text));
    } catch {
      return fail({ kind: 'failed', retryAfterMs: null });
    }
  };
  return {
    async look() {
      const answer = await call('GET', '');
      if (!answer.ok) return answer;
      const pod = readPod(answer.value);
      if (pod === null) return fail({ kind: 'failed', retryAfterMs: null });
      return pod.status === 'TERMINATED'
        ? fail({ kind: 'gone', retryAfterMs: null })
        : ok({ isRunning: pod.status === 'RUNNING', usdPerHour: pod.usdPerHour });
    },
    async tell(to) {
      const answer = await call('POST', `/${to}`);
      return answer.ok ? ok(null) : answer;
    },
  };
}

function failureOf({ status, headers }: Response, text: string): PodCallFailure {
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), Date.now());
  if (status === 401 || status === 403) return { kind: 'refused', retryAfterMs };
  if (status === 404) return { kind: 'gone', retryAfterMs };
  if (status === 429) return { kind: 'limited', retryAfterMs };
  return { kind: noGpu.test(text) ? 'no_gpu' : 'failed', retryAfterMs };
}

function readPod(text: string): { readonly status: string; readonly usdPerHour: number | null } | null {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(body) || typeof body['desiredStatus'] !== 'string') return null;
  const price = Number(body['adjustedCostPerHr'] ?? body['costPerHr'] ?? Number.NaN);
  return { status: body['desiredStatus'], usdPerHour: Number.isFinite(price) && price > 0 ? price : null };
}
