/** The row of a finished request, where there is a database: what the ledger books, and its texts where the key opts in. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { answerParts, keptAnswer, keptPrompt } from '../../core/rows/kept-content.ts';
import type { EndedRequest } from '../../core/rows/request-row.ts';
import type { RowsPort } from '../../core/rows/ports.ts';
import type { Run } from '../run/run.ts';

export function logRequest(run: Run, entry: LedgerEntry): void {
  const { rows, config } = run.deps;
  if (rows === null) return;
  const { caller } = run.asked;
  const ended: EndedRequest = {
    id: run.spent.runId,
    entry,
    kind: entry.routedModel === null ? 'chat' : modelOf(config, entry.routedModel).kind,
    traceId: caller.trace?.traceId ?? null,
    content: caller.key.logsContent === true ? contentOf(run, rows) : null,
  };
  rows.record(ended, caller.background);
}

function contentOf({ deps, asked, spent }: Run, { hideSecrets }: RowsPort): EndedRequest['content'] {
  const { max_content_chars: maxChars } = deps.config.request_log;
  const shown = spent.answers.at(-1)?.answer.state.choices.values() ?? [];
  const choices = spent.given?.answer?.choices ?? answerParts(shown);
  return {
    prompt: keptPrompt(asked.request.messages, maxChars, hideSecrets),
    answer: keptAnswer(choices, maxChars, hideSecrets),
  };
}
