import { DRAIN_DEFAULTS, DRAIN_MEGABYTES_MAX, DRAIN_SECONDS_MAX, type Feature } from '@tallygate/usage';
import type { FileContent } from './file-schema.ts';
import type { LocatedDocument, Path } from './yaml-document.ts';

const DRAIN_BOUNDS = { drainSeconds: DRAIN_SECONDS_MAX, drainMegabytes: DRAIN_MEGABYTES_MAX };
type DrainBound = keyof typeof DRAIN_BOUNDS;

/** What features ask for. A bound that nothing would obey is refused where it stands: whoever wrote it expects a drain. */
export function featuresFrom(content: FileContent, document: LocatedDocument): Feature[] {
  const seen = new Set<string>();
  return content.features.map((feature, index) => {
    const { id, onLeave } = feature;
    if (seen.has(id))
      throw document.invalid(['features', index, 'id'], `"${id}" is listed twice`, 'List each feature once.');
    seen.add(id);
    const bound = (name: DrainBound): number => {
      const written = feature[name];
      if (written === undefined) return DRAIN_DEFAULTS[name];
      const path = ['features', index, name];
      if (onLeave === 'cut')
        throw document.invalid(path, 'bounds a drain, and this feature is cut', 'Add "onLeave: drain".');
      return countFrom(written, DRAIN_BOUNDS[name], path, document);
    };
    return { id, onLeave, drainSeconds: bound('drainSeconds'), drainMegabytes: bound('drainMegabytes') };
  });
}

function countFrom(written: string, max: number, path: Path, document: LocatedDocument): number {
  const count = /^\d{1,9}$/.test(written) ? Number(written) : 0;
  if (count >= 1 && count <= max) return count;
  const cure = `Write a whole number from 1 to ${max}.`;
  throw document.invalid(path, `"${written.slice(0, 60)}" is not such a number`, cure);
}
