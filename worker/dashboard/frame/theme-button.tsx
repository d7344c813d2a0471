/** Switches between light and dark. */
import { useState } from 'preact/hooks';
import { Icon } from './icon.tsx';
import { chooseTheme, readTheme } from './theme.ts';

export function ThemeButton() {
  const [theme, setTheme] = useState(readTheme);
  const other = theme === 'dark' ? 'light' : 'dark';
  const label = `Use the ${other} colours`;
  return (
    <button
      type="button"
      class="button is-icon"
      aria-label={label}
      title={label}
      onClick={() => {
        chooseTheme(other);
        setTheme(other);
      }}
    >
      <Icon name={other} />
    </button>
  );
}
