import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import Anthropic from '@anthropic-ai/sdk';
import Sdk60 from 'sdk-0-60';
import Sdk103 from 'sdk-0-103';
import Sdk122 from 'sdk-0-122';
import type { Tallygate } from 'tallygate';
import { describe, expectTypeOf, it } from 'vitest';

/** Compiled, never called: what an application writes with several copies of the SDK in one monorepo. */
function application(tally: Tallygate) {
  return {
    current: tally.wrap(new Anthropic()),
    older: tally.wrap(new Sdk122()),
    oldest: tally.wrap(new Sdk103()),
    bedrock: tally.wrap(new AnthropicBedrock()),
    byFetch: new Sdk60({ fetch: tally.fetch }),
    byHand: new Anthropic({ middleware: [tally.middleware], fetch: tally.fetch }),
    olderByFetch: new Sdk122({ fetch: tally.fetch }),
    global: tally.fetch,
  };
}

type Application = ReturnType<typeof application>;

describe('several copies of the SDK in one program', () => {
  it('type-check, and each wrapped client keeps the type of its own copy', () => {
    expectTypeOf<Application['current']>().toEqualTypeOf<Anthropic>();
    expectTypeOf<Application['older']>().toEqualTypeOf<Sdk122>();
    expectTypeOf<Application['oldest']>().toEqualTypeOf<Sdk103>();
    expectTypeOf<Application['bedrock']>().toEqualTypeOf<AnthropicBedrock>();
    expectTypeOf<Application['byFetch']>().toEqualTypeOf<Sdk60>();
    expectTypeOf<Application['global']>().toEqualTypeOf<typeof fetch>();
  });

  it('keep their overloads: a stream is still a stream of the copy that made it', () => {
    type Streamed<Client extends { messages: { stream(...parameters: never): unknown } }> = ReturnType<
      Client['messages']['stream']
    >;
    expectTypeOf<Streamed<Application['older']>>().toEqualTypeOf<Streamed<Sdk122>>();
    expectTypeOf<Streamed<Application['current']>>().toEqualTypeOf<Streamed<Anthropic>>();
  });
});
