/** One ended request. What clients chose (agent, id) is text here as everywhere. */
import type { RequestRecord } from '../../../shared/observed.ts';
import { count, duration, nanoUsd, nothing, score, timeOfDay, words } from '../data/format.ts';
import { toneOf } from '../overview/tone-of.ts';
import { StatusMark } from '../parts/status-mark.tsx';

interface RequestRowProps {
  readonly row: RequestRecord;
  onOpen(id: string): void;
}

export function RequestRow({ row, onOpen }: RequestRowProps) {
  const model = row.served_model ?? row.routed_model ?? row.requested_model;
  return (
    <tr class="is-link" onClick={() => onOpen(row.id)}>
      <td>
        <button
          type="button"
          class="link-button"
          aria-label={`Request of ${timeOfDay(row.at)}: details`}
          onClick={(event) => {
            event.stopPropagation();
            onOpen(row.id);
          }}
        >
          {timeOfDay(row.at)}
        </button>
      </td>
      <td class="model">
        <span class={row.tier === null ? 'tag' : `tag is-${row.tier}`}>{model}</span>
        {row.fallback_used && <span class="tag is-note">fallback</span>}
        {row.escalated && <span class="tag is-note">escalated</span>}
        {row.rescued && <span class="tag is-note">rescued</span>}
      </td>
      <td class="wide one-line">{row.agent ?? <span class="soft">{nothing}</span>}</td>
      <td class="why one-line" title={row.reason}>
        {row.reason}
      </td>
      <td class="number wide">{score(row.score)}</td>
      <td class="number wide">{count(row.prompt_tokens + row.completion_tokens)}</td>
      <td class="number">{nanoUsd(row.cost_nano_usd)}</td>
      <td class="number">{duration(row.latency_ms)}</td>
      <td class="ending">
        <StatusMark tone={toneOf(row.ending)}>{words(row.ending)}</StatusMark>
      </td>
    </tr>
  );
}
