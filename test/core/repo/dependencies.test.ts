/** What the project depends on: few packages at run time, every version pinned, a lock file that works from any registry. */
import { describe, expect, it } from 'vitest';
import { readRepoFile } from '../../../infra/graph/source-files.ts';

interface Package {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly optionalDependencies: Record<string, string>;
}

const manifest: Package = JSON.parse(readRepoFile('package.json'));
const lockText = readRepoFile('package-lock.json');
const lock: { packages: Record<string, { integrity?: string }> } = JSON.parse(lockText);

describe('package.json', () => {
  it('has at most six dependencies at run time', () => {
    expect(Object.keys(manifest.dependencies).length).toBeLessThanOrEqual(6);
  });

  it('pins every version exactly', () => {
    const all = { ...manifest.dependencies, ...manifest.devDependencies, ...manifest.optionalDependencies };
    expect(Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
  });
});

describe('package-lock.json', () => {
  it('agrees with package.json', () => {
    const { dependencies, devDependencies, optionalDependencies } = JSON.parse(lockText).packages[''];
    expect({ dependencies, devDependencies, optionalDependencies }).toEqual({
      dependencies: manifest.dependencies,
      devDependencies: manifest.devDependencies,
      optionalDependencies: manifest.optionalDependencies,
    });
  });

  it('names no registry', () => {
    expect(lockText).not.toContain('"resolved"');
    expect(lockText).not.toMatch(/https?:\/\/[^"]*\.tgz/);
  });

  it('has the digest of every package', () => {
    const without = Object.entries(lock.packages).filter(([path, { integrity }]) => path !== '' && integrity === undefined);
    expect(without.map(([path]) => path)).toEqual([]);
  });

  it('has the runtime for all five platforms', () => {
    const runtimes = Object.keys(lock.packages).filter((path) => path.startsWith('node_modules/@cloudflare/workerd-'));
    expect(runtimes).toHaveLength(5);
  });
});
