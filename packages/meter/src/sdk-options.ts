import type { CallAttribution } from '@tallygate/usage';
import type { RequestOptions as RequiredOptions } from '../../../@anthropic-ai/sdk/internal/request-options.js';
import type { RequestOptions as ImportedOptions } from '../../../@anthropic-ai/sdk/internal/request-options.mjs';
import type { LadderOptions } from './ladder/ladder-options.ts';

/**
 * Lets callers write `claude.messages.create(params, { attribution: { feature: 'ticket-summary' } })`. The SDK keeps options
 * it does not know and shows them to middleware as `ctx.options`; nothing of it goes over the wire.
 *
 * The SDK does not export the module that it asks to augment, so it is named by its place: `dist` of this package is three
 * folders below the `node_modules` that holds the SDK, too. `rootDirs` makes the same path true in this repository.
 * Why, and what it does not reach: docs/decisions/attribution-option.md.
 */
export interface AttributedOptions extends LadderOptions {
  /** Who pays for this call. Wins over `withAttribution` and over the defaults of `tallygate({ … })`. */
  attribution?: CallAttribution;
}

/** The options of a call, whether the SDK is imported or required. Holds both modules in the emitted declarations. */
export type SdkCallOptions = ImportedOptions | RequiredOptions;

declare module '../../../@anthropic-ai/sdk/internal/request-options.mjs' {
  interface RequestOptions extends AttributedOptions {}
}

declare module '../../../@anthropic-ai/sdk/internal/request-options.js' {
  interface RequestOptions extends AttributedOptions {}
}
