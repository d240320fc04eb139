import { nearestName, SPEND_DIMENSIONS, type SpendDimension, TallygateError } from '@tallygate/usage';

/** Short words for `--by`; the full names of dimensions are understood as well. */
const WORDS: Record<string, SpendDimension> = {
  model: 'responseModel',
  'requested-model': 'requestModel',
  key: 'apiKeyId',
  workspace: 'workspaceId',
  tier: 'serviceTier',
  line: 'lineType',
  ...Object.fromEntries(SPEND_DIMENSIONS.map((dimension) => [dimension, dimension])),
};

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` with the nearest word for one that is not known. */
export function dimensionsFrom(list: string): SpendDimension[] {
  const words = list.split(',').map((word) => word.trim());
  const dimensions = words.map((word) => {
    const dimension = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
    if (dimension !== undefined) return dimension;
    const near = nearestName(word, Object.keys(WORDS));
    throw new TallygateError('TALLYGATE_REQUEST_INVALID', {
      message: `--by "${word}" is not something to group by.`,
      cure: near === null ? `Use ${Object.keys(WORDS).join(', ')}.` : `Did you mean ${near}?`,
    });
  });
  return [...new Set(dimensions)];
}
