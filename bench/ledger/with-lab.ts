/** A lab for as long as something is measured in it. */
import { buildLab } from '../../infra/rig/bundle.ts';
import { type Lab, startLab } from '../../infra/rig/lab.ts';

/** @param overrides merge patch over the configuration as shipped */
export async function withLab<T>(overrides: Readonly<Record<string, unknown>>, measure: (lab: Lab) => Promise<T>): Promise<T> {
  const bundle = await buildLab();
  try {
    const lab = await startLab({ on: bundle, overrides });
    try {
      return await measure(lab);
    } finally {
      await lab.stop();
    }
  } finally {
    bundle.remove();
  }
}
