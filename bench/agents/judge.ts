/** Whether an answer is of use to an agent: not that it came, but that it can be worked with. */
import { Validator } from '@cfworker/json-schema';
import type { JsonSpec, ToolSpec } from './workload/task.ts';

export interface HeardCall {
  readonly name: string;
  readonly argumentsText: string;
}

/** An answer as it was heard, streamed or whole. */
export interface Heard {
  readonly status: number;
  readonly text: string;
  readonly calls: readonly HeardCall[];
  readonly finishReason: string | null;
  /** A whole answer, or a stream that ended with [DONE]. */
  readonly isDone: boolean;
  readonly errorCode: string | null;
}

export interface Wanted {
  /** The tool that must be called in this step. */
  readonly call: ToolSpec | null;
  readonly json: JsonSpec | null;
}

/** Null for a usable answer, else what is wrong with it. */
export function shortcoming(heard: Heard, wanted: Wanted): string | null {
  if (heard.status !== 200) return `status ${heard.status} ${heard.errorCode ?? ''}`.trim();
  if (heard.errorCode !== null) return `error ${heard.errorCode}`;
  if (!heard.isDone) return 'the stream has no end';
  if (wanted.call !== null) return callShortcoming(heard, wanted.call);
  if (heard.finishReason !== 'stop') return `ended with ${heard.finishReason ?? 'nothing'}`;
  if (heard.text.trim() === '') return 'empty';
  return wanted.json === null ? null : jsonShortcoming(heard.text, wanted.json);
}

function callShortcoming({ calls, finishReason }: Heard, tool: ToolSpec): string | null {
  const [call] = calls;
  if (call === undefined) return 'no tool call';
  if (finishReason !== 'tool_calls') return `a call, but ended with ${finishReason ?? 'nothing'}`;
  const wrong = calls.find(({ name }) => name !== tool.name);
  if (wrong !== undefined) return `calls ${wrong.name}, which nobody offered`;
  return calls.every(({ argumentsText }) => fits(argumentsText, tool.parameters)) ? null : 'arguments that its schema refuses';
}

function jsonShortcoming(text: string, json: JsonSpec): string | null {
  return fits(text, json === 'object' ? { type: 'object' } : json.schema) ? null : 'JSON that was not asked for';
}

function fits(text: string, schema: Readonly<Record<string, unknown>>): boolean {
  try {
    return new Validator(schema, '2020-12').validate(JSON.parse(text)).valid;
  } catch {
    return false;
  }
}
