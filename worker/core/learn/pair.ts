/** Which two models a deployment learns about: those that its router chooses between. */
import type { ConfigTree } from '../../../shared/config.ts';
import type { Side } from './ports.ts';

/** The first small and the first large chat model; null without one of them. */
export function learnedPair({ models }: Pick<ConfigTree, 'models'>): Readonly<Record<Side, string>> | null {
  const firstOf = (tier: Side): string | undefined =>
    Object.entries(models).find(([, model]) => model.tier === tier && model.kind === 'chat')?.[0];
  const [small, large] = [firstOf('small'), firstOf('large')];
  return small === undefined || large === undefined ? null : { small, large };
}
