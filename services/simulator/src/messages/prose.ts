import type { Model } from '../models.ts';
import type { Random } from '../random.ts';
import { charactersIn } from './tokens.ts';

/** Text that reads like an answer and says nothing. */
const WORDS =
  'the a this each most plan report result team request answer detail number month change price question option step ' +
  'value shows keeps means needs takes gives follows depends clear small steady useful recent simple whole first later ' +
  'often here then because while before after with without from into about and';
const LEXICON = ['one', ...WORDS.split(' ')] as const satisfies readonly [string, ...string[]];

const SENTENCE_WORDS = 12;

/** A text of exactly so many tokens. */
export function prose(random: Random, tokenCount: number, model: Model): string {
  const wanted = charactersIn(tokenCount, model);
  const words: string[] = [];
  let length = 0;
  while (length < wanted) {
    const ends = words.length % SENTENCE_WORDS === SENTENCE_WORDS - 1;
    const word = `${random.pick(LEXICON)}${ends ? '. ' : ' '}`;
    words.push(word);
    length += word.length;
  }
  return words.join('').slice(0, wanted);
}

/** A few words, as in a search query or the argument of a tool. */
export function phrase(random: Random): string {
  return [random.pick(LEXICON), random.pick(LEXICON), random.pick(LEXICON)].join(' ');
}
