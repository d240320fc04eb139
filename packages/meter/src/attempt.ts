import type { APIRequest } from '@anthropic-ai/sdk';
import { type CallAttribution, newAttemptId, newCallId } from '@tallygate/usage';
import type { LadderOptions } from './ladder/ladder-options.ts';

/** What the meter uses of the SDK's context. A call that comes without an SDK brings as much of it as is known. */
export interface CallContext {
  /** The same object for every try of a call. */
  readonly options?: CallOptions | undefined;
  /** Tries before this one that were made with other options objects. */
  readonly earlierTries?: number;
}

interface CallOptions extends LadderOptions {
  timeout?: number | undefined;
  attribution?: CallAttribution | undefined;
}

/** One HTTP try of a call. Each can be billed, so each has its own id, hold and row. */
export interface Attempt {
  attemptId: string;
  callId: string;
  /** 1 for the first try of the call. */
  attemptNumber: number;
}

interface CallState {
  callId: string;
  attempts: number;
}

/**
 * The SDK passes the same options object to every try of a call, which is how tries are known to belong together. Tries that
 * other middleware makes by calling `next` again are counted too: the count is ours, not the retry header's.
 */
const calls = new WeakMap<object, CallState>();

export function beginAttempt(context: CallContext): Attempt {
  const key = context.options;
  const known = key && calls.get(key);
  const call = known ?? { callId: newCallId(), attempts: context.earlierTries ?? 0 };
  call.attempts += 1;
  if (key) calls.set(key, call);
  // One id for both where one is enough: nearly every call has one attempt, and its row then holds one id.
  const attemptId = known ? newAttemptId() : call.callId;
  return { attemptId, callId: call.callId, attemptNumber: call.attempts };
}

const MESSAGES_URL = /^[^?#]*\/v1\/messages(?:[?#]|$)/;

/** Only what the provider bills per message: `POST …/v1/messages`. Counting tokens, models, files and batches pass by. */
export function createsMessage(request: Pick<APIRequest, 'method' | 'url'>): boolean {
  if (request.method?.toUpperCase() !== 'POST') return false;
  return MESSAGES_URL.test(request.url);
}
