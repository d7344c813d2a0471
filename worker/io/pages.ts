/** The pages that the build made (`worker/dashboard/`), as the platform keeps them: static assets beside the Worker. */

/** Only the path of the address counts; assets have no host. */
const assets = 'https://assets.invalid';

/** A page's HTML by its name, or null when there is none: the binding is missing where the Worker runs without its assets. */
export function createPages(binding: Pick<Fetcher, 'fetch'> | undefined): (name: string) => Promise<ReadableStream | null> {
  return async (name) => {
    if (binding === undefined) return null;
    const response = await binding.fetch(`${assets}/${name}.html`);
    return response.ok ? response.body : null;
  };
}
