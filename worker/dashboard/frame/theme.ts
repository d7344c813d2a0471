/** Light or dark: as the system has it, until the reader chooses. The choice is no secret and outlives the tab. */
export type Theme = 'light' | 'dark';

const name = 'pointsman.theme';

export function readTheme(): Theme {
  const chosen = localStorage.getItem(name);
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

export function applyChosenTheme(): void {
  const chosen = localStorage.getItem(name);
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset['theme'] = chosen;
}

/** Charts are painted and must be told. */
export const themeChanged = 'pointsman-theme';

export function chooseTheme(theme: Theme): void {
  localStorage.setItem(name, theme);
  document.documentElement.dataset['theme'] = theme;
  dispatchEvent(new Event(themeChanged));
}
