/** Reads a JSONL file of chat requests, or says on which line it is none. */
import * as z from 'zod';
import { ChatRequest } from '../../shared/chat.ts';
import { fail, ok, type Result } from '../../shared/result.ts';
import type { InnerRequest } from '../../worker/core/request/inner-request.ts';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';

const Line = z.union([z.object({ body: ChatRequest }).transform(({ body }) => body), ChatRequest]);

/** Chat bodies of a JSONL text, each a line by itself or under `body`; empty lines are skipped. The failure names `name` and line. */
export function readRequests(text: string, name: string): Result<InnerRequest[], string> {
  const requests: InnerRequest[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const where = `${name}:${at + 1}`;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      return fail(`${where} is no JSON: ${error instanceof Error ? error.message : String(error)}`);
    }
    const parsed = Line.safeParse(value);
    if (!parsed.success)
      return fail(`${where} is no chat-completions body, and no object with one under "body"${mistakeIn(value)}`);
    requests.push(innerRequest(parsed.data));
  }
  return requests.length > 0 ? ok(requests) : fail(`${name} has no requests`);
}

/** The first mistake of what was most likely meant. */
function mistakeIn(value: unknown): string {
  const body = typeof value === 'object' && value !== null && 'body' in value ? value.body : value;
  const issue = ChatRequest.safeParse(body).error?.issues[0];
  return issue === undefined ? '' : `: ${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${issue.message}`;
}
