/** The strip at the top: what needs a look, or that nothing does. */
import { concernsIn, type Known } from '../data/attention.ts';
import { StatusMark } from '../parts/status-mark.tsx';

const shownAtOnce = 6;

export function Attention(known: Known) {
  if (known.stats === null || known.fleet === null) return null;
  const concerns = concernsIn(known);
  const rest = concerns.length - shownAtOnce;
  return (
    <section class="attention" aria-label="What needs attention">
      {concerns.length === 0 ? (
        <StatusMark tone="good">Nothing needs attention: every model is up, and no alert stands.</StatusMark>
      ) : (
        <ul>
          {concerns.slice(0, shownAtOnce).map(({ tone, title, advice }) => (
            <li key={title}>
              <StatusMark tone={tone}>{title}</StatusMark>
              <span class="soft">{advice}</span>
            </li>
          ))}
          {rest > 0 && <li class="soft">and {rest} more in the panels below</li>}
        </ul>
      )}
    </section>
  );
}
