/** Ended requests, a line each; a line opens its request. */
import type { RequestRecord } from '../../../shared/observed.ts';
import { RequestRow } from './request-row.tsx';

interface RequestTableProps {
  readonly rows: readonly RequestRecord[];
  onOpen(id: string): void;
}

export function RequestTable({ rows, onOpen }: RequestTableProps) {
  return (
    <table class="requests">
      <caption class="unseen">Requests, the newest first</caption>
      <thead>
        <tr>
          <th scope="col">Ended</th>
          <th scope="col">Model</th>
          <th scope="col" class="wide">
            Agent
          </th>
          <th scope="col" class="why">
            Why
          </th>
          <th scope="col" class="number wide">
            Score
          </th>
          <th scope="col" class="number wide">
            Tokens
          </th>
          <th scope="col" class="number">
            Cost
          </th>
          <th scope="col" class="number">
            Took
          </th>
          <th scope="col" class="ending">
            Ending
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <RequestRow key={row.id} row={row} onOpen={onOpen} />
        ))}
      </tbody>
    </table>
  );
}
