import {
  nearestName,
  SPEND_DIMENSIONS,
  type SpendDimension,
  type TallygateError,
  TIME_DIMENSIONS,
} from '@tallygate/usage';
import { invalidRequest } from '../invalid-request.ts';

/** Short words; the full names of dimensions are understood as well. */
const WORDS: Record<string, SpendDimension> = {
  ...Object.fromEntries(SPEND_DIMENSIONS.map((dimension) => [dimension, dimension])),
  model: 'responseModel',
  'requested-model': 'requestModel',
  key: 'apiKeyId',
  workspace: 'workspaceId',
  tier: 'serviceTier',
  line: 'lineType',
  'started-day': 'startedDay',
  geography: 'inferenceGeo',
  band: 'promptBand',
  'task-type': 'taskType',
};

/** A dimension as a command line names it; `tagKey` is the part of "tag:customer" that says which tag. */
export interface NamedDimension {
  dimension: SpendDimension;
  tagKey: string | null;
}

/**
 * "team,model,tag:customer", each once.
 * @throws TallygateError `TALLYGATE_REQUEST_INVALID` with the nearest word for one that is not known.
 */
export function dimensionsFrom(flag: string, list: string): NamedDimension[] {
  const named = list.split(',').map((word) => dimensionFrom(flag, word.trim()));
  return named.filter(
    ({ dimension }, index) => named.findIndex((other) => other.dimension === dimension) === index,
  );
}

export function dimensionFrom(flag: string, word: string): NamedDimension {
  const [name = '', ...tag] = word.split(':');
  const dimension = Object.hasOwn(WORDS, name) ? WORDS[name] : undefined;
  if (dimension === undefined) throw unknownWord(flag, word);
  const tagKey = tag.join(':');
  if ((dimension === 'tag') === (tagKey !== '')) return { dimension, tagKey: tagKey === '' ? null : tagKey };
  if (dimension === 'tag')
    throw invalidRequest(`${flag} tag does not say which one.`, 'Write tag:<name>, such as tag:customer.');
  throw invalidRequest(`${flag} "${word}" is not a dimension.`, `Write ${name}.`);
}

/** @throws TallygateError `TALLYGATE_REQUEST_INVALID` for what is no length of time that a calendar has. */
export function grainFrom(text: string): SpendDimension {
  const grain = TIME_DIMENSIONS.find((dimension) => dimension === text);
  if (grain !== undefined) return grain;
  throw invalidRequest(`--grain "${text}" is not an interval.`, suggestion(text, TIME_DIMENSIONS));
}

export function suggestion(word: string, words: readonly string[]): string {
  const near = nearestName(word, words);
  return near === null ? `Use one of ${words.join(', ')}.` : `Did you mean ${near}?`;
}

function unknownWord(flag: string, word: string): TallygateError {
  return invalidRequest(
    `${flag} "${word}" is not something to ${flag === '--by' ? 'group' : 'filter'} by.`,
    suggestion(word, Object.keys(WORDS)),
  );
}
