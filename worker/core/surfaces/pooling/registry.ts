/** The public wires of models that read and do not write: one line each. */
import { classifySurface } from './classify.ts';
import { embeddingsSurface } from './embeddings.ts';
import { rerankSurface } from './rerank.ts';
import type { PoolingSurface } from './pooling-surface.ts';

export const poolingSurfaces: readonly PoolingSurface[] = [embeddingsSurface, classifySurface, rerankSurface];
