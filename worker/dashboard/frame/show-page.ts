/** Puts a page's component into the document that the gateway serves for it. */
import { type ComponentChild, render } from 'preact';
import { applyChosenTheme } from './theme.ts';

export function showPage(page: ComponentChild): void {
  applyChosenTheme();
  const root = document.getElementById('page');
  if (root === null) throw new Error('the document has no place for the page');
  render(page, root);
}
