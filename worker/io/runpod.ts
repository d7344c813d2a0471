/** Calls RunPod's REST API for one pod; what is sent and read is `core/pods/runpod-wire.ts`. */
import { fail, ok, type Result } from '../../shared/result.ts';
import type { PodCallFailure } from '../core/pods/pod-step.ts';
import type { PodControl } from '../core/pods/pods-port.ts';
import { failureOf, readPod, runpodHeaders } from '../core/pods/runpod-wire.ts';
import { retryAfterMs as readRetryAfter } from '../core/upstreams/retry-after.ts';

export const runpodUrl = 'https://rest.runpod.io/v1';

const deadlineMs = 10_000;
const maxAnswerChars = 65_536;

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
        headers: runpodHeaders(key),
        redirect: 'manual',
        signal: AbortSignal.timeout(deadlineMs),
      });
      const text = (await response.text()).slice(0, maxAnswerChars);
      if (response.ok) return ok(text);
      const retryAfterMs = readRetryAfter(response.headers.get('retry-after'), Date.now());
      return fail(failureOf({ status: response.status, text, retryAfterMs }));
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
