/** The gateway's sign: a line, and the switch that leads off it. */
export function Mark() {
  return (
    <svg width="20" height="20" viewBox="0 0 32 32" fill="none" stroke="currentColor" stroke-width="4" aria-hidden="true">
      <path d="M4 24h24M6 24c10 0 10-16 20-16" stroke-linecap="round" />
    </svg>
  );
}
