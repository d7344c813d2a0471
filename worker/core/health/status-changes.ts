/** The log events for a model that goes down and one that is back. */
import type { HealthSnapshot, InstanceStatus } from './snapshot.ts';

export interface StatusChange {
  readonly event: 'model_down' | 'model_up';
  readonly model: string;
  readonly upstream: string;
  readonly status: InstanceStatus;
  /** What is known of it beside failures. */
  readonly reason?: 'wedged';
}

const isOut = (status: InstanceStatus): boolean => status === 'down' || status === 'missing';

/** Instances that went down or came back up. `half_open` is neither. */
export function statusChanges(before: HealthSnapshot, after: HealthSnapshot): StatusChange[] {
  return Object.entries(after.instances).flatMap(([key, { modelId, upstreamId, status, wedgedSinceMs }]): StatusChange[] => {
    const was = before.instances[key]?.status ?? 'up';
    const about = { model: modelId, upstream: upstreamId, status };
    // A failed trial ejects it again, which is not a change worth logging.
    if (isOut(status) && !isOut(was) && was !== 'half_open')
      return [{ event: 'model_down', ...about, ...(wedgedSinceMs === null ? {} : { reason: 'wedged' }) }];
    return status === 'up' && (isOut(was) || was === 'half_open') ? [{ event: 'model_up', ...about }] : [];
  });
}
