/** What requests and operators ask of rented pods, and what is asked of a provider. */
import type { Result } from '../../../shared/result.ts';
import type { HealthSnapshot } from '../health/snapshot.ts';
import type { PodCallFailure } from './pod-step.ts';
import type { PodStates } from './pod-view.ts';

/** Rented pods that are stopped while nobody needs them. */
export interface PodsPort {
  /** Somebody wants a model that runs on these. In the background, and at most every few seconds. */
  note(podIds: readonly string[], background: (work: Promise<unknown>) => void): void;
  /**
   * The same where none of them runs: one is started unless one is on its way. Resolves with the state after it; those who ask within the
   * same second share one call. Without the state it resolves with what is known here.
   */
  want(podIds: readonly string[]): Promise<HealthSnapshot>;
  /** One more request waits for them here, until the returned function is called. */
  hold(podIds: readonly string[]): () => void;
  /** Every pod as the object has it now. Rejects when the state cannot be reached. */
  read(): Promise<PodStates>;
  /** Starts or stops one by hand. False: there is none of that name. Rejects when the state cannot be reached. */
  command(podId: string, to: 'start' | 'stop'): Promise<boolean>;
}

/** One pod at its provider. Never rejects; each call has its deadline. */
export interface PodControl {
  look(): Promise<Result<{ readonly isRunning: boolean; readonly usdPerHour: number | null }, PodCallFailure>>;
  tell(to: 'start' | 'stop'): Promise<Result<null, PodCallFailure>>;
}
