import type { CallAttribution } from '@tallygate/usage';

/**
 * Lets callers write `claude.messages.create(params, { attribution: { feature: 'ticket-summary' } })`. The SDK keeps options
 * it does not know and shows them to middleware as `ctx.options`; nothing of it goes over the wire.
 */
declare module '@anthropic-ai/sdk/internal/request-options' {
  interface RequestOptions {
    /** Who pays for this call. Wins over `withAttribution` and over the defaults of `tallygate({ … })`. */
    attribution?: CallAttribution;
  }
}
