/** Switches a chart to its numbers as a table, and back. */
import { Icon } from '../frame/icon.tsx';

interface TableButtonProps {
  /** Of the chart. */
  readonly title: string;
  readonly isTable: boolean;
  onChange(isTable: boolean): void;
}

export function TableButton({ title, isTable, onChange }: TableButtonProps) {
  return (
    <button type="button" class="button is-bare" aria-pressed={isTable} onClick={() => onChange(!isTable)}>
      <Icon name={isTable ? 'curve' : 'table'} />
      {isTable ? 'Chart' : 'Table'}
      <span class="unseen"> of {title}</span>
    </button>
  );
}
