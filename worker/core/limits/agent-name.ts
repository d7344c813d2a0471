/** When two names mean the same agent: its policy and its budgets must not depend on how a client spells it. */

/** Without case, dashes as underscores, without a closing `_agent`: compared whole, never in part. */
export function plainAgentName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll('-', '_')
    .replace(/_agent$/, '');
}
