/** A body of one of the pooling wires after it was read. */
import type { LabelAsk } from '../../pooling/zero-shot.ts';
import type { PoolingTask } from '../../request/pooling-task.ts';

export interface PoolingRequest<Task extends PoolingTask = PoolingTask> {
  /** As the client wrote it; null when it leaves the choice. */
  readonly model: string | null;
  readonly task: Task;
  readonly ignored: readonly string[];
  /** The labels that the request brings along; null where the model's own are wanted. */
  readonly labels: LabelAsk | null;
}

/** What stands at the top of every answer. */
export interface AnswerFrame {
  readonly requestId: string;
  /** Seconds since 1970. */
  readonly created: number;
  /** The name that the model's server uses for it. */
  readonly model: string;
  readonly promptTokens: number;
  /** The value of `x-routing-metadata`. */
  readonly routing: object;
}

/** The members that all answers end with, as JSON without braces. */
export function frameEnd({ promptTokens, routing }: AnswerFrame): string {
  const usage = { prompt_tokens: promptTokens, total_tokens: promptTokens, completion_tokens: 0, prompt_tokens_details: null };
  return `"usage":${JSON.stringify(usage)},"x-routing-metadata":${JSON.stringify(routing)}`;
}

/** The members that answers in OpenAI's form begin with. */
export function frameStart({ requestId, created, model }: AnswerFrame, prefix: string): string {
  return `"id":${JSON.stringify(`${prefix}-${requestId}`)},"object":"list","created":${created},"model":${JSON.stringify(model)}`;
}
