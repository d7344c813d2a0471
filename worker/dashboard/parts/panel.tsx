/** A titled part of a page. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface PanelProps {
  readonly title: string;
  /** Of which time the numbers are. */
  readonly when?: string;
  readonly tools?: ComponentChildren;
  /** Tables reach to the edges. */
  readonly isFlush?: boolean;
  readonly class?: string;
  readonly children: ComponentChildren;
}

export function Panel({ title, when, tools, isFlush = false, class: name = '', children }: PanelProps) {
  const id = useId();
  return (
    <section class={`panel ${name}`} aria-labelledby={id}>
      <header class="panel-head">
        <h2 id={id}>{title}</h2>
        {when !== undefined && <span class="when">{when}</span>}
        {tools !== undefined && <div class="push">{tools}</div>}
      </header>
      <div class={isFlush ? 'panel-body is-flush' : 'panel-body'}>{children}</div>
    </section>
  );
}
