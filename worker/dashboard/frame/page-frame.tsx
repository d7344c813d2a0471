/** What every page has around its contents: the bar with the other pages, the reader's switches, and one main part. */
import type { ComponentChildren } from 'preact';
import { Mark } from './mark.tsx';
import { ThemeButton } from './theme-button.tsx';

const pages = [
  ['/dashboard', 'Dashboard'],
  ['/playground', 'Playground'],
  ['/usage', 'My usage'],
] as const;

interface PageFrameProps {
  /** Beside the switches, at the end of the bar. */
  readonly end?: ComponentChildren;
  /** Null while no operator is signed in. */
  readonly onSignOut: (() => void) | null;
  readonly children: ComponentChildren;
}

export function PageFrame({ end, onSignOut, children }: PageFrameProps) {
  return (
    <>
      <header class="bar">
        <a class="bar-mark" href="/dashboard">
          <Mark />
          Pointsman
        </a>
        <nav aria-label="Pages">
          {pages.map(([path, label]) => (
            <a key={path} href={path} aria-current={location.pathname === path ? 'page' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <div class="bar-end">
          {end}
          <ThemeButton />
          {onSignOut !== null && (
            <button type="button" class="button" onClick={onSignOut}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <main class="page">{children}</main>
    </>
  );
}
