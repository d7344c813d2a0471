/** One model's answer as it comes, with what it took. */
import { count, duration, nothing, percent, usd } from '../data/format.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Panel } from '../parts/panel.tsx';
import { Problem } from '../parts/problem.tsx';
import { StatusMark, type Tone } from '../parts/status-mark.tsx';
import { CallList } from './call-list.tsx';
import { costUsd, type ModelList } from './models.ts';
import type { RunState } from './run-answer.ts';

interface AnswerPanelProps {
  readonly run: RunState;
  readonly models: ModelList;
}

const phases: Readonly<Record<RunState['phase'], readonly [Tone, string]>> = {
  waiting: ['plain', 'Waiting for the first token …'],
  answering: ['good', 'Answering …'],
  done: ['good', 'Done'],
  failed: ['bad', 'Failed'],
  stopped: ['warn', 'Stopped'],
};

export function AnswerPanel({ run, models }: AnswerPanelProps) {
  const { answer, phase, firstTokenMs, totalMs } = run;
  const { usage, routing } = answer;
  const [tone, word] = phases[phase];
  const modelId = routing?.model_id ?? null;
  const cost = usage === null || modelId === null ? null : costUsd(models, modelId, usage);
  const numbers: readonly (readonly [string, string])[] = [
    ['First token', duration(firstTokenMs)],
    ['Whole answer', duration(totalMs)],
    ['Tokens in', usage === null ? nothing : count(usage.prompt)],
    ['Tokens out', usage === null ? nothing : count(usage.completion)],
    ['Cost', usd(cost)],
  ];
  return (
    <Panel
      title={run.model}
      {...(modelId === null ? {} : { when: `answered by ${modelId}` })}
      tools={<StatusMark tone={tone}>{word}</StatusMark>}
    >
      <div class="answer">
        <dl class="numbers">
          {numbers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        {answer.reasoning !== '' && (
          <details class="reasoning" open={answer.text === ''}>
            <summary>Thinking</summary>
            <div class="prose soft">{answer.reasoning}</div>
          </details>
        )}
        {answer.text !== '' && <div class="prose">{answer.text}</div>}
        <CallList calls={answer.calls} />
        <Problem text={run.problem} />
        {answer.finishReason === 'length' && <p class="warn">Cut off: it reached the most tokens that were allowed.</p>}
        {routing !== null && (
          <p class="soft small">
            {routing.reason}
            {routing.escalated && '. The small model’s answer was not good enough, so the large one answered'}
            {routing.fallback_used && '. Another model stood in'}
            {`. ${percent(routing.confidence, 1)} sure of the intent ${routing.intent}`}
          </p>
        )}
        {run.requestId !== null && (
          <p class="request-id small">
            <code>{run.requestId}</code>
            <CopyButton text={run.requestId} label="Copy the request’s id" />
          </p>
        )}
      </div>
    </Panel>
  );
}
