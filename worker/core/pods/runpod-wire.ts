/**
 * RunPod's REST API for one pod: `GET /pods/{id}`, `POST /pods/{id}/start` and `…/stop` (docs.runpod.io/api-reference, version 1, read on
 * 30 November 2026). A pod names the state it should have in `desiredStatus` (RUNNING, EXITED, TERMINATED) and its price in
 * `adjustedCostPerHr`, else in `costPerHr`, a number or a text. Pure: `io/runpod.ts` sends and receives.
 */
import { isObject } from '../../../shared/is-object.ts';
import type { PodCallFailure } from './pod-step.ts';

/** "There are not enough free GPUs on the host machine to start this pod." comes under several statuses, 500 among them. */
const noGpu = /\bgpus?\b|instances? (?:currently )?available|resources to deploy/i;

export const runpodHeaders = (key: string): Readonly<Record<string, string>> => ({
  authorization: `Bearer ${key}`,
  accept: 'application/json',
});

export interface RefusedCall {
  readonly status: number;
  readonly text: string;
  /** As its header asks; null without one. */
  readonly retryAfterMs: number | null;
}

/** What a refused call means for the pod. */
export function failureOf({ status, text, retryAfterMs }: RefusedCall): PodCallFailure {
  if (status === 401 || status === 403) return { kind: 'refused', retryAfterMs };
  if (status === 404) return { kind: 'gone', retryAfterMs };
  if (status === 429) return { kind: 'limited', retryAfterMs };
  return { kind: noGpu.test(text) ? 'no_gpu' : 'failed', retryAfterMs };
}

/** A pod as the API tells it; null where the text is none. */
export function readPod(text: string): { readonly status: string; readonly usdPerHour: number | null } | null {
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
