/** One agent at work: tasks one after the other, turns, tools, and pauses. Says what came of each request. */
import type { AgentPlan, Task, Turn } from './workload/draw.ts';
import type { Label } from './workload/task.ts';
import { type Heard, shortcoming } from './judge.ts';

/** What was heard, and what the gateway and the clock say of it. */
export interface Answer extends Heard {
  readonly modelId: string | null;
  readonly isFallback: boolean;
  readonly reason: string;
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** Of a stream; null of a whole answer. */
  readonly firstMs: number | null;
  readonly tookMs: number;
}

export interface Request {
  readonly body: Readonly<Record<string, unknown>>;
  readonly sessionId: string;
}

/** Where agents send their requests; `sleep` is in the time that latencies are in. */
export interface World {
  ask(request: Request): Promise<Answer>;
  sleep(ms: number): Promise<void>;
  nowMs(): number;
}

/** What came of one request. */
export interface Outcome {
  readonly agent: string;
  readonly task: string;
  readonly kind: string;
  readonly turn: number;
  /** The call of a tool, or the answer of a turn. */
  readonly step: 'call' | 'answer';
  readonly label: Label;
  readonly sentAtMs: number;
  readonly isStreamed: boolean;
  readonly shortcoming: string | null;
  readonly answer: Pick<
    Answer,
    'status' | 'modelId' | 'isFallback' | 'reason' | 'promptTokens' | 'completionTokens' | 'firstMs' | 'tookMs'
  >;
}

export interface PlayOptions {
  /** The `model` of every request. */
  readonly model: string;
  onOutcome(outcome: Outcome): void;
}

type Message = Readonly<Record<string, unknown>>;

export async function playAgent(world: World, agent: AgentPlan, options: PlayOptions): Promise<void> {
  for (const task of agent.tasks) await playTask(world, agent.id, task, options);
}

/** A conversation, each turn with the whole history. A turn that fails ends it: what would have followed is not asked. */
export async function playTask(world: World, agent: string, task: Task, options: PlayOptions): Promise<void> {
  const messages: Message[] = task.system === null ? [] : [{ role: 'system', content: task.system }];
  for (const [turn, said] of task.turns.entries()) {
    await world.sleep(said.thinkMs);
    messages.push({ role: 'user', content: said.user });
    const step = (name: Outcome['step']): Promise<Answer | null> =>
      ask(world, { agent, task, turn, said, step: name }, messages, options);
    if (task.tool !== null && said.toolResult !== null) {
      const called = await step('call');
      if (called === null) return;
      // Ids of the model's own would make each run another conversation.
      const calls = called.calls.map((call, index) => ({ ...call, id: `call_${turn}_${index}` }));
      messages.push({
        role: 'assistant',
        content: called.text === '' ? null : called.text,
        tool_calls: calls.map(({ id, name, argumentsText }) => ({
          id,
          type: 'function',
          function: { name, arguments: argumentsText },
        })),
      });
      for (const { id } of calls) messages.push({ role: 'tool', tool_call_id: id, content: said.toolResult });
      await world.sleep(said.toolMs);
    }
    const answered = await step('answer');
    if (answered === null) return;
    messages.push({ role: 'assistant', content: answered.text });
  }
}

interface Step {
  readonly agent: string;
  readonly task: Task;
  readonly turn: number;
  readonly said: Turn;
  readonly step: Outcome['step'];
}

/** Null when the answer is of no use. */
async function ask(
  world: World,
  { agent, task, turn, said, step }: Step,
  messages: readonly Message[],
  options: PlayOptions,
): Promise<Answer | null> {
  const sentAtMs = world.nowMs();
  const answer = await world.ask({ body: bodyOf(task, said, options.model, messages), sessionId: task.id });
  const wrong = shortcoming(answer, { call: step === 'call' ? task.tool : null, json: said.json });
  const { status, modelId, isFallback, reason, promptTokens, completionTokens, firstMs, tookMs } = answer;
  options.onOutcome({
    agent,
    task: task.id,
    kind: task.kind,
    turn,
    step,
    label: said.tier,
    sentAtMs,
    isStreamed: task.isStreamed,
    shortcoming: wrong,
    answer: { status, modelId, isFallback, reason, promptTokens, completionTokens, firstMs, tookMs },
  });
  return wrong === null ? answer : null;
}

/** Room for any answer of the workload. */
const maxTokens = 1500;

function bodyOf({ tool, isStreamed }: Task, { json }: Turn, model: string, messages: readonly Message[]): Request['body'] {
  return {
    model,
    messages: [...messages],
    max_tokens: maxTokens,
    ...(tool === null
      ? {}
      : {
          tools: [
            { type: 'function', function: { name: tool.name, description: tool.description, parameters: tool.parameters } },
          ],
        }),
    ...(json === null ? {} : { response_format: formatOf(json) }),
    ...(isStreamed ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

function formatOf(json: NonNullable<Turn['json']>): unknown {
  return json === 'object' ? { type: 'json_object' } : { type: 'json_schema', json_schema: { ...json, strict: true } };
}
