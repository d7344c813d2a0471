/** The tool calls of an answer, with their arguments as they come. */
import type { ToolCall } from './answer-so-far.ts';

export function CallList({ calls }: { readonly calls: readonly ToolCall[] }) {
  if (calls.length === 0) return null;
  return (
    <ul class="calls">
      {calls.map((call, index) => (
        // Calls have no unique names, but their order never changes.
        <li key={index}>
          <h3>
            Call of <code>{call.name}</code>
          </h3>
          <pre>{spread(call.arguments)}</pre>
        </li>
      ))}
    </ul>
  );
}

/** Over several lines, once they are whole. */
function spread(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
