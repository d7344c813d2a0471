/** Draws a workload from the templates: the same seed gives the same agents, tasks and words on every machine. */
import { between, type Random, seededRandom } from '../../../infra/standin/random.ts';
import { largeTasks } from './large-tasks.ts';
import { handbook } from './handbook.ts';
import { slots } from './slots.ts';
import { smallTasks } from './small-tasks.ts';
import type { JsonSpec, Label, TaskTemplate, ToolSpec, TurnTemplate } from './task.ts';

/** One thing that the user of an agent says. With a tool it takes two requests: the call, and the answer from its result. */
export interface Turn {
  readonly user: string;
  readonly tier: Label;
  readonly json: JsonSpec | null;
  readonly toolResult: string | null;
  /** Before this turn, ms. */
  readonly thinkMs: number;
  /** How long the agent's own function takes, ms. */
  readonly toolMs: number;
}

export interface Task {
  readonly id: string;
  readonly kind: string;
  readonly system: string | null;
  readonly tool: ToolSpec | null;
  readonly isStreamed: boolean;
  readonly turns: readonly Turn[];
}

export interface AgentPlan {
  readonly id: string;
  readonly tasks: readonly Task[];
}

export interface WorkloadOptions {
  readonly seed: string;
  readonly agents: number;
  /** At least; the last tasks are drawn whole. */
  readonly requests: number;
  /** Factor on the weights of the large kinds. */
  readonly largeWeight: number;
  /** Median of the pauses before a turn, ms. */
  readonly thinkMs: number;
}

/** Three of five agents show answers as they come; the others work on whole ones. */
const streamedShare = 0.6;

export function drawWorkload({ seed, agents, requests, largeWeight, thinkMs }: WorkloadOptions): AgentPlan[] {
  const templates = [...smallTasks, ...largeTasks.map((task) => ({ ...task, weight: task.weight * largeWeight }))];
  const plans = Array.from({ length: agents }, (_, index) => {
    const id = `agent-${String(index + 1).padStart(2, '0')}`;
    return { id, tasks: new Array<Task>(), random: seededRandom('agents', seed, id) };
  });
  for (let drawn = 0; drawn < requests;) {
    // In turns, so that all agents work until the end.
    for (const { id, tasks, random } of plans) {
      if (drawn >= requests) break;
      const task = drawTask(pickByWeight(random, templates), `${seed}-${id}-${tasks.length + 1}`, thinkMs, random);
      tasks.push(task);
      drawn += requestsOf(task);
    }
  }
  return plans.map(({ id, tasks }) => ({ id, tasks }));
}

export function requestsOf({ turns }: Task): number {
  return turns.reduce((sum, { toolResult }) => sum + (toolResult === null ? 1 : 2), 0);
}

function drawTask(template: TaskTemplate, id: string, thinkMs: number, random: Random): Task {
  const talk = template.talks[Math.floor(random() * template.talks.length)] ?? [];
  const fill = filler(random);
  return {
    id,
    kind: template.kind,
    system: template.system ?? null,
    tool: template.tool ?? null,
    isStreamed: random() < streamedShare,
    turns: talk.map((turn) => ({ ...drawTurn(turn, template.tool ?? null, fill, random), ...pauses(thinkMs, random) })),
  };
}

function drawTurn(
  turn: TurnTemplate,
  tool: ToolSpec | null,
  fill: (text: string) => string,
  random: Random,
): Omit<Turn, 'thinkMs' | 'toolMs'> {
  const question = fill(turn.user);
  const document = turn.documentWords === undefined ? '' : `${handbook(random, turn.documentWords)}\n\n`;
  return {
    user: document + question,
    tier: turn.tier,
    json: turn.json ?? null,
    toolResult: tool === null ? null : fill(tool.result),
  };
}

/** Assumed: log-normal. */
const thinkSpread = 0.6;

function pauses(thinkMs: number, random: Random): Pick<Turn, 'thinkMs' | 'toolMs'> {
  return { thinkMs: Math.round(thinkMs * Math.exp(thinkSpread * gaussian(random))), toolMs: between(random, 200, 1500) };
}

function gaussian(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** A slot has one value in a task; numbers are drawn each time. */
function filler(random: Random): (text: string) => string {
  const values = new Map<string, string>();
  return (text) =>
    capitalised(
      text.replace(/\{(?:n:(-?\d+)-(-?\d+)|([a-z]+))\}/g, (whole, low?: string, high?: string, name = '') => {
        if (low !== undefined && high !== undefined) return String(between(random, Number(low), Number(high)));
        const options = slots[name];
        if (options === undefined) throw new Error(`no slot ${whole}`);
        const known = values.get(name) ?? options[Math.floor(random() * options.length)] ?? '';
        values.set(name, known);
        return known;
      }),
    );
}

/** A slot may begin a sentence. */
function capitalised(text: string): string {
  return /^(?:the|our|a|an|one|in|how|hey|can|and|ok)\b/.test(text) && /[.?!]/.test(text)
    ? text.charAt(0).toUpperCase() + text.slice(1)
    : text;
}

function pickByWeight(random: Random, templates: readonly TaskTemplate[]): TaskTemplate {
  let at = random() * templates.reduce((sum, { weight }) => sum + weight, 0);
  for (const template of templates) {
    at -= template.weight;
    if (at < 0) return template;
  }
  throw new Error('no templates');
}
