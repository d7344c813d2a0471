/** One request: why it went where it went, what was tried, and what it cost. */
import type { RequestDetail } from '../../../shared/observed.ts';
import type { Api } from '../data/api.ts';
import { useResource } from '../data/use-resource.ts';
import { CopyButton } from '../parts/copy-button.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { Empty } from '../parts/empty.tsx';
import { AttemptList } from './attempt-list.tsx';
import { KeptTexts } from './kept-texts.tsx';
import { RequestFacts } from './request-facts.tsx';
import { ScorePicture } from './score-picture.tsx';

interface RequestDialogProps {
  readonly api: Api;
  readonly id: string;
  onClose(): void;
}

export function RequestDialog({ api, id, onClose }: RequestDialogProps) {
  const { data: request, problem } = useResource<RequestDetail>(api, `/admin/requests/${encodeURIComponent(id)}`, null);
  return (
    <Dialog title="Request" onClose={onClose}>
      <p class="request-id">
        <code>{id}</code>
        <CopyButton text={id} label="Copy the request’s id" />
        <CopyButton text={location.href} label="Copy link to this request" word="Copy link" />
      </p>
      {request === null ? (
        <Empty title={problem === null ? 'Looking …' : 'There is no record of this request'}>{problem?.message}</Empty>
      ) : (
        <>
          <p class="request-reason">{request.reason}</p>
          {request.score !== null && (
            <ScorePicture
              score={request.score}
              threshold={request.threshold}
              signals={request.signals.map(({ name, value, weight }) => ({ name, value, part: weight }))}
            />
          )}
          <AttemptList request={request} />
          <RequestFacts request={request} />
          <KeptTexts request={request} />
        </>
      )}
    </Dialog>
  );
}
